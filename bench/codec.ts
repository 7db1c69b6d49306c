/**
 * The same messages as MsgPack payloads and as JSON (bytes in base64): size, and how often a second
 * they are encoded and decoded. Both decode to the typed message; MsgPack checks it against the
 * schema on the way, JSON checks nothing.
 */
import { emptyBytes } from "../src/base/bytes.ts";
import { ed25519 } from "../src/crypto/ed25519.ts";
import { systemRandom } from "../src/host/system.ts";
import { encodeBody } from "../src/model/block.ts";
import { publicKeyOf } from "../src/model/ids.ts";
import { addressOfKey, signTransaction } from "../src/model/transaction.ts";
import { decodePayload, PayloadWriter } from "../src/wire/codec.ts";
import type { Message } from "../src/wire/messages.ts";
import type { BenchOptions } from "./options.ts";
import { type BenchLine, type Figures, median, rounded } from "./report.ts";

const random = (count: number) => systemRandom.bytes(count);

export async function codec(options: BenchOptions): Promise<BenchLine[]> {
  const figures: Record<string, Figures> = {};
  for (const [name, message] of messages()) figures[name] = compare(message, options);
  return [{ bench: "codec", figures: { messages: figures } }];
}

function messages(): readonly (readonly [string, Message])[] {
  const items = new Uint8Array(33 * 200);
  for (let i = 0; i < 200; i++) items.set([1, ...random(32)], i * 33);
  return [
    ["ping", { type: "ping", nonce: random(8), sentAtMs: 1_790_000_000_000 }],
    ["inv of 200", { type: "inv", items }],
    ["headers, 200", { type: "headers", request: 7, headers: random(420 * 200) }],
    ["block of 100 transfers", { type: "new_block", header: random(420), body: blockBody(100) }],
  ];
}

function blockBody(count: number): Uint8Array {
  const transfers = Array.from({ length: count }, () => {
    const seed = random(32);
    const sender = publicKeyOf(ed25519.publicKey(seed));
    const to = addressOfKey(publicKeyOf(random(32)));
    return signTransaction(
      {
        type: 0,
        sender,
        nonce: 3n,
        fee: 2n,
        validUntilSlot: 0,
        to,
        amount: 1_000n,
        payload: emptyBytes,
      },
      random(32),
      (preimage) => ed25519.sign(seed, preimage),
    );
  });
  return encodeBody(emptyBytes, transfers);
}

function compare(message: Message, options: BenchOptions): Figures {
  const writer = new PayloadWriter();
  const encode = () => {
    writer.begin(2_000_000);
    writer.add(message);
    return writer.finish();
  };
  const payload = encode().slice();
  const text = jsonOf(message);
  if (jsonOf(ofJson(text)) !== text || jsonOf(decodePayload(payload)[0]!) !== text) {
    throw new Error("what is encoded decodes to itself");
  }
  const msgpack = {
    bytes: payload.length,
    encodesPerSecond: opsPerSecond(encode, options),
    decodesPerSecond: opsPerSecond(() => decodePayload(payload), options),
  };
  const json = {
    bytes: text.length,
    encodesPerSecond: opsPerSecond(() => jsonOf(message), options),
    decodesPerSecond: opsPerSecond(() => ofJson(text), options),
  };
  return {
    msgpack,
    json,
    jsonOverMsgpack: { bytes: rounded(json.bytes / msgpack.bytes) },
    msgpackOverJson: {
      encode: rounded(msgpack.encodesPerSecond / json.encodesPerSecond),
      decode: rounded(msgpack.decodesPerSecond / json.decodesPerSecond),
    },
  };
}

/** Fields that hold bytes, by name. */
const byteFields = new Set(["nonce", "items", "headers", "header", "body"]);

function jsonOf(message: Message): string {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    fields[name] = value instanceof Uint8Array ? base64(value) : value;
  }
  return JSON.stringify(fields);
}

function ofJson(text: string): Message {
  const fields = JSON.parse(text) as Record<string, unknown>;
  for (const name in fields) {
    if (byteFields.has(name)) fields[name] = Buffer.from(fields[name] as string, "base64");
  }
  return fields as unknown as Message;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** A third of a window for each figure, for there are many. */
function opsPerSecond(work: () => unknown, { windows, windowMs, warmUpMs }: BenchOptions): number {
  const rates: number[] = [];
  timed(work, warmUpMs / 4);
  for (let i = 0; i < windows; i++) rates.push(timed(work, windowMs / 8));
  return rounded(median(rates));
}

function timed(work: () => unknown, ms: number): number {
  const from = performance.now();
  let count = 0;
  let batch = 1;
  for (;;) {
    for (let i = 0; i < batch; i++) work();
    count += batch;
    const passed = performance.now() - from;
    if (passed >= ms) return (count * 1000) / passed;
    if ((passed * batch) / count < ms / 20) batch *= 2;
  }
}
