/**
 * Payloads that no correct implementation sends, each with the code it must get: MsgPack outside of
 * the subset, messages of the wrong shape, every field of every message out of its range.
 * protocol-spec/04-messages.
 */
import { concatBytes } from "../../src/base/bytes.ts";
import type { WireCode } from "../../src/wire/errors.ts";
import { type MessageType, messageNumbers } from "../../src/wire/messages.ts";
import { type Loose, pack, verbatim } from "./loose-msgpack.ts";

export interface HostilePayload {
  readonly name: string;
  readonly payload: Uint8Array;
  /** Of the frame; 0 unless given. */
  readonly flags?: number;
  readonly code: WireCode;
}

const bulk = 1;
const last = 8;
const bytes = (count: number, value = 1) => new Uint8Array(count).fill(value);
const nonce = bytes(8);
const hash = bytes(32);

const say = (type: MessageType, ...fields: readonly Loose[]): Uint8Array =>
  pack([[messageNumbers[type], ...fields]]);

/** Nested array headers that promise 65,535 elements each: 6 KB that must cost nothing. */
const nestedBomb = (count: number): Uint8Array =>
  concatBytes(...Array.from({ length: count }, () => Uint8Array.of(0xdc, 0xff, 0xff)));

/** Bytes of a valid ping, so that what stands in the way of it is the only fault. */
const ping = pack([messageNumbers.ping, nonce, 1]);

/** Every type byte that the subset has not, with enough bytes behind it. */
const foreignTypeBytes: readonly number[] = [
  ...range(0x80, 0x8f),
  ...[0xc1, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xde, 0xdf],
  ...range(0xe0, 0xff),
];

/** At the place of the payload, of a message, of its type and of a field. */
export function foreignTypes(): HostilePayload[] {
  const code = "malformed-message";
  return foreignTypeBytes.flatMap((type) => {
    const name = `type byte 0x${type.toString(16)}`;
    const foreign = concatBytes(Uint8Array.of(type), bytes(24, 0));
    const one = Uint8Array.of(0x91);
    const three = Uint8Array.of(0x91, 0x93);
    const number = Uint8Array.of(messageNumbers.ping);
    return [
      { name: `${name} as payload`, payload: foreign, code },
      { name: `${name} as message`, payload: concatBytes(one, foreign), code },
      { name: `${name} as message type`, payload: concatBytes(three, foreign), code },
      { name: `${name} as nonce`, payload: concatBytes(three, number, foreign), code },
    ] as const;
  });
}

/** Types of the subset at a place where they do not belong. */
export function misplacedTypes(): HostilePayload[] {
  const kinds: readonly (readonly [string, Loose])[] = [
    ["nil", null],
    ["true", true],
    ["a str", "12345678"],
    ["an integer", 7],
    ["an array", [nonce]],
  ];
  const misplaced = kinds.map(([name, value]) => ({
    name: `${name} for a nonce`,
    payload: say("ping", value, 1),
    code: "malformed-message" as const,
  }));
  const forInteger = (
    [
      ["nil", null],
      ["a bin", nonce],
      ["a str", "1"],
    ] as const
  ).map(([name, value]) => ({
    name: `${name} for a time`,
    payload: say("ping", nonce, value),
    code: "malformed-message" as const,
  }));
  return [...misplaced, ...forInteger];
}

export function brokenShapes(): HostilePayload[] {
  const shape = (name: string, code: WireCode, payload: Uint8Array, flags = 0) => ({
    ...{ name, code, payload, flags },
  });
  return [
    shape("a payload without messages", "malformed-message", Uint8Array.of(0xdc, 0, 0)),
    shape(
      "more messages promised than bytes",
      "malformed-message",
      Uint8Array.of(0xdd, 255, 255, 255, 255),
    ),
    shape("20,000 messages", "malformed-message", pack(Array(20_000).fill(verbatim(0x90)))),
    shape(
      "a bin longer than the payload",
      "malformed-message",
      concatBytes(Uint8Array.of(0x91, 0x93, 1, 0xc4, 8, 1)),
    ),
    shape(
      "a cut message",
      "malformed-message",
      concatBytes(Uint8Array.of(0x91), ping.subarray(0, -4)),
    ),
    shape("a message without a type", "malformed-message", pack([[]])),
    shape("type 0", "unknown-message-type", pack([[0, nonce, 1]])),
    shape("type 26", "unknown-message-type", pack([[26]])),
    shape("type 2^53-1", "unknown-message-type", pack([[Number.MAX_SAFE_INTEGER]])),
    shape("a field too few", "malformed-message", say("ping", nonce)),
    shape("a field too many", "malformed-message", say("ping", nonce, 1, 1)),
    shape(
      "a byte after the payload",
      "trailing-bytes",
      concatBytes(say("ping", nonce, 1), bytes(1)),
    ),
    shape(
      "a second payload behind the first",
      "trailing-bytes",
      concatBytes(say("ping", nonce, 1), say("ping", nonce, 1)),
    ),
    shape("a map", "malformed-message", Uint8Array.of(0x81, 0xa1, 0x61, 0x01)),
    shape("nested array bomb, 6 KB", "malformed-message", nestedBomb(2_000)),
    shape("nested array bomb, 64 KB", "malformed-message", nestedBomb(21_000)),
    shape(
      "nested bomb inside of a message",
      "malformed-message",
      concatBytes(Uint8Array.of(0x91, 0x93, 1), nestedBomb(2_000)),
    ),
    shape("6 KB of 91", "malformed-message", bytes(6_000, 0x91)),
    shape("headers outside of a BULK frame", "bad-flags", say("headers", 1, bytes(0))),
    shape("a body outside of a BULK frame", "bad-flags", say("block_body", 1, hash, null)),
    shape("a ping in a BULK frame", "bad-flags", say("ping", nonce, 1), bulk),
    shape("goodbye in a frame that is not LAST", "message-out-of-state", say("disconnect", 1, "")),
    shape("a ping in a LAST frame", "message-out-of-state", say("ping", nonce, 1), last),
    shape(
      "goodbye and a ping in a LAST frame",
      "message-out-of-state",
      pack([
        [3, 1, ""],
        [1, nonce, 1],
      ]),
      last,
    ),
    shape("a small piece of a payload", "more-chain-broken", bytes(100, 0x91), 3),
    shape(
      "two messages in pieces",
      "more-chain-broken",
      concatBytes(Uint8Array.of(0x92), bytes(17_000)),
      3,
    ),
    shape(
      "a ping in pieces",
      "message-too-large",
      concatBytes(Uint8Array.of(0x91, 0x93, 1), bytes(17_000)),
      3,
    ),
  ];
}

/** A field of each message beyond its range. */
export function badFields(): HostilePayload[] {
  const cases: HostilePayload[] = [];
  const bad = (name: string, type: MessageType, fields: readonly Loose[], flags = 0) =>
    cases.push({
      name: `${type}: ${name}`,
      payload: say(type, ...fields),
      flags,
      code: "bad-field",
    });
  const none = bytes(0);
  const twoTo53 = verbatim(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0);
  for (const type of ["ping", "pong"] as const) {
    bad("nonce of 7 bytes", type, [bytes(7), 1]);
    bad("nonce of 9 bytes", type, [bytes(9), 1]);
    bad("negative time", type, [nonce, -1]);
    bad("time of 2^53", type, [nonce, twoTo53]);
    bad("time of -1 in d0", type, [nonce, verbatim(0xd0, 0xff)]);
  }
  bad("code 0", "disconnect", [0, ""], last);
  bad("code 99", "disconnect", [99, ""], last);
  bad("129 bytes of text", "disconnect", [1, "x".repeat(129)], last);
  bad("an escape in its text", "disconnect", [1, "\u001b[2J"], last);
  bad("UTF-8 in its text", "disconnect", [1, "n\u00e4h"], last);
  bad("less than was granted", "credit", [1]);
  bad("2^53", "credit", [twoTo53]);
  bad("no peers wanted", "get_peers", [0]);
  bad("65 peers wanted", "get_peers", [65]);
  bad("half an entry", "peers", [bytes(61)]);
  bad("65 entries", "peers", [bytes(62 * 65)]);
  bad("port 0", "peers", [bytes(62, 0)]);
  bad("seen beyond 2^53", "peers", [bytes(62, 0xff)]);
  for (const type of ["inv", "get_data", "not_found"] as const) {
    bad("no item", type, [bytes(0)]);
    bad("an item of 32 bytes", type, [bytes(32)]);
    bad("kind 0", type, [bytes(33, 0)]);
    bad("kind 4", type, [bytes(33, 4)]);
    bad("1,025 items", type, [bytes(33 * 1_025)]);
  }
  bad("kind 3, which nobody has", "inv", [bytes(33, 3)]);
  bad("empty locator", "get_headers", [1, bytes(0), hash, 1]);
  bad("33 bytes of locator", "get_headers", [1, bytes(33), hash, 1]);
  bad("65 locator hashes", "get_headers", [1, bytes(32 * 65), hash, 1]);
  bad("stop of 31 bytes", "get_headers", [1, hash, bytes(31), 1]);
  bad("count 0", "get_headers", [1, hash, hash, 0]);
  bad("count 513", "get_headers", [1, hash, hash, 513]);
  bad("request 2^32", "get_headers", [2 ** 32, hash, hash, 1]);
  bad("419 bytes", "headers", [1, bytes(419)], bulk);
  bad("513 headers", "headers", [1, bytes(420 * 513)], bulk);
  bad("request 2^32", "headers", [2 ** 32, bytes(0)], bulk);
  bad("no hash", "get_blocks", [1, bytes(0)]);
  bad("129 hashes", "get_blocks", [1, bytes(32 * 129)]);
  bad("31 bytes of hash", "block_body", [1, bytes(31), null], bulk);
  bad("body of 3 bytes", "block_body", [1, hash, bytes(3)], bulk);
  bad("header of 419 bytes", "new_block", [bytes(419), bytes(4)]);
  bad("body of 3 bytes", "new_block", [bytes(420), bytes(3)]);
  bad("header of 419 bytes", "compact_block", [bytes(419), none, nonce, none, none]);
  bad("salt of 7 bytes", "compact_block", [bytes(420), none, bytes(7), none, none]);
  bad("half a short id", "compact_block", [bytes(420), none, nonce, bytes(3), none]);
  bad("half an index", "compact_block", [bytes(420), none, nonce, none, bytes(1)]);
  bad("no index", "get_block_txs", [hash, none]);
  bad("one index twice", "get_block_txs", [hash, bytes(4)]);
  bad("167 bytes", "block_txs", [hash, bytes(167)]);
  bad("mode 2", "verified", [1, 1, hash, 1, hash, 2, 1]);
  bad("request 2^32", "get_verified", [2 ** 32]);
  bad("167 bytes", "new_transaction", [bytes(167)]);
  bad("65,537 bytes", "new_transaction", [bytes(65_537)]);
  for (const length of [175, 177]) bad(`${length} bytes`, "vote", [bytes(length)]);
  for (const length of [178, 8_323]) bad(`${length} bytes`, "certificate", [bytes(length)]);
  for (const length of [324, 878]) bad(`${length} bytes`, "evidence", [bytes(length)]);
  cases.push({
    name: "block_body: true for a body",
    payload: say("block_body", 1, hash, true),
    flags: bulk,
    code: "malformed-message",
  });
  return cases;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
