/**
 * Talks to the HTTP API of a node. Believes nothing about the shape of an answer that it did not
 * check; a problem of the node becomes a `CliError` with the node's own words.
 */
import { z } from "zod";
import { printable } from "../event-text.ts";
import { parseJson } from "../loose-json.ts";
import { CliError } from "./cli-error.ts";

const problem = z.object({ code: z.string(), detail: z.string() });

const requestMs = 10_000;
const answerBytesMax = 64 * 1024 * 1024;

export class NodeClient {
  /** Without a slash at the end. */
  readonly url: string;

  constructor(url: string) {
    this.url = url.replace(/\/+$/, "");
  }

  /** The answer of a GET as `schema` understands it; throws `CliError`. */
  async get<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
    return this.check(schema, await this.request(path, {}));
  }

  /** `token`: of the node's file, for what changes the node. */
  async post<T extends z.ZodType>(
    path: string,
    body: unknown,
    schema: T,
    token?: string,
  ): Promise<z.output<T>> {
    const headers = { "content-type": "application/json", ...bearer(token) };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return this.check(schema, await this.request(path, init));
  }

  async delete<T extends z.ZodType>(path: string, schema: T, token: string): Promise<z.output<T>> {
    const init = { method: "DELETE", headers: bearer(token) };
    return this.check(schema, await this.request(path, init));
  }

  private async request(path: string, init: RequestInit): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(requestMs);
      response = await fetch(`${this.url}${path}`, { ...init, signal, redirect: "error" });
      text = await boundedText(response);
    } catch (error) {
      throw this.unreachable(error);
    }
    const json = parseJson(text);
    if (response.ok) return json;
    const said = problem.safeParse(json);
    if (!said.success) throw this.strange(`status ${response.status}`);
    const { code, detail } = said.data;
    const text256 = printable(detail, 256);
    throw new CliError(
      "no",
      printable(code, 64),
      `the node says ${printable(code, 64)}: ${text256}`,
      mendOf(code),
    );
  }

  private check<T extends z.ZodType>(schema: T, json: unknown): z.output<T> {
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    throw this.strange(z.prettifyError(parsed.error).split("\n").slice(0, 2).join(" "));
  }

  private strange(what: string): CliError {
    return new CliError(
      "no",
      "not-a-node",
      `${this.url} does not answer like a Windlass node of this version (${printable(what, 200)})`,
      "see that --node names the HTTP port of a node, by default its listen port + 1000",
    );
  }

  private unreachable(error: unknown): CliError {
    const cause = (error as { cause?: { code?: unknown; message?: unknown } }).cause;
    const why = String(cause?.code ?? cause?.message ?? (error as Error).message);
    return new CliError(
      "unreachable",
      "node-unreachable",
      `no node answers at ${this.url} (${printable(why, 100)})`,
      "start one with: npx tsx bin/node.ts --listen 4321, or name another with --node URL",
    );
  }
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function mendOf(code: string): string {
  switch (code) {
    case "transaction-nonce-low":
    case "transaction-nonce-gap":
    case "transaction-nonce-high":
      return "leave --nonce out, so that the node is asked for it";
    case "transaction-fee-low":
    case "transaction-underpriced":
      return "give a higher --fee";
    case "transaction-balance":
      return "see what the account has with: npx tsx bin/cli.ts account ADDRESS";
    case "transaction-governance":
      return "see npx tsx bin/cli.ts validator list, and validator proposals for what is open";
    case "token-needed":
      return "name the file api-token of that node's data folder with --token-file";
    case "ban-not-found":
      return "see who is banned with: npx tsx bin/cli.ts bans list";
    case "not-ready":
      return "wait until npx tsx bin/cli.ts status says SYNCED";
    default:
      return "npx tsx bin/cli.ts status shows what the node is doing";
  }
}
