/** Every message: least, typical, most; and payloads that must be refused. */
import { concatBytes } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { nodeIdOf } from "../../src/model/ids.ts";
import { wireLimits } from "../../src/params/limits.ts";
import { encodeAddressEntries } from "../../src/wire/address.ts";
import { decodePayload, encodePayload } from "../../src/wire/codec.ts";
import { type Message, messageNumbers, messageRules } from "../../src/wire/messages.ts";
import {
  bytesOf,
  digestOf,
  fill,
  genesisHash,
  hex,
  pattern,
  responderId,
  type VectorCase,
  type VectorFile,
  wireCodeOf,
} from "./inputs.ts";

const u53Max = Number.MAX_SAFE_INTEGER;
const u32Max = 0xffffffff;

const item = (kind: 1 | 2, name: string) => concatBytes(fill(kind, 1), digestOf(name));
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

const entry = (low: number) => ({
  ip16: bytesOf(`00000000000000000000ffffc00002${low.toString(16).padStart(2, "0")}`),
  port: 4_321,
  nodeId: nodeIdOf(responderId),
  services: 1,
  lastSeenMs: 1_800_000_000_000,
});

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
  ["peers typical", { type: "peers", entries: encodeAddressEntries([entry(1), entry(2)]) }],
  [
    "peers most",
    {
      type: "peers",
      entries: encodeAddressEntries(Array.from({ length: 64 }, (_, i) => entry(i))),
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

const nonce = "c4080001020304050607";

/** Payloads in hex, each broken in one way. */
const broken: readonly (readonly [string, string])[] = [
  ["no bytes", ""],
  ["no messages", "90"],
  ["a map outside", "80"],
  ["a number outside", "05"],
  ["a message that is no array", "9105"],
  ["an empty message", "9190"],
  ["65,535 messages promised", "dcffff920501"],
  ["4,294,967,295 messages promised", "ddffffffff920501"],
  ["type 0", "91920001"],
  ["type 16", "91921001"],
  ["type 127", "91927f01"],
  ["type 2^53", "9192cf002000000000000001"],
  ["type -1", "9192d0ff01"],
  ["type as negative fixint", "9192ff01"],
  ["type as str", "9192a10501"],
  ["type as float", "9192ca40a0000001"],
  ["type nil", "9192c001"],
  ["type false", "9192c201"],
  ["an element too many", "9193050101"],
  ["an element too few", "919105"],
  ["count 0", "91920500"],
  ["count 65", "91920541"],
  ["count as float", "919205ca3f800000"],
  ["count as double", "919205cb3ff0000000000000"],
  ["count as str", "919205a131"],
  ["count as bin", "919205c40101"],
  ["count nil", "919205c0"],
  ["count true", "919205c3"],
  ["count a map", "91920580"],
  ["count an ext", "919205d40100"],
  ["count ext8", "919205c7010100"],
  ["count a timestamp", "919205d6ff00000000"],
  ["count never-used c1", "919205c1"],
  ["count map16", "919205de0000"],
  ["count map32", "919205df00000000"],
  ["count -1", "919205d0ff"],
  ["count -1 as fixint", "919205ff"],
  ["count 2^63", "919205cf8000000000000000"],
  ["cut in an integer", "919205cd00"],
  ["cut after the type", "919205"],
  ["a trailing byte", "91920501c0"],
  ["a second value", "9192050191920501"],
  ["nonce of 7 bytes", "919301c4070001020304050600"],
  ["nonce as str", "919301a8000102030405060700"],
  ["nonce as array", "919301980001020304050607 00".replace(" ", "")],
  ["time 2^53", `919301${nonce}cf0020000000000000`],
  ["time negative", `919301${nonce}d3ffffffffffffffff`],
  ["disconnect code 0", "91930300a0"],
  ["disconnect code 10", "9193030aa0"],
  ["disconnect text of 129 bytes", `91930301d981${"61".repeat(129)}`],
  ["disconnect text with a line feed", "91930301a10a"],
  ["disconnect text not ASCII", "91930301a2c3a9"],
  ["disconnect text with an escape", "91930301a11b"],
  ["peers of 61 bytes", `919206c43d${"01".repeat(61)}`],
  ["peers with port 0", `919206c43e${"01".repeat(16)}0000${"01".repeat(36)}0000000000000001`],
  ["peers last seen 2^53", `919206c43e${"01".repeat(54)}0020000000000000`],
  ["peers of 65 entries", `919206c50fbe${"01".repeat(4_030)}`],
  ["inv of no items", "919207c400"],
  ["inv of 34 bytes", `919207c422${"01".repeat(34)}`],
  ["inv of kind 3", `919207c42103${"00".repeat(32)}`],
  ["inv of kind 0", `919207c42100${"00".repeat(32)}`],
  ["locator empty", `91950a00c400c420${"00".repeat(32)}01`],
  ["locator of 33 bytes", `91950a00c421${"00".repeat(33)}c420${"00".repeat(32)}01`],
  ["stop of 31 bytes", `91950a00c420${"00".repeat(32)}c41f${"00".repeat(31)}01`],
  ["513 headers asked", `91950a00c420${"00".repeat(32)}c420${"00".repeat(32)}cd0201`],
  ["request 2^32", `91950acf0000000100000000c420${"00".repeat(32)}c420${"00".repeat(32)}01`],
  ["headers of 421 bytes", `91930b00c501a5${"00".repeat(421)}`],
  ["no blocks asked", "91930c00c400"],
  ["129 blocks asked", `91930c00c51020${"00".repeat(4_128)}`],
  ["body of 3 bytes", `91940d00c420${"00".repeat(32)}c403000000`],
  ["body false", `91940d00c420${"00".repeat(32)}c2`],
  ["header of 419 bytes", `91930ec501a3${"00".repeat(419)}c40400000000`],
  ["transaction of 167 bytes", `91920fc4a7${"00".repeat(167)}`],
];

/** Broken payloads too long to be written down: `prefix`, then `unit` many times. */
const longBroken: readonly (readonly [string, string, string, number])[] = [
  ["6,000 bytes of nested arrays", "", "dcffff", 2_000],
  ["more messages than a payload may have", "dc4001", "920501", 16_385],
  ["inv of 1,025 items", "919207c58421", `02${"00".repeat(32)}`, 1_025],
  ["a transaction of 65,537 bytes", "91920fc600010001", "00", 65_537],
  ["a body of 1,048,577 bytes", `91940d00c420${"00".repeat(32)}c600100001`, "00", 1_048_577],
];

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
    spec: "protocol-spec/04-messages §1 to §4",
    cases: [...numbers, most, ...accepted(), ...refused()],
  };
}
