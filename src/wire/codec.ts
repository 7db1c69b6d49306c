/**
 * Payload of a frame: a MsgPack array of one or more messages, each `[type, ...fields]`.
 * NOT a general MsgPack codec, and blind to state: which message is legal when is for `peer`.
 * Invariant: the shortest form is written; any width of a non-negative integer or length is read;
 * the bytes of a message are capped by its type before a field is read, and a payload ends exactly.
 * protocol-spec/04-messages §1.
 *
 *   9n | dc nn nn     number of messages
 *     9k              1 + fields
 *       type 00-7f
 *       fields ...
 */
import { assert } from "../base/assert.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "./errors.ts";
import { namesOf } from "./field.ts";
import { messageFields } from "./message-fields.ts";
import type { MessageShape } from "./message-shape.ts";
import { type Message, type MessageType, messageNumbers, messageRules } from "./messages.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { arrayBytes, MsgpackWriter } from "./msgpack-writer.ts";

/** Fields seen without their type: `messageFields[m.type]` always is the one for `m`. */
type AnyFields = MessageShape<MessageType>;

interface ReadRule {
  readonly fields: AnyFields;
  readonly bytesMax: number;
}

/** By type number. */
const readRules: readonly (ReadRule | undefined)[] = namesOf(messageNumbers).map((type) =>
  type === undefined
    ? undefined
    : { fields: messageFields[type] as AnyFields, bytesMax: messageRules[type].bytesMax },
);

/** The longest array header that we write before the messages. */
const headRoom = 3;
const scratchBytesAtFirst = 4_096;
/** A larger scratch buffer is let go at the next `begin` that does not need it. */
const scratchBytesKept = 1_048_576;
/** Elements and type number: both below 16 and 128. */
const messageHeadBytes = 2;

/** Bytes of one message inside a payload. */
export function encodedBytes(message: Message): number {
  return messageHeadBytes + (messageFields[message.type] as AnyFields).size(message);
}

/** Encodes messages one after another straight into one scratch buffer that is used again. */
export class PayloadWriter {
  private readonly writer: MsgpackWriter;
  private bytesMax = 0;
  private messages = 0;

  constructor(bytesAtFirst = scratchBytesAtFirst) {
    this.writer = new MsgpackWriter(bytesAtFirst);
  }

  /** Forgets what was written; the next payload has at most `bytesMax` bytes. */
  begin(bytesMax: number): void {
    if (bytesMax <= scratchBytesKept) this.writer.shrink(scratchBytesKept);
    this.bytesMax = bytesMax;
    this.messages = 0;
    this.writer.reset(bytesMax + headRoom);
    this.writer.reserve(headRoom);
    this.writer.skip(headRoom);
  }

  /** False when the payload would exceed its bytes or its number of messages: nothing is written. */
  add(message: Message): boolean {
    const count = this.messages + 1;
    const fields = messageFields[message.type] as AnyFields;
    const bytes = messageHeadBytes + fields.size(message);
    const body = this.writer.size - headRoom;
    if (arrayBytes(count) + body + bytes > this.bytesMax) return false;
    if (count > wireLimits.payloadMessagesMax) return false;
    this.writer.reserve(bytes);
    const before = this.writer.size;
    this.writer.array(1 + fields.count);
    this.writer.uint(messageNumbers[message.type]);
    fields.write(this.writer, message);
    assert(this.writer.size === before + bytes, "a message takes the bytes it said");
    this.messages = count;
    return true;
  }

  /** Messages added since `begin`. */
  get count(): number {
    return this.messages;
  }

  /** Bytes that `finish` would give now; 0 without messages. */
  get size(): number {
    if (this.messages === 0) return 0;
    return arrayBytes(this.messages) + this.writer.size - headRoom;
  }

  /** The payload: a view that is valid until the next `begin`. */
  finish(): Uint8Array {
    assert(this.messages > 0, "a payload has at least one message");
    return this.writer.written(this.writer.arrayAt(headRoom, this.messages));
  }
}

/** A payload of its own, of any size: for tests and tools. */
export function encodePayload(messages: readonly Message[]): Uint8Array {
  let bytesMax = headRoom;
  for (const message of messages) bytesMax += encodedBytes(message);
  const writer = new PayloadWriter(bytesMax + headRoom);
  writer.begin(bytesMax);
  for (const message of messages) assert(writer.add(message), "too many messages");
  return writer.finish();
}

/** The messages of a whole payload; bins are views into it. Throws `WireError`. */
export function decodePayload(payload: Uint8Array): Message[] {
  const reader = new MsgpackReader(payload);
  const count = reader.array();
  if (count === 0) throw new WireError("malformed-message", "a payload without messages");
  if (count > wireLimits.payloadMessagesMax) {
    throw new WireError("malformed-message", `${count} messages in one payload`);
  }
  const messages: Message[] = [];
  for (let i = 0; i < count; i++) messages.push(readMessage(reader));
  reader.end();
  return messages;
}

/**
 * Of the first piece of a payload that comes in several frames (03-frames §4): how large the whole
 * may become. Such a payload carries one message, so the cap of its type binds it. Throws.
 */
export function chainBytesMax(firstPiece: Uint8Array): number {
  const reader = new MsgpackReader(firstPiece);
  if (reader.array() !== 1) {
    throw new WireError("more-chain-broken", "a payload in pieces carries one message");
  }
  const head = reader.offset;
  reader.array();
  return head + readRule(reader).bytesMax;
}

function readMessage(reader: MsgpackReader): Message {
  const from = reader.offset;
  const elements = reader.array();
  const { fields, bytesMax } = readRule(reader);
  reader.limitTo(from, bytesMax);
  if (elements !== 1 + fields.count) {
    const expected = 1 + fields.count;
    throw new WireError("malformed-message", `${elements} elements, ${expected} expected`);
  }
  const message = fields.read(reader);
  reader.limitTo(0, Number.MAX_SAFE_INTEGER);
  return message;
}

function readRule(reader: MsgpackReader): ReadRule {
  const number = reader.uint(Number.MAX_SAFE_INTEGER);
  const rule = number < readRules.length ? readRules[number] : undefined;
  if (rule === undefined) throw new WireError("unknown-message-type", `type ${number}`);
  return rule;
}
