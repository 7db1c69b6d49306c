/**
 * What is to be known of the fields of one message: how they are measured, written and read.
 * NOT the fields of any (`message-fields.ts`). protocol-spec/04-messages §2.
 */
import type { MessageOf, MessageType } from "./messages.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";

export interface MessageShape<T extends MessageType> {
  /** Elements of the array after the type. */
  readonly count: number;
  size(message: MessageOf<T>): number;
  write(writer: MsgpackWriter, message: MessageOf<T>): void;
  /** Bins are views into what is read. */
  read(reader: MsgpackReader): MessageOf<T>;
}
