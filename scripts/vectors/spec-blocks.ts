/**
 * The blocks of the pages that are printed from tables in src, between
 * `<!-- generated: name -->` and `<!-- end -->`, so that text and code cannot differ.
 */
import constants from "../../protocol-spec/constants.json" with { type: "json" };
import rates from "../../protocol-spec/rates.json" with { type: "json" };
import { chainLimits, connectionLimits, relayLimits, syncLimits } from "../../src/params/limits.ts";
import { HANDSHAKE } from "../../src/peer/handshake-table.ts";
import {
  addressEntryBytes,
  disconnectNumbers,
  messageNumbers,
  messageRules,
} from "../../src/wire/messages.ts";

type Row = readonly (string | number)[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (row: Row) => `| ${row.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

const grouped = (value: number): string =>
  value < 1_000_000_000_000 ? value.toLocaleString("en-US") : String(value);

function handshakeBlock(): string {
  const states = Object.entries(HANDSHAKE) as [string, Record<string, string>][];
  const all = new Set(states.flatMap(([, arrows]) => Object.keys(arrows)));
  const events = [...all].filter((event) => event !== "fault").concat("fault");
  const live = states.filter(([, arrows]) => Object.keys(arrows).length > 0);
  const over = states.filter(([, arrows]) => Object.keys(arrows).length === 0);
  const rows = live.map(([state, arrows]) => [state, ...events.map((e) => arrows[e] ?? "-")]);
  const ends = over.map(([state]) => `*${state}*`).join(", ");
  return `${table(["state", ...events], rows)}\n\nNo arrow leads out of ${ends}.`;
}

/** What src/wire/message-fields.ts says in code; the test compares names, order and numbers. */
const fields: Readonly<Record<keyof typeof messageNumbers, readonly string[]>> = {
  ping: ["nonce bin 8", "sentAtMs u53, sender's wall clock"],
  pong: ["nonce bin 8", "sentAtMs u53"],
  disconnect: ["code 1 to 9", "text str <= 128, printable ASCII"],
  credit: ["totalBytes u53"],
  get_peers: [`count 1 to ${connectionLimits.addressesPerMessageMax}`],
  peers: [
    `entries bin, 0 to ${connectionLimits.addressesPerMessageMax} of ${addressEntryBytes} (§3)`,
  ],
  inv: [items()],
  get_data: [items()],
  not_found: [items()],
  get_headers: [
    "request u32",
    `locator bin, 1 to ${syncLimits.locatorMax} of 32`,
    "stop bin 32",
    `count 1 to ${syncLimits.headersPerMessageMax}`,
  ],
  headers: ["request u32", `headers bin, 0 to ${syncLimits.headersPerMessageMax} of 420`],
  get_blocks: ["request u32", `hashes bin, 1 to ${syncLimits.blocksPerRequestMax} of 32`],
  block_body: ["request u32", "hash bin 32", "body nil, or bin 4 to 1,048,576"],
  new_block: ["header bin 420 (header, seal)", "body bin 4 to 1,048,576"],
  new_transaction: ["transaction bin 168 to 65,536"],
  vote: ["vote bin 176"],
  certificate: ["certificate bin 179 to 8,322 (§6)"],
  evidence: ["evidence bin 325 to 877 (§6)"],
  attest: ["attestation bin 96 (§7)"],
  compact_block: [
    "header bin 420 (header, seal)",
    "certificate bin 0 to 8,322",
    "salt bin 8",
    `shortIds bin, 0 to ${grouped(chainLimits.blockTransactionsMax)} of 6 (§8)`,
    `prefilled bin 0 to ${grouped(relayLimits.prefilledBytesMax)} (§8)`,
  ],
  get_block_txs: [
    "hash bin 32",
    `indexes bin, 1 to ${grouped(chainLimits.blockTransactionsMax)} of 2 (§8)`,
  ],
  block_txs: [
    "hash bin 32",
    `transactions bin 168 to ${grouped(relayLimits.blockTxsBytesMax)} (§8)`,
  ],
  relay_mode: ["push bool"],
  get_verified: ["request u32"],
  verified: [
    ...["request u32", "height u53", "hash bin 32", "finalHeight u53", "finalHash bin 32"],
    ...["mode 0 to 1 (§9)", "sinceMs u53, sender's wall clock"],
  ],
};

function items(): string {
  return `items bin, 1 to ${grouped(relayLimits.inventoryPerMessageMax)} of 33 (§4)`;
}

function messagesBlock(): string {
  const types = Object.keys(messageNumbers) as (keyof typeof messageNumbers)[];
  const rows = types.map((type) => {
    const { lane, bytesMax } = messageRules[type];
    return [messageNumbers[type], `\`${type}\``, lane, grouped(bytesMax), fields[type].join("; ")];
  });
  return table(["no.", "message", "lane", "cap, bytes", "fields, in order"], rows);
}

function disconnectBlock(): string {
  const rows = Object.entries(disconnectNumbers).map(([code, number]) => [number, `\`${code}\``]);
  return table(["no.", "code"], rows);
}

function limitsBlock(): string {
  const sections = Object.entries(constants).map(([group, entries]) => {
    const rows = Object.entries(entries).map(([name, { value, unit, why }]) => [
      `\`${name}\``,
      grouped(value),
      unit,
      why,
    ]);
    return `### ${group}\n\n${table(["name", "value", "unit", "why"], rows)}`;
  });
  return sections.join("\n\n");
}

function ratesBlock(): string {
  const rows = Object.entries(rates).map(([kind, rate]) => {
    const { perSecond, burst, workUs, why } = rate;
    const bytes = "bytesPerSecond" in rate ? grouped(rate.bytesPerSecond) : "";
    const bytesBurst = "bytesBurst" in rate ? grouped(rate.bytesBurst) : "";
    const perKib = "workUsPerKib" in rate ? rate.workUsPerKib : "";
    const cells = [grouped(perSecond), grouped(burst), bytes, bytesBurst, workUs, perKib, why];
    return [`\`${kind}\``, ...cells];
  });
  const heads = [
    "per second",
    "burst",
    "bytes/s",
    "burst, bytes",
    "us each",
    "us for 1 KiB",
    "why",
  ];
  return table(["message", ...heads], rows);
}

const blocks: Readonly<Record<string, () => string>> = {
  handshake: handshakeBlock,
  messages: messagesBlock,
  disconnect: disconnectBlock,
  limits: limitsBlock,
  rates: ratesBlock,
};

const pages = ["02-handshake.md", "04-messages.md", "08-limits.md"];

/** The pages that hold generated blocks, as they should be. */
export function specPages(read: (name: string) => string): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const page of pages) {
    const marked = /(<!-- generated: ([a-z]+) -->\n)[\s\S]*?(<!-- end -->)/g;
    out.set(
      page,
      read(page).replace(marked, (_, begin: string, name: string, end: string) => {
        const block = blocks[name];
        if (block === undefined) throw new Error(`${page}: no block is called ${name}`);
        return `${begin}\n${block()}\n\n${end}`;
      }),
    );
  }
  return out;
}
