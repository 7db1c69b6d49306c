/**
 * Mode "certified": headers that wait for the one body which proves most of them, asked of the peer
 * that gave the headers. NOT a judge of either (chain/certified-ranges.ts).
 *
 * Invariant: one run a peer, of at most one answer's headers; it waits `proofMs` and the time of
 * the body's bytes, then it is checked in full like any other. Who let us wait once is not asked
 * for a proof again in this connection. protocol-spec/06-validation §12.
 */
import { copyBytes } from "../base/bytes.ts";
import type { RangeProof } from "../chain/certified-ranges.ts";
import type { Conn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import type { SealedHeader } from "../model/header.ts";
import { type BlockHash, blockHashOf, idBytes } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { MessageOf } from "../wire/messages.ts";
import type { SyncChain } from "./sync-chain.ts";

/** From here on the numbers of our `get_blocks` are of proofs. */
const firstRequest = 0x80000000;

interface Staged {
  readonly headers: readonly SealedHeader[];
  /** It was a full answer: more may follow. */
  readonly isFollowed: boolean;
  readonly carrier: BlockHash;
  readonly request: number;
  readonly deadline: number;
}

export interface Run {
  readonly headers: readonly SealedHeader[];
  /** Undefined: they are to be checked in full. */
  readonly proof: RangeProof | undefined;
}

export class RangeProofs {
  private readonly env: Env;
  private readonly port: PeerPort;
  private readonly chain: SyncChain;
  private readonly staged = new Map<Conn, Staged>();
  /** They let us wait, each for this request: it may still be answered, once. */
  private readonly slow = new Map<Conn, number | undefined>();
  private lastRequest = firstRequest;

  constructor(env: Env, port: PeerPort, chain: SyncChain) {
    this.env = env;
    this.port = port;
    this.chain = chain;
  }

  /** Is it the answer to a question of ours? */
  isOurs(message: MessageOf<"block_body">): boolean {
    return message.request >= firstRequest;
  }

  /** True: `headers` wait for their proof. `asked`: how many could have come. */
  stage(conn: Conn, headers: readonly SealedHeader[], asked: number): boolean {
    if (this.slow.has(conn) || headers.length === 0) return false;
    const carrier = this.chain.ranges?.carrierOf(headers);
    if (carrier === undefined) return false;
    this.lastRequest = this.lastRequest === 0xffffffff ? firstRequest : this.lastRequest + 1;
    const request = this.lastRequest;
    const hashes = idBytes(carrier);
    if (!this.port.send(conn, { type: "get_blocks", request, hashes })) return false;
    const bytes = headers.find(({ header }) => header.hash === carrier)?.header.bodyBytes ?? 0;
    const waitMs = syncLimits.proofMs + bytes / syncLimits.requestBytesPerMsMin;
    const deadline = this.env.clock.monotonicMs + waitMs;
    const isFollowed = headers.length === asked;
    this.staged.set(conn, { headers, isFollowed, carrier, request, deadline });
    return true;
  }

  /** What waited for this answer; "late": it came after its time; undefined: nobody asked for it. */
  take(conn: Conn, message: MessageOf<"block_body">): Run | "late" | undefined {
    const staged = this.staged.get(conn);
    if (staged?.request === message.request) {
      const { headers, isFollowed, carrier } = staged;
      if (blockHashOf(message.hash) !== carrier) return undefined;
      this.staged.delete(conn);
      const { body } = message;
      const proof = body && { hash: carrier, body: copyBytes(body), isFollowed };
      return { headers, proof };
    }
    if (this.slow.get(conn) !== message.request) return undefined;
    this.slow.set(conn, undefined);
    return "late";
  }

  onClosed(conn: Conn): void {
    this.staged.delete(conn);
    this.slow.delete(conn);
  }

  get deadline(): number {
    let deadline = Number.POSITIVE_INFINITY;
    for (const staged of this.staged.values()) deadline = Math.min(deadline, staged.deadline);
    return deadline;
  }

  /** The run of `conn`, if it waited long enough. */
  takeExpired(conn: Conn): Run | undefined {
    const staged = this.staged.get(conn);
    if (staged === undefined || staged.deadline > this.env.clock.monotonicMs) return undefined;
    this.staged.delete(conn);
    this.slow.set(conn, staged.request);
    return { headers: staged.headers, proof: undefined };
  }
}
