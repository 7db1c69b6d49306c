/** Where `--http` says that the API listens. NOT the listening (`http/start-http.ts`). */
import { parsePeerAddress } from "../wire/address.ts";

/** Undefined: nowhere. `listen` is the port for peers; what is wrong is added to `problems`. */
export function resolveHttp(given: string | undefined, listen: number, problems: string[]) {
  if (given === "off") return undefined;
  if (given === undefined) {
    const port = listen + 1000;
    if (port <= 65535) return { host: "127.0.0.1", port };
    problems.push(`--http: the default, port ${port}, does not exist: give --http PORT or off`);
    return undefined;
  }
  const full = /^[0-9]+$/.test(given) ? `127.0.0.1:${given}` : given;
  const address = full.includes("@") ? undefined : parsePeerAddress(full);
  if (address === undefined) {
    problems.push(`--http: off, a port or host:port expected, got ${JSON.stringify(given)}`);
    return undefined;
  }
  if (address.port === listen) problems.push(`--http: port ${listen} is the one of --listen`);
  return { host: address.host, port: address.port };
}
