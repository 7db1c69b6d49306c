/** What the descriptions of commands share: options as strings, and the node to ask. */
import type { Argv } from "yargs";
import { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { type Given, optionalText, usageError } from "./values.ts";

export type Run = (given: Given, world: CliWorld) => Promise<Reply> | Reply;
export type Handler = (run: Run) => (given: unknown) => void;

const defaultNode = "http://127.0.0.1:5321";

/** All are strings: yargs would turn a bad number into NaN and a hash into one. */
export function strings(y: Argv, says: Readonly<Record<string, string>>): Argv {
  for (const [name, describe] of Object.entries(says)) y.option(name, { string: true, describe });
  return y;
}

export function node(y: Argv): Argv {
  return strings(y, { node: `URL of a node's HTTP API [${defaultNode}]` });
}

export function clientOf(given: Given): NodeClient {
  const url = optionalText(given, "node") ?? defaultNode;
  if (URL.canParse(url) && /^https?:\/\//.test(url)) return new NodeClient(url);
  throw usageError(
    `--node: ${JSON.stringify(url)} is not an http URL`,
    `write it as in ${defaultNode}`,
  );
}
