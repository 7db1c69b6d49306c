/**
 * From opened frames to messages: which flags go with which messages, payloads in pieces, credit.
 * Handles no message. Invariant: at most one payload in pieces is held, and never more of it than
 * its type may have, or, DEFLATED, than it said that it will be. protocol-spec/03-frames §4, §9.
 */
import { concatBytes } from "../base/bytes.ts";
import { wireLimits } from "../params/limits.ts";
import { chainBytesMax, decodePayload } from "../wire/codec.ts";
import { inflatedBytesOf, inflatePayload } from "../wire/deflated.ts";
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
  /** DEFLATED or 0: the same in all frames. */
  readonly deflated: number;
}

export class Inbox {
  private readonly credit: ReceivingCredit;
  private readonly deflates: boolean;
  private chain: Chain | undefined;

  /** `bulkCreditBytes`: what our HELLO granted. `deflates`: so both of us said. */
  constructor(bulkCreditBytes: number, deflates = false) {
    this.credit = new ReceivingCredit(bulkCreditBytes);
    this.deflates = deflates;
  }

  /**
   * Throws WireError for DEFLATED that was not agreed on, for bulk beyond the credit, and for pieces
   * too small to be honest.
   */
  onHeader({ flags, bodyBytes }: FrameHeader): void {
    if ((flags & frameFlags.deflated) !== 0 && !this.deflates) {
      throw new WireError("bad-flags", "DEFLATED, and not both of us take it");
    }
    if ((flags & frameFlags.more) !== 0 && bodyBytes < wireLimits.moreBodyBytesMin) {
      throw new WireError("more-chain-broken", `a piece of ${bodyBytes} bytes`);
    }
    if ((flags & frameFlags.bulk) !== 0) this.credit.onHeader(bodyBytes);
  }

  /**
   * The payload that is whole now: none for a piece with more to come. `onWork` hears how much there
   * is to inflate before that is done. Throws WireError.
   */
  onFrame(frame: OpenedFrame, onWork?: (inflatedBytes: number) => void): Uint8Array | undefined {
    if ((frame.flags & frameFlags.bulk) === 0) return frame.payload;
    const whole = this.joined(frame);
    const isDeflated = (frame.flags & frameFlags.deflated) !== 0;
    return whole === undefined || !isDeflated ? whole : inflatePayload(whole, onWork);
  }

  /** The messages of a payload that `frame` completed. Throws WireError. */
  decode({ flags }: OpenedFrame, payload: Uint8Array): readonly Message[] {
    const messages = decodePayload(payload);
    if (payload.length > wireLimits.framePayloadBytesMax && messages.length > 1) {
      throw new WireError("more-chain-broken", "messages that no frame has room for");
    }
    return (flags & frameFlags.bulk) === 0 ? checkPlain(flags, messages) : checkBulk(messages);
  }

  /** To be called for each frame when it is dealt with; a new credit total is to be announced. */
  onConsumed(header: FrameHeader, now: number, pingMs: number | undefined): number | undefined {
    if ((header.flags & frameFlags.bulk) === 0) return undefined;
    return this.credit.onConsumed(header.bodyBytes, now, pingMs);
  }

  /** The payload that this BULK frame completes, as it was sent. */
  private joined({ flags, payload }: OpenedFrame): Uint8Array | undefined {
    const more = (flags & frameFlags.more) !== 0;
    const deflated = flags & frameFlags.deflated;
    if (this.chain === undefined) {
      if (!more) return payload;
      // No deflated payload has as many bytes as what it inflates to.
      const bytesMax = deflated === 0 ? chainBytesMax(payload) : inflatedBytesOf(payload) - 1;
      this.chain = { pieces: [], bytes: 0, bytesMax, deflated };
    }
    const chain = this.chain;
    if (deflated !== chain.deflated) {
      throw new WireError("bad-flags", "a payload in pieces is DEFLATED in all of them or in none");
    }
    chain.pieces.push(payload);
    chain.bytes += payload.length;
    if (chain.bytes > chain.bytesMax) {
      const code = deflated === 0 ? "message-too-large" : "bad-deflate";
      throw new WireError(code, `pieces beyond ${chain.bytesMax} bytes`);
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
