/**
 * What this node verified, told to peers that ask, and what they say that they did. NOT a
 * verification, and no ground for any decision: an answer is a claim, shown to the operator only.
 * Invariant: an answer costs no look at a block: it is what was noted when the head moved; one to a
 * peer in `verifiedAnswerMs`; at most one question of ours is open at a peer.
 * protocol-spec/04-messages §9.
 */
import type { VerifyMode } from "../chain/certified-ranges.ts";
import type { BlockRef } from "../chain/records.ts";
import type { Conn } from "../edge/conn.ts";
import type { Clock } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import { type BlockHash, blockHashOf, idBytes } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import { type MessageOf, verifyModeNumbers } from "../wire/messages.ts";

/** As others may see it (public-chain.ts). */
export interface VerifiedChain {
  readonly head: BlockRef;
  /** Seals up to here may not have been checked. */
  readonly uncheckedHeight: number;
}

/** What a peer says that it verified. */
export interface VerifiedClaim {
  readonly height: number;
  readonly hash: BlockHash;
  readonly finalHeight: number;
  readonly finalHash: BlockHash;
  readonly mode: VerifyMode;
  /** The peer's wall clock when it had executed that block. */
  readonly sinceMs: number;
  /** Our wall clock when it said so. */
  readonly heardMs: number;
}

interface Speaker {
  /** When it is asked next. */
  askAtMs: number;
  /** Our question that it has not answered. */
  open: number | undefined;
  answeredAtMs: number;
  claim: VerifiedClaim | undefined;
}

const { verifiedAskMs, verifiedAnswerMs } = syncLimits;

export class Verification {
  private readonly clock: Clock;
  private readonly port: PeerPort;
  private readonly chain: VerifiedChain;
  private readonly finalized: () => BlockRef;
  /** Peers that understand the question; who is asked next comes first. */
  private readonly speakers = new Map<Conn, Speaker>();
  private requestCount = 0;
  private head: BlockRef;
  private sinceMs: number;

  constructor(clock: Clock, port: PeerPort, chain: VerifiedChain, finalized: () => BlockRef) {
    this.clock = clock;
    this.port = port;
    this.chain = chain;
    this.finalized = finalized;
    this.head = chain.head;
    this.sinceMs = this.wallMs;
  }

  get deadline(): number {
    for (const { askAtMs } of this.speakers.values()) return askAtMs;
    return Number.POSITIVE_INFINITY;
  }

  /** After each step: is the head that may be shown another one? */
  note(): void {
    const { head } = this.chain;
    if (head === this.head) return;
    this.head = head;
    this.sinceMs = this.wallMs;
  }

  /** `conn` is ready; `speaks`: its HELLO lists the feature. */
  onReady(conn: Conn, speaks: boolean): void {
    if (!speaks) return;
    this.ask(conn, { askAtMs: 0, open: undefined, answeredAtMs: -Infinity, claim: undefined });
  }

  onClosed(conn: Conn): void {
    this.speakers.delete(conn);
  }

  tick(): void {
    const now = this.clock.monotonicMs;
    for (const [conn, speaker] of this.speakers) {
      if (speaker.askAtMs > now) return;
      this.ask(conn, speaker);
    }
  }

  onGetVerified(conn: Conn, { request }: MessageOf<"get_verified">): void {
    const speaker = this.speakers.get(conn);
    if (speaker === undefined) {
      return this.port.blame(conn, "unsolicited", "get_verified without the feature");
    }
    const now = this.clock.monotonicMs;
    if (now - speaker.answeredAtMs < verifiedAnswerMs) return;
    speaker.answeredAtMs = now;
    const { head, sinceMs } = this;
    const { height: finalHeight, hash: finalHash } = this.finalized();
    const { full, certified } = verifyModeNumbers;
    this.port.send(conn, {
      type: "verified",
      request,
      height: head.height,
      hash: idBytes(head.hash),
      finalHeight,
      finalHash: idBytes(finalHash),
      mode: this.chain.uncheckedHeight > 0 ? certified : full,
      sinceMs,
    });
  }

  onVerified(conn: Conn, message: MessageOf<"verified">): void {
    const speaker = this.speakers.get(conn);
    if (speaker === undefined || speaker.open !== message.request) {
      return this.port.blame(conn, "unsolicited", "verified, which was not asked for");
    }
    speaker.open = undefined;
    const { height, finalHeight, sinceMs } = message;
    speaker.claim = {
      ...{ height, hash: blockHashOf(message.hash) },
      ...{ finalHeight, finalHash: blockHashOf(message.finalHash) },
      mode: message.mode === verifyModeNumbers.full ? "full" : "certified",
      ...{ sinceMs, heardMs: this.wallMs },
    };
  }

  /** What `conn` said last. */
  claimOf(conn: Conn): VerifiedClaim | undefined {
    return this.speakers.get(conn)?.claim;
  }

  /** Who did not answer is not asked again. */
  private ask(conn: Conn, speaker: Speaker): void {
    speaker.askAtMs = this.clock.monotonicMs + verifiedAskMs;
    this.speakers.delete(conn);
    this.speakers.set(conn, speaker);
    if (speaker.open !== undefined) return;
    speaker.open = this.requestCount++ % 2 ** 32;
    this.port.send(conn, { type: "get_verified", request: speaker.open });
  }

  private get wallMs(): number {
    return Math.max(0, Math.floor(this.clock.wallMs));
  }
}
