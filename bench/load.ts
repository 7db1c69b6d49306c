/**
 * Messages to send and what the receiver does with them. All are of one size and each differs from
 * the others by a number at a fixed place, which the receiver follows: a lost, doubled or reordered
 * message ends the bench.
 */
import { readU32, writeU32 } from "../src/base/bytes.ts";
import type { Message, MessageType } from "../src/wire/messages.ts";

export interface LoadShape {
  readonly type: "new_transaction" | "new_block";
  /** Of the transaction or the block body: what the application sends. */
  readonly bytes: number;
}

const numberAt = 36;
/** More than the lanes hold: a buffer that comes round again has left long ago. */
const ringBytes = 8 * 1024 * 1024;

export class Load {
  private readonly ring: readonly { readonly message: Message; readonly body: Uint8Array }[];
  private sent = 0;

  constructor(shape: LoadShape) {
    const header = new Uint8Array(420).fill(3);
    this.ring = Array.from({ length: Math.ceil(ringBytes / shape.bytes) }, () => {
      const body = new Uint8Array(shape.bytes).fill(0xa5);
      const message: Message =
        shape.type === "new_block"
          ? { type: "new_block", header, body }
          : { type: "new_transaction", transaction: body };
      return { message, body };
    });
  }

  /** Hands the next messages to `send` until it refuses one, at most `max`. */
  fill(send: (message: Message) => boolean, max = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < max; i++) {
      const { message, body } = this.ring[this.sent % this.ring.length]!;
      writeU32(body, numberAt, this.sent);
      if (!send(message)) return;
      this.sent++;
    }
  }
}

type Handlers = Partial<Record<MessageType, (message: never) => void>>;

export class LoadReceiver {
  messages = 0;
  bytes = 0;
  private readonly handlers: Handlers = {
    new_transaction: (message: { transaction: Uint8Array }) => this.count(message.transaction),
    new_block: (message: { body: Uint8Array }) => this.count(message.body),
  };

  /** Dispatched by type, as the router does. */
  take(message: Message): void {
    const handler = this.handlers[message.type] as ((message: Message) => void) | undefined;
    if (handler === undefined) throw new Error(`a ${message.type} was not sent`);
    handler(message);
  }

  private count(body: Uint8Array): void {
    if (readU32(body, numberAt) !== this.messages >>> 0) throw new Error("out of order");
    this.messages++;
    this.bytes += body.length;
  }
}
