/** Random messages of every type, and what a stranger's decoder should make of each. */
import fc from "fast-check";
import { concatBytes, u16Bytes, u32Bytes } from "../../../src/base/bytes.ts";
import {
  addressEntryBytes,
  disconnectNumbers,
  type Message,
  type MessageType,
  messageNumbers,
} from "../../../src/wire/messages.ts";

/** Field names in wire order, written down a second time on purpose. */
const order: Record<MessageType, readonly string[]> = {
  ping: ["nonce", "sentAtMs"],
  pong: ["nonce", "sentAtMs"],
  disconnect: ["code", "text"],
  credit: ["totalBytes"],
  get_peers: ["count"],
  peers: ["entries"],
  inv: ["items"],
  get_data: ["items"],
  not_found: ["items"],
  get_headers: ["request", "locator", "stop", "count"],
  headers: ["request", "headers"],
  get_blocks: ["request", "hashes"],
  block_body: ["request", "hash", "body"],
  new_block: ["header", "body"],
  new_transaction: ["transaction"],
  vote: ["vote"],
  certificate: ["certificate"],
  evidence: ["evidence"],
  attest: ["attestation"],
  compact_block: ["header", "certificate", "salt", "shortIds", "prefilled"],
  get_block_txs: ["hash", "indexes"],
  block_txs: ["hash", "transactions"],
  relay_mode: ["push"],
  get_verified: ["request"],
  verified: ["request", "height", "hash", "finalHeight", "finalHash", "mode", "sinceMs"],
};

/** The array that a general MsgPack decoder returns for `message`. */
export function elementsOf(message: Message): unknown[] {
  const fields = new Map<string, unknown>(Object.entries(message));
  const values = order[message.type].map((name) => {
    const value = fields.get(name);
    if (name === "code" && message.type === "disconnect") return disconnectNumbers[message.code];
    if (value instanceof Uint8Array) return value;
    return value === undefined ? null : value;
  });
  return [messageNumbers[message.type], ...values];
}

const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });
const fixed = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const repeated = (itemBytes: number, min: number, max: number) =>
  fc.integer({ min, max }).chain((count) => fixed(itemBytes * count));
const hash = fixed(32);
const u32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 0xffffffff),
);
const u53 = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 0xffffffff, 2 ** 32, 2 ** 53 - 1),
);
const printable = (max: number) =>
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
    maxLength: max,
  });
const entries = repeated(addressEntryBytes, 0, 4).map((bytes) => {
  for (let at = 0; at < bytes.length; at += addressEntryBytes) {
    bytes[at + 16] = (bytes[at + 16] ?? 0) | 1;
    bytes.fill(0, at + 54, at + 56);
    // Signed by somebody at some time, or by nobody at none.
    const isSigned = ((bytes[at + 17] ?? 0) & 1) === 1;
    bytes.fill(0, at + 62, isSigned ? at + 64 : at + addressEntryBytes);
    if (isSigned) for (const place of [18, 69, 70]) bytes[at + place] = 1;
  }
  return bytes;
});
const items = repeated(33, 1, 5).map((bytes) => {
  for (let at = 0; at < bytes.length; at += 33) bytes[at] = 1 + ((bytes[at] ?? 0) & 1);
  return bytes;
});
const body = fc.uint8Array({ minLength: 4, maxLength: 300 });
/** As long as one of `validators` may be, of whom some signed. */
const certificate = fc
  .integer({ min: 1, max: 20 })
  .chain((validators) =>
    fc
      .integer({ min: 1, max: validators })
      .chain((signers) => fixed(114 + Math.ceil(validators / 8) + 64 * signers)),
  );

const ascending = (max: number) =>
  fc
    .uniqueArray(fc.integer({ min: 0, max: 9_998 }), { minLength: 0, maxLength: max })
    .map((indexes) => indexes.sort((a, b) => a - b));
const indexes = ascending(9).map((list) => concatBytes(...[...list, 9_999].map(u16Bytes)));
/** In layout only. */
const transaction = fc
  .uint8Array({ minLength: 168, maxLength: 200 })
  .map((bytes) =>
    concatBytes(bytes.subarray(0, 100), u32Bytes(bytes.length - 168), bytes.subarray(104)),
  );
const prefilled = ascending(3).chain((list) =>
  fc
    .tuple(...list.map(() => transaction))
    .map((found) => concatBytes(...found.flatMap((each, i) => [u16Bytes(list[i]!), each]))),
);

export const arbitraryMessages: {
  readonly [T in MessageType]: fc.Arbitrary<Extract<Message, { type: T }>>;
} = {
  ping: record({ type: fc.constant("ping"), nonce: fixed(8), sentAtMs: u53 }),
  pong: record({ type: fc.constant("pong"), nonce: fixed(8), sentAtMs: u53 }),
  disconnect: record({
    type: fc.constant("disconnect"),
    code: fc.constantFrom(...(Object.keys(disconnectNumbers) as "shutdown"[])),
    text: printable(128),
  }),
  credit: record({ type: fc.constant("credit"), totalBytes: u53 }),
  get_peers: record({ type: fc.constant("get_peers"), count: fc.integer({ min: 1, max: 64 }) }),
  peers: record({ type: fc.constant("peers"), entries }),
  inv: record({ type: fc.constant("inv"), items }),
  get_data: record({ type: fc.constant("get_data"), items }),
  not_found: record({ type: fc.constant("not_found"), items }),
  get_headers: record({
    type: fc.constant("get_headers"),
    request: u32,
    locator: repeated(32, 1, 4),
    stop: hash,
    count: fc.integer({ min: 1, max: 512 }),
  }),
  headers: record({ type: fc.constant("headers"), request: u32, headers: repeated(420, 0, 2) }),
  get_blocks: record({
    type: fc.constant("get_blocks"),
    request: u32,
    hashes: repeated(32, 1, 9),
  }),
  block_body: record({
    type: fc.constant("block_body"),
    request: u32,
    hash,
    body: fc.option(body, { nil: undefined }),
  }),
  new_block: record({ type: fc.constant("new_block"), header: fixed(420), body }),
  new_transaction: record({
    type: fc.constant("new_transaction"),
    transaction: fc.uint8Array({ minLength: 168, maxLength: 600 }),
  }),
  vote: record({ type: fc.constant("vote"), vote: fixed(176) }),
  certificate: record({ type: fc.constant("certificate"), certificate }),
  evidence: record({
    type: fc.constant("evidence"),
    evidence: fc.constantFrom(325, 877).chain(fixed),
  }),
  attest: record({ type: fc.constant("attest"), attestation: fixed(96) }),
  compact_block: record({
    type: fc.constant("compact_block"),
    header: fixed(420),
    certificate: fc.oneof(fixed(0), certificate),
    salt: fixed(8),
    shortIds: repeated(6, 0, 20),
    prefilled,
  }),
  get_block_txs: record({ type: fc.constant("get_block_txs"), hash, indexes }),
  block_txs: record({
    type: fc.constant("block_txs"),
    hash,
    transactions: fc.uint8Array({ minLength: 168, maxLength: 600 }),
  }),
  relay_mode: record({ type: fc.constant("relay_mode"), push: fc.boolean() }),
  get_verified: record({ type: fc.constant("get_verified"), request: u32 }),
  verified: record({
    ...{ type: fc.constant("verified"), request: u32, height: u53, hash, finalHeight: u53 },
    ...{ finalHash: hash, mode: fc.constantFrom(0, 1), sinceMs: u53 },
  }),
};

export const arbitraryMessage: fc.Arbitrary<Message> = fc.oneof(
  ...(Object.values(arbitraryMessages) as fc.Arbitrary<Message>[]),
);

/** One of each type, small. */
export const oneOfEach: readonly Message[] = (
  Object.values(arbitraryMessages) as fc.Arbitrary<Message>[]
).map((arbitrary) => fc.sample(arbitrary, { seed: 7, numRuns: 1 })[0]!);
