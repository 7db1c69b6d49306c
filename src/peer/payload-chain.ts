/**
 * A payload that is given out in pieces: of one message that is too large for a frame, or DEFLATED.
 * Of a block it keeps the few bytes before the body and the body itself, which may be the chain's:
 * many peers who wait for one block hold it once. NOT a buffer: nothing of the size of the message
 * is allocated, unless it is deflated. protocol-spec/03-frames §4, §9, 08-limits §3.
 *
 *   head: array, type, fields, header of the bin | body: a view of the message
 */
import { assert } from "../base/assert.ts";
import { concatBytes, copyBytes, emptyBytes } from "../base/bytes.ts";
import { encodedBytes, type PayloadWriter } from "../wire/codec.ts";
import { frameFlags } from "../wire/frame.ts";
import type { Message } from "../wire/messages.ts";

export class PayloadChain {
  /** Of each of its frames, beside MORE. */
  readonly flags: number;
  private readonly head: Uint8Array;
  private readonly body: Uint8Array;
  private at = 0;

  private constructor(flags: number, head: Uint8Array, body: Uint8Array) {
    this.flags = flags;
    this.head = head;
    this.body = body;
  }

  /** `writer` is used for the moment of the call. */
  static of(message: Message, writer: PayloadWriter): PayloadChain {
    writer.begin(1 + encodedBytes(message));
    assert(writer.add(message), "a payload of one message has a header of one byte");
    const payload = writer.finish();
    const body = lastBinOf(message);
    const head = copyBytes(payload.subarray(0, payload.length - body.length));
    return new PayloadChain(frameFlags.bulk, head, body);
  }

  /** `payload` stays as it is until the last of it was taken. */
  static deflated(payload: Uint8Array): PayloadChain {
    return new PayloadChain(frameFlags.bulk | frameFlags.deflated, emptyBytes, payload);
  }

  get leftBytes(): number {
    return this.head.length + this.body.length - this.at;
  }

  /** The next `count` bytes, at most what is left: memory of its own, or a view of the message. */
  take(count: number): Uint8Array {
    assert(count > 0 && count <= this.leftBytes, "a piece of what is left");
    const headBytes = this.head.length;
    const [from, to] = [this.at, this.at + count];
    this.at = to;
    const ofBody = this.body.subarray(Math.max(0, from - headBytes), Math.max(0, to - headBytes));
    if (from >= headBytes) return ofBody;
    return concatBytes(this.head.subarray(from, to), ofBody);
  }
}

/** What a message ends with, when that can be large. */
function lastBinOf(message: Message): Uint8Array {
  if (message.type === "new_block") return message.body;
  return message.type === "block_body" ? (message.body ?? emptyBytes) : emptyBytes;
}
