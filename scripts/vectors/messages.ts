/** Every message: least, typical, most; and payloads that must be refused. */
import { concatBytes, u16Bytes, u32Bytes } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { wireLimits } from "../../src/params/limits.ts";
import { encodeAddressEntries } from "../../src/wire/address.ts";
import { decodePayload, encodePayload } from "../../src/wire/codec.ts";
import {
  type Message,
  messageNumbers,
  messageRules,
  verifyModeNumbers,
} from "../../src/wire/messages.ts";
import { addressEntry, unsignedEntry } from "./addresses.ts";
import { broken, longBroken } from "./broken-messages.ts";
import {
  bytesOf,
  digestOf,
  fill,
  genesisHash,
  hex,
  pattern,
  type VectorCase,
  type VectorFile,
  wireCodeOf,
} from "./inputs.ts";

const u53Max = Number.MAX_SAFE_INTEGER;
const u32Max = 0xffffffff;

const item = (kind: 1 | 2 | 3, name: string) => concatBytes(fill(kind, 1), digestOf(name));
/** Long bins and what they repeat, so that a vector can say them shortly. */
const repetitions = new Map<Uint8Array, { readonly unit: Uint8Array; readonly times: number }>();

function repeated(unit: Uint8Array, times: number): Uint8Array {
  const out = new Uint8Array(unit.length * times);
  for (let i = 0; i < times; i++) out.set(unit, i * unit.length);
  repetitions.set(out, { unit, times });
  return out;
}

const items = (count: number): Uint8Array => repeated(item(2, "block"), count);
const bodyMost = repeated(pattern(256), 4_096);
/** A transaction in layout only: 168 bytes and its payload. */
const transaction = (payloadBytes: number): Uint8Array =>
  concatBytes(pattern(100), u32Bytes(payloadBytes), pattern(payloadBytes + 64));

function compact(ids: number, certificate: Uint8Array, prefilled: Uint8Array): Message {
  const shortIds = ids > 10 ? repeated(pattern(6), ids) : pattern(6 * ids);
  return {
    ...{ type: "compact_block", header: pattern(420), certificate },
    ...{ salt: pattern(8), shortIds, prefilled },
  };
}

function verified(request: number, number: number, mode: number): Message {
  return {
    ...{ type: "verified", request, height: number, hash: digestOf("b") },
    ...{ finalHeight: number, finalHash: digestOf("a"), mode, sinceMs: number },
  };
}

/** Least, typical, and most of each type. */
const samples: readonly (readonly [string, Message])[] = [
  ["ping least", { type: "ping", nonce: fill(0, 8), sentAtMs: 0 }],
  ["ping typical", { type: "ping", nonce: pattern(8), sentAtMs: 1_800_000_000_000 }],
  ["ping most", { type: "ping", nonce: fill(0xff, 8), sentAtMs: u53Max }],
  ["pong typical", { type: "pong", nonce: pattern(8), sentAtMs: 1_800_000_000_001 }],
  ["disconnect least", { type: "disconnect", code: "shutdown", text: "" }],
  ["disconnect typical", { type: "disconnect", code: "duplicate", text: "you again" }],
  ["disconnect most", { type: "disconnect", code: "requested", text: "~".repeat(128) }],
  ["credit least", { type: "credit", totalBytes: 0 }],
  ["credit typical", { type: "credit", totalBytes: 393_216 }],
  ["credit most", { type: "credit", totalBytes: u53Max }],
  ["get_peers least", { type: "get_peers", count: 1 }],
  ["get_peers most", { type: "get_peers", count: 64 }],
  ["peers least", { type: "peers", entries: fill(0, 0) }],
  [
    "peers typical",
    { type: "peers", entries: encodeAddressEntries([addressEntry(1), unsignedEntry(2)]) },
  ],
  [
    "peers most",
    {
      type: "peers",
      entries: encodeAddressEntries(Array.from({ length: 64 }, (_, i) => addressEntry(i))),
    },
  ],
  ["inv least", { type: "inv", items: item(1, "tx") }],
  ["inv typical", { type: "inv", items: concatBytes(item(2, "block"), item(1, "tx")) }],
  ["inv most", { type: "inv", items: items(1_024) }],
  ["get_data typical", { type: "get_data", items: item(2, "block") }],
  ["get_data most", { type: "get_data", items: items(1_024) }],
  ["not_found typical", { type: "not_found", items: item(2, "block") }],
  ["not_found most", { type: "not_found", items: items(1_024) }],
  [
    "get_headers least",
    { type: "get_headers", request: 0, locator: genesisHash, stop: fill(0), count: 1 },
  ],
  [
    "get_headers typical",
    {
      type: "get_headers",
      request: 7,
      locator: concatBytes(digestOf("b"), digestOf("a"), genesisHash),
      stop: fill(0),
      count: 512,
    },
  ],
  [
    "get_headers most",
    {
      type: "get_headers",
      request: u32Max,
      locator: repeated(digestOf("a"), 64),
      stop: fill(0xff),
      count: 512,
    },
  ],
  ["headers least", { type: "headers", request: 0, headers: fill(0, 0) }],
  ["headers typical", { type: "headers", request: 7, headers: pattern(840) }],
  ["headers most", { type: "headers", request: u32Max, headers: repeated(pattern(420), 512) }],
  ["get_blocks least", { type: "get_blocks", request: 0, hashes: digestOf("a") }],
  [
    "get_blocks most",
    { type: "get_blocks", request: u32Max, hashes: repeated(digestOf("a"), 128) },
  ],
  ["block_body none", { type: "block_body", request: 8, hash: digestOf("a"), body: undefined }],
  ["block_body least", { type: "block_body", request: 8, hash: digestOf("a"), body: fill(0, 4) }],
  ["block_body most", { type: "block_body", request: u32Max, hash: digestOf("a"), body: bodyMost }],
  ["new_block least", { type: "new_block", header: pattern(420), body: fill(0, 4) }],
  ["new_block most", { type: "new_block", header: pattern(420), body: bodyMost }],
  ["new_transaction least", { type: "new_transaction", transaction: pattern(168) }],
  ["new_transaction most", { type: "new_transaction", transaction: repeated(pattern(256), 256) }],
  ["vote typical", { type: "vote", vote: pattern(176) }],
  ["certificate least", { type: "certificate", certificate: pattern(179) }],
  ["certificate typical", { type: "certificate", certificate: pattern(307) }],
  ["certificate most", { type: "certificate", certificate: repeated(pattern(114), 73) }],
  ["evidence least", { type: "evidence", evidence: pattern(325) }],
  ["evidence most", { type: "evidence", evidence: pattern(877) }],
  ["attest typical", { type: "attest", attestation: pattern(96) }],
  ["get_data compact", { type: "get_data", items: item(3, "block") }],
  ["not_found compact", { type: "not_found", items: item(3, "block") }],
  ["compact_block least", compact(0, fill(0, 0), fill(0, 0))],
  [
    "compact_block typical",
    compact(3, pattern(307), concatBytes(u16Bytes(1), transaction(0), u16Bytes(4), transaction(9))),
  ],
  [
    "compact_block most",
    compact(
      10_000,
      repeated(pattern(114), 73),
      concatBytes(u16Bytes(9_999), transaction(16_384 - 170)),
    ),
  ],
  ["get_block_txs least", { type: "get_block_txs", hash: digestOf("a"), indexes: u16Bytes(0) }],
  [
    "get_block_txs most",
    {
      type: "get_block_txs",
      hash: digestOf("a"),
      indexes: concatBytes(...Array.from({ length: 10_000 }, (_, i) => u16Bytes(i))),
    },
  ],
  [
    "block_txs least",
    { type: "block_txs", hash: digestOf("a"), transactions: repeated(transaction(0), 1) },
  ],
  [
    "block_txs most",
    { type: "block_txs", hash: digestOf("a"), transactions: repeated(transaction(332), 1_000) },
  ],
  ["relay_mode off", { type: "relay_mode", push: false }],
  ["relay_mode on", { type: "relay_mode", push: true }],
  ["get_verified least", { type: "get_verified", request: 0 }],
  ["get_verified most", { type: "get_verified", request: u32Max }],
  ["verified least", verified(0, 0, verifyModeNumbers.full)],
  ["verified typical", verified(7, 1_800_000_000_000, verifyModeNumbers.certified)],
  ["verified most", verified(u32Max, u53Max, verifyModeNumbers.certified)],
];

/** Fields with bytes as hex; long ones by what they repeat. */
function shown(message: Message): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    const repetition = repetitions.get(value as Uint8Array);
    if (repetition !== undefined) {
      fields[name] = { unit: hex(repetition.unit), times: repetition.times };
    } else fields[name] = value instanceof Uint8Array ? hex(value) : (value ?? null);
  }
  return fields;
}

function accepted(): VectorCase[] {
  const single = samples.map(([name, message]) => {
    const payload = encodePayload([message]);
    const base = { name, kind: "payload", messages: [shown(message)] };
    if (payload.length <= 5_000) return { ...base, payload: hex(payload) };
    return { ...base, payloadBytes: payload.length, payloadDigest: hex(sha256(payload)) };
  });
  const three: readonly Message[] = [
    { type: "get_peers", count: 64 },
    { type: "inv", items: item(1, "tx") },
    { type: "credit", totalBytes: 1 },
  ];
  const wide: readonly (readonly [string, string])[] = [
    ["outer array as dc", "dc0001920501"],
    ["outer array as dd", "dd00000001920501"],
    ["message array as dd", "91dd000000020501"],
    ["type as cc", "9192cc0501"],
    ["type as d0", "9192d00501"],
    ["type as cf", "9192cf000000000000000501"],
    ["count as d3", "919205d30000000000000001"],
    ["bin with 32-bit length", `919207c600000021${hex(item(1, "tx"))}`],
    ["str with 32-bit length", "91930301db000000026869"],
    ["vote with 32-bit length", `919210c6000000b0${hex(pattern(176))}`],
  ];
  return [
    ...single,
    {
      name: "three messages in one payload",
      kind: "payload",
      payload: hex(encodePayload(three)),
      messages: three.map(shown),
    },
    ...wide.map(([name, payload]) => ({
      name: `wide: ${name}`,
      kind: "payload",
      payload,
      messages: decodePayload(bytesOf(payload)).map(shown),
      shortest: hex(encodePayload(decodePayload(bytesOf(payload)))),
    })),
  ];
}

function refused(): VectorCase[] {
  const short = broken.map(([name, payload]) => {
    const error = wireCodeOf(() => decodePayload(bytesOf(payload)));
    return { name, kind: "payload", payload, error };
  });
  const long = longBroken.map(([name, prefix, unit, times]) => {
    const error = wireCodeOf(() => decodePayload(bytesOf(prefix + unit.repeat(times))));
    return { name, kind: "repeated", prefix, unit, times, error };
  });
  return [...short, ...long];
}

export function messagesFile(): VectorFile {
  const numbers = Object.entries(messageNumbers).map(([type, number]) => ({
    name: `number of ${type}`,
    kind: "type",
    type,
    number,
    cap: messageRules[type as keyof typeof messageRules].bytesMax,
    lane: messageRules[type as keyof typeof messageRules].lane,
  }));
  const most = {
    name: "messages of one payload",
    kind: "most",
    count: wireLimits.payloadMessagesMax,
  };
  return {
    name: "messages",
    description:
      "Payloads of every message, in shortest and in wide form, and must-reject payloads.",
    spec: "protocol-spec/04-messages §1 to §9",
    cases: [...numbers, most, ...accepted(), ...refused()],
  };
}
