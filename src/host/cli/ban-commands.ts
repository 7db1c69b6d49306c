/** `bans list|add|lift`: whom a node turns away. Changing that needs its token (api-token.ts). */
import type { Argv } from "yargs";
import { readToken } from "../api-token.ts";
import { printable } from "../event-text.ts";
import { tableText } from "../terminal/table.ts";
import { banAnswer, bansAnswer, liftedAnswer } from "./answers.ts";
import { clientOf, type Handler, node, strings } from "./given-options.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { type Given, neededText, optionalText, usageError } from "./values.ts";

export function bansCommand(y: Argv, handler: Handler): Argv {
  const subject = (c: Argv) =>
    strings(node(c.positional("subject", { type: "string" })), {
      "token-file": "the node's token [api-token in the data folder that belongs to --node]",
    });
  return y
    .command(
      "list",
      "whom the node turns away, why and for how long",
      node,
      handler((given, world) => listBans(clientOf(given), world)),
    )
    .command(
      "add <subject>",
      "turn away an address, a range like 10.0.0.0/8 or an identity",
      (c) => strings(subject(c), { reason: "why, for people", for: "30s, 10m, 6h or 7d [always]" }),
      handler((given) => addBan(given, clientOf(given))),
    )
    .command(
      "lift <subject>",
      "let it in again",
      subject,
      handler((given) => liftBan(given, clientOf(given))),
    )
    .demandCommand(1, "bans needs a command: list, add SUBJECT or lift SUBJECT");
}

async function listBans(client: NodeClient, { paint }: CliWorld): Promise<Reply> {
  const answer = await client.get("/api/bans", bansAnswer);
  if (answer.bans.length === 0) return { text: "nobody is banned", json: answer };
  const rows = answer.bans.map(({ value, by, leftMs, reason }) => [
    printable(value, 64),
    by,
    leftMs === null ? "until lifted" : leftText(leftMs),
    printable(reason),
  ]);
  const columns = [{ title: "who" }, { title: "by" }, { title: "left" }, { title: "reason" }];
  return { text: tableText(columns, rows, paint), json: answer };
}

async function addBan(given: Given, client: NodeClient): Promise<Reply> {
  const subject = neededText(given, "subject", "SUBJECT");
  const reason = optionalText(given, "reason");
  const seconds = secondsOf(optionalText(given, "for"));
  const body = { subject, ...(reason && { reason }), ...(seconds && { seconds }) };
  const answer = await client.post("/api/bans", body, banAnswer, tokenOf(given, client));
  const { value, leftMs } = answer;
  const until = leftMs === null ? "until it is lifted" : `for ${leftText(leftMs)}`;
  return { text: `${printable(value, 64)} is banned ${until}`, json: answer };
}

async function liftBan(given: Given, client: NodeClient): Promise<Reply> {
  const subject = neededText(given, "subject", "SUBJECT");
  const path = `/api/bans?subject=${encodeURIComponent(subject)}`;
  const answer = await client.delete(path, liftedAnswer, tokenOf(given, client));
  return { text: `${printable(answer.lifted, 64)} is banned no more`, json: answer };
}

/** As the node made it; by default that of a node with default paths at this HTTP port. */
function tokenOf(given: Given, { url }: NodeClient): string {
  const listen = Number(new URL(url).port || 80) - 1000;
  return readToken(optionalText(given, "token-file") ?? `data/${listen}/api-token`);
}

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^([1-9][0-9]{0,8})([smhd])$/.exec(text);
  if (match !== null) return Number(match[1]) * units[match[2] as keyof typeof units];
  throw usageError(`--for: ${JSON.stringify(text)} is no time`, "write it as in 10m, 6h or 7d");
}

function leftText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.ceil(seconds / 3600)} h` : `${Math.ceil(seconds / 86_400)} d`;
}
