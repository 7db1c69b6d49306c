/**
 * What a payload holds, by its lengths alone: type number and bytes of each message, nothing decoded
 * and nothing allocated, so that a limit can be tested before the work it limits. NOT a check: where
 * the bytes make no sense it stops, and the codec says what is wrong with them.
 * Invariant: of a payload that decodes every message is named, in order, with the bytes it takes.
 * protocol-spec/03-frames §8.
 */
import { wireLimits } from "../params/limits.ts";
import { WireError } from "./errors.ts";
import { MsgpackReader } from "./msgpack-reader.ts";

/** Type numbers are one byte in version 1. */
const typeNumberMax = 0x7f;

export function scanPayload(
  payload: Uint8Array,
  onMessage: (typeNumber: number, bytes: number) => void,
): void {
  const reader = new MsgpackReader(payload);
  let left = countOf(reader);
  while (left-- > 0) {
    const from = reader.offset;
    const typeNumber = skipMessage(reader);
    if (typeNumber === undefined) return;
    onMessage(typeNumber, reader.offset - from);
  }
}

function countOf(reader: MsgpackReader): number {
  try {
    const count = reader.array();
    return count > wireLimits.payloadMessagesMax ? 0 : count;
  } catch (error) {
    if (error instanceof WireError) return 0;
    throw error;
  }
}

function skipMessage(reader: MsgpackReader): number | undefined {
  try {
    const elements = reader.array();
    const typeNumber = reader.uint(typeNumberMax);
    reader.skip(elements - 1);
    return typeNumber;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
