/**
 * 04-messages. A scan for the subset and for what fits, then msgpackr for the values: the reader of
 * src and this one share no line.
 */
import { Unpackr } from "msgpackr";
import { ascii, hex, join, Reader, unhex } from "./bytes.ts";
import { check, refuse } from "./fault.ts";
import { arrayHead, shortestUint, sized } from "./heads.ts";
import { areAscending, arePrefilled, isAddressEntry } from "./lists.ts";

const malformed = "malformed-message";
const unpackr = new Unpackr({ useRecords: false, int64AsType: "bigint", mapsAsObjects: false });

type Kind = "nil" | "bool" | "uint" | "negative" | "bin" | "str" | "array";

interface Head {
  readonly kind: Kind;
  /** Of an array its elements, of bin and str their bytes. */
  readonly count: number;
}

/** The next value's head, which is read; bin and str bodies are not. */
export function readHead(r: Reader): Head {
  const type = r.u8();
  const sized = (kind: Kind, count: number): Head => ({ kind, count });
  if (type < 0x80) return sized("uint", 0);
  if (type >= 0xe0) return sized("negative", 0);
  if (type >= 0x90 && type <= 0x9f) return sized("array", type & 15);
  if (type >= 0xa0 && type <= 0xbf) return sized("str", type & 31);
  switch (type) {
    case 0xc0:
      return sized("nil", 0);
    case 0xc2:
    case 0xc3:
      return sized("bool", 0);
    case 0xc4:
      return sized("bin", r.u8());
    case 0xc5:
      return sized("bin", r.u16());
    case 0xc6:
      return sized("bin", r.u32());
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      r.take(2 ** (type - 0xcc));
      return sized("uint", 0);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: {
      const value = r.take(2 ** (type - 0xd0));
      return sized(value[0]! >= 0x80 ? "negative" : "uint", type);
    }
    case 0xd9:
      return sized("str", r.u8());
    case 0xda:
      return sized("str", r.u16());
    case 0xdb:
      return sized("str", r.u32());
    case 0xdc:
      return sized("array", r.u16());
    case 0xdd:
      return sized("array", r.u32());
    default:
      return refuse(malformed);
  }
}

function arrayOf(r: Reader): number {
  const { kind, count } = readHead(r);
  check(kind === "array" && count <= r.left, malformed);
  return count;
}

/** An integer up to `max`: as bigint, so that nothing is rounded. */
function uintOf(r: Reader, max: bigint): bigint {
  const from = r.at;
  const { kind, count } = readHead(r);
  // e0-ff is no form of an integer of the wire; a negative d0-d3 is one out of range.
  if (kind === "negative" && count !== 0) refuse("bad-field");
  check(kind === "uint", malformed);
  const value = BigInt(unpackr.unpack(r.bytes.subarray(from, r.at)) as number | bigint);
  check(value <= max, "bad-field");
  return value;
}

function sizedOf(r: Reader, wanted: "bin" | "str", min: number, max: number): Uint8Array {
  const from = r.at;
  const { kind, count } = readHead(r);
  check(kind === wanted, malformed);
  check(count >= min && count <= max, "bad-field");
  const body = r.take(count);
  const value: unknown = unpackr.unpack(r.bytes.subarray(from, r.at));
  const read = typeof value === "string" ? Buffer.from(value, "utf8") : (value as Uint8Array);
  if (wanted === "bin") check(hex(read) === hex(body), malformed);
  return body;
}

export type Value = number | string | boolean | null;
/** Reads one field. Bytes are given as hex. */
export type Field = (r: Reader) => Value;

export const uint =
  (min: number, max: number): Field =>
  (r) => {
    const value = uintOf(r, BigInt(max));
    check(value >= BigInt(min), "bad-field");
    return Number(value);
  };

export const bin =
  (itemBytes: number, min: number, max: number, judge?: (item: Uint8Array) => boolean): Field =>
  (r) => {
    const bytes = sizedOf(r, "bin", itemBytes * min, itemBytes * max);
    check(bytes.length % itemBytes === 0, "bad-field");
    for (let at = 0; judge !== undefined && at < bytes.length; at += itemBytes) {
      check(judge(bytes.subarray(at, at + itemBytes)), "bad-field");
    }
    return hex(bytes);
  };

export const str =
  (max: number): Field =>
  (r) => {
    const bytes = sizedOf(r, "str", 0, max);
    check(
      bytes.every((byte) => byte >= 0x20 && byte <= 0x7e),
      "bad-field",
    );
    return Buffer.from(bytes).toString("latin1");
  };

const bool: Field = (r) => {
  const type = r.u8();
  check(type === 0xc2 || type === 0xc3, malformed);
  return type === 0xc3;
};

export const u32Max = 2 ** 32 - 1;
export const u53Max = 2 ** 53 - 1;

const nilOr =
  (field: Field): Field =>
  (r) => {
    if (r.left > 0 && r.bytes[r.at] === 0xc0) {
      r.u8();
      return null;
    }
    return field(r);
  };

const disconnectCodes = [
  ...["", "shutdown", "duplicate", "too-many-peers", "self", "protocol", "idle", "banned"],
  ...["useless", "requested"],
];
const disconnectCode: Field = (r) => {
  const number = Number(uintOf(r, 127n));
  const name = disconnectCodes[number];
  return name ? name : refuse("bad-field");
};

const request = uint(0, u32Max);
const hash = bin(32, 1, 1);
const ping = { nonce: bin(8, 1, 1), sentAtMs: uint(0, u53Max) };
const itemsTo = (kindMax: number) => ({
  items: bin(33, 1, 1_024, (item) => item[0]! >= 1 && item[0]! <= kindMax),
});
const items = itemsTo(3);
const body = bin(1, 4, 1_048_576);
/** The whole bin, judged at once. */
const judged =
  (field: Field, isGood: (bytes: Uint8Array) => boolean): Field =>
  (r) => {
    const value = field(r);
    check(isGood(unhex(value as string)), "bad-field");
    return value;
  };

interface MessageRule {
  readonly name: string;
  readonly cap: number;
  readonly lane: string;
  readonly fields: Readonly<Record<string, Field>>;
}

const rule = (name: string, lane: string, cap: number, fields: MessageRule["fields"]) => ({
  name,
  cap,
  lane,
  fields,
});

/** The table of 04-messages §2, by number. */
export const messageRules: readonly (MessageRule | undefined)[] = [
  undefined,
  rule("ping", "vote", 48, ping),
  rule("pong", "vote", 48, ping),
  rule("disconnect", "control", 160, { code: disconnectCode, text: str(128) }),
  rule("credit", "vote", 32, { totalBytes: uint(0, u53Max) }),
  rule("get_peers", "control", 32, { count: uint(1, 64) }),
  rule("peers", "control", 8_704, { entries: bin(134, 0, 64, isAddressEntry) }),
  rule("inv", "control", 33_900, itemsTo(2)),
  rule("get_data", "control", 33_900, items),
  rule("not_found", "control", 33_900, items),
  rule("get_headers", "control", 2_160, {
    ...{ request, locator: bin(32, 1, 64), stop: hash, count: uint(1, 512) },
  }),
  rule("headers", "bulk", 215_100, { request, headers: bin(420, 0, 512) }),
  rule("get_blocks", "control", 4_160, { request, hashes: bin(32, 1, 128) }),
  rule("block_body", "bulk", 1_048_700, { request, hash, body: nilOr(body) }),
  rule("new_block", "block", 1_049_100, { header: bin(420, 1, 1), body }),
  rule("new_transaction", "transaction", 65_600, { transaction: bin(1, 168, 65_536) }),
  rule("vote", "vote", 208, { vote: bin(176, 1, 1) }),
  rule("certificate", "vote", 8_400, { certificate: bin(1, 179, 8_322) }),
  rule("evidence", "control", 912, { evidence: bin(1, 325, 877) }),
  rule("attest", "vote", 128, { attestation: bin(96, 1, 1) }),
  rule("compact_block", "block", 85_200, {
    header: bin(420, 1, 1),
    certificate: bin(1, 0, 8_322),
    salt: bin(8, 1, 1),
    shortIds: bin(6, 0, 10_000),
    prefilled: judged(bin(1, 0, 16_384), arePrefilled),
  }),
  rule("get_block_txs", "control", 20_100, {
    hash,
    indexes: judged(bin(2, 1, 10_000), areAscending),
  }),
  rule("block_txs", "block", 500_100, { hash, transactions: bin(1, 168, 500_000) }),
  rule("relay_mode", "control", 32, { push: bool }),
  rule("get_verified", "control", 32, { request }),
  rule("verified", "control", 160, {
    ...{ request, height: uint(0, u53Max), hash, finalHeight: uint(0, u53Max), finalHash: hash },
    ...{ mode: uint(0, 1), sinceMs: uint(0, u53Max) },
  }),
];

export type Message = Readonly<Record<string, Value>>;

function readRule(r: Reader): MessageRule {
  const number = Number(uintOf(r, BigInt(u53Max)));
  return messageRules[number] ?? refuse("unknown-message-type");
}

function readMessage(r: Reader): Message {
  const from = r.at;
  const elements = arrayOf(r);
  const { name, cap, fields } = readRule(r);
  const names = Object.keys(fields);
  check(elements === 1 + names.length, malformed);
  const message: Record<string, Value> = { type: name };
  for (const each of names) message[each] = fields[each]!(r);
  check(r.at - from <= cap, "message-too-large");
  return message;
}

/** 04-messages §1. */
export function readPayload(payload: Uint8Array): Message[] {
  const r = new Reader(payload, malformed);
  const count = arrayOf(r);
  check(count >= 1 && count <= 16_384, malformed);
  const messages = Array.from({ length: count }, () => readMessage(r));
  check(r.left === 0, "trailing-bytes");
  return messages;
}

/** 03-frames §4: what the first piece of a MORE chain lets the whole be. */
export function chainBytesMax(firstPiece: Uint8Array): number {
  const r = new Reader(firstPiece, malformed);
  check(arrayOf(r) === 1, "more-chain-broken");
  const outer = r.at;
  arrayOf(r);
  return outer + readRule(r).cap;
}

export const laneOf = (type: Value | undefined): string =>
  messageRules.find((each) => each?.name === type)?.lane ?? "";

/** Every value in its shortest form. Text is told from hex by the field's name. */
export function writePayload(messages: readonly Message[]): Uint8Array {
  const written = messages.map((message) => {
    const number = messageRules.findIndex((each) => each?.name === message["type"]);
    const names = Object.keys(messageRules[number]!.fields);
    const values = names.map((name) => {
      const value = message[name]!;
      if (value === null) return Uint8Array.of(0xc0);
      if (typeof value === "boolean") return Uint8Array.of(value ? 0xc3 : 0xc2);
      if (name === "code") return shortestUint(disconnectCodes.indexOf(String(value)));
      if (typeof value === "number") return shortestUint(value);
      if (name === "text") return sized(ascii(value), 32, [0xd9, 0xda, 0xdb]);
      return sized(unhex(value), 0, [0xc4, 0xc5, 0xc6]);
    });
    return join(arrayHead(1 + names.length), shortestUint(number), ...values);
  });
  return join(arrayHead(messages.length), ...written);
}
