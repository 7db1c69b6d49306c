/**
 * From opened frames to messages: which flags go with which messages, payloads in pieces, credit.
 * Handles no message. Invariant: at most one payload in pieces is held, and never more of it than
 * its type may have. protocol-spec/03-frames §4.
 */
import { concatBytes } from "../base/bytes.ts";
import { wireLimits } from "../params/limits.ts";
import { chainBytesMax, decodePayload } from "../wire/codec.ts";
import { WireError } from "../wire/errors.ts";
import { type FrameHeader, frameFlags } from "../wire/frame.ts";
import { type Message, messageRules } from "../wire/messages.ts";
import { ReceivingCredit } from "./credit.ts";
import type { OpenedFrame } from "./secure-channel.ts";

/** A payload of which more is to come. */
interface Chain {
  readonly pieces: Uint8Array[];
  bytes: number;
  readonly bytesMax: number;
}

export class Inbox {
  private readonly credit: ReceivingCredit;
  private chain: Chain | undefined;

  /** `bulkCreditBytes`: what our HELLO granted. */
  constructor(bulkCreditBytes: number) {
    this.credit = new ReceivingCredit(bulkCreditBytes);
  }

  /** Throws WireError for bulk beyond the credit, and for pieces too small to be honest. */
  onHeader({ flags, bodyBytes }: FrameHeader): void {
    if ((flags & frameFlags.more) !== 0 && bodyBytes < wireLimits.moreBodyBytesMin) {
      throw new WireError("more-chain-broken", `a piece of ${bodyBytes} bytes`);
    }
    if ((flags & frameFlags.bulk) !== 0) this.credit.onHeader(bodyBytes);
  }

  /** The payload that is whole now: none for a piece with more to come. Throws WireError. */
  onFrame(frame: OpenedFrame): Uint8Array | undefined {
    return (frame.flags & frameFlags.bulk) === 0 ? frame.payload : this.joined(frame);
  }

  /** The messages of a payload that `frame` completed. Throws WireError. */
  decode({ flags }: OpenedFrame, payload: Uint8Array): readonly Message[] {
    const messages = decodePayload(payload);
    return (flags & frameFlags.bulk) === 0 ? checkPlain(flags, messages) : checkBulk(messages);
  }

  /** To be called for each frame when it is dealt with; a new credit total is to be announced. */
  onConsumed(header: FrameHeader, now: number, pingMs: number | undefined): number | undefined {
    if ((header.flags & frameFlags.bulk) === 0) return undefined;
    return this.credit.onConsumed(header.bodyBytes, now, pingMs);
  }

  /** The payload that this BULK frame completes. */
  private joined(frame: OpenedFrame): Uint8Array | undefined {
    const more = (frame.flags & frameFlags.more) !== 0;
    if (this.chain === undefined) {
      if (!more) return frame.payload;
      this.chain = { pieces: [], bytes: 0, bytesMax: chainBytesMax(frame.payload) };
    }
    const chain = this.chain;
    chain.pieces.push(frame.payload);
    chain.bytes += frame.payload.length;
    if (chain.bytes > chain.bytesMax) {
      throw new WireError("message-too-large", `pieces beyond ${chain.bytesMax} bytes`);
    }
    if (more) return undefined;
    this.chain = undefined;
    return concatBytes(...chain.pieces);
  }
}

/** Bulk outside BULK frames would evade credit. */
function checkPlain(flags: number, messages: readonly Message[]): readonly Message[] {
  const last = (flags & frameFlags.last) !== 0;
  if (last && messages.length !== 1) {
    throw new WireError("message-out-of-state", "a goodbye is the only message of its frame");
  }
  for (const { type } of messages) {
    if (messageRules[type].lane === "bulk") {
      throw new WireError("bad-flags", `${type} outside a BULK frame`);
    }
    if ((type === "disconnect") !== last) {
      throw new WireError("message-out-of-state", `${type} in a frame with flags ${flags}`);
    }
  }
  return messages;
}

function checkBulk(messages: readonly Message[]): readonly Message[] {
  for (const { type } of messages) {
    // A whole block may be larger than a frame, and only BULK goes in pieces.
    if (messageRules[type].lane !== "bulk" && type !== "new_block") {
      throw new WireError("bad-flags", `${type} in a BULK frame`);
    }
  }
  return messages;
}
