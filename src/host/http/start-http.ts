/** Opens the HTTP API on a port. A port that cannot be had is the operator's to mend. */
import { HostError, reasonOf, systemCode } from "../host-error.ts";
import type { ApiNode } from "./api-node.ts";
import { type HttpAppOptions, httpApp } from "./http-app.ts";

export interface HttpOptions extends HttpAppOptions {
  /** 0: any that is free. */
  readonly port: number;
}

export interface HttpServer {
  /** Where it listens, `http://host:port`. */
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Throws `HostError` when the port is taken or cannot be opened. */
export async function startHttp(node: ApiNode, options: HttpOptions): Promise<HttpServer> {
  const { host, port } = options;
  const app = httpApp(node, options);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw listenError(error, host, port);
  }
  const address = app.server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const name = host.includes(":") ? `[${host}]` : host;
  return { url: `http://${name}:${bound}`, close: async () => await app.close() };
}

function listenError(error: unknown, host: string, port: number): unknown {
  const at = `HTTP on ${host.includes(":") ? `[${host}]` : host}, port ${port}`;
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new HostError(
        "port-in-use",
        `${at}: the port is in use by another program`,
        "stop it, or choose another port with --http, or --http off",
        error,
      );
    case "EACCES":
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new HostError(
        "usage",
        `${at} cannot be opened: ${reasonOf(error)}`,
        "give an address of this machine and a port above 1023 with --http",
        error,
      );
    default:
      return error;
  }
}
