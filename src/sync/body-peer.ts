/**
 * What one peer owes us in bodies, and how far it can be relied on. Its claims are hints: what it
 * does not deliver it is soon not asked for. Decides nothing about the window (body-window.ts).
 * protocol-spec/09-connections §5.
 */
import { BoundedMap } from "../base/bounded.ts";
import type { Conn } from "../edge/conn.ts";
import type { BlockHash } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { SyncNode } from "./sync-chain.ts";

export interface BodyRequest {
  readonly id: number;
  readonly peer: BodyPeer;
  /** Bytes reserved for each body that is still owed. */
  readonly owed: Map<BlockHash, number>;
  readonly bytes: number;
  readonly sentAt: number;
  deliveredCount: number;
}

const noRequests: ReadonlyMap<number, BodyRequest> = new Map();

export class BodyPeer {
  readonly conn: Conn;
  /** Highest block it claimed or showed to have. */
  height: number;
  /** None while nothing is asked of it: of most peers nothing ever is. */
  private open: Map<number, BodyRequest> | undefined;
  outstandingBytes = 0;
  /** When its turn came to work on the first of `requests`. */
  private turnAt = 0;
  private failureCount = 0;
  /** It answered its last question in full. */
  private isProven = false;
  private pausedUntil = 0;
  private readonly lacking = new BoundedMap<BlockHash, number>(syncLimits.lackingPerPeerMax);
  private readonly late = new BoundedMap<string, Set<BlockHash>>(syncLimits.answersPerPeerMax);

  constructor(conn: Conn, height: number) {
    this.conn = conn;
    this.height = height;
  }

  /** Open, in the order of sending: it answers them in that order. */
  get requests(): ReadonlyMap<number, BodyRequest> {
    return this.open ?? noRequests;
  }

  get first(): BodyRequest | undefined {
    for (const request of this.requests.values()) return request;
    return undefined;
  }

  /** When the first open request is given up; Infinity when none is open. */
  get deadline(): number {
    const { first } = this;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    return this.turnAt + syncLimits.requestMs + first.bytes / syncLimits.requestBytesPerMsMin;
  }

  /** How many may be open: who has not answered yet, or failed last, holds up less. */
  get requestsMax(): number {
    return this.isProven ? syncLimits.requestsPerPeerMax : syncLimits.requestsUnprovenMax;
  }

  mayTake(now: number): boolean {
    return this.pausedUntil <= now && this.requests.size < this.requestsMax;
  }

  /** `highest`: what any peer claims; beyond it nobody's claim says anything. */
  has(node: SyncNode, highest: number, now: number): boolean {
    if (this.height < node.height && node.height <= highest) return false;
    return !this.lacks(node.hash, now);
  }

  /** It said so, or did not deliver, a short while ago. */
  lacks(hash: BlockHash, now: number): boolean {
    const until = this.lacking.get(hash);
    if (until === undefined) return false;
    if (until > now) return true;
    this.lacking.delete(hash);
    return false;
  }

  lack(hash: BlockHash, until: number): void {
    this.lacking.set(hash, until);
  }

  begin(request: BodyRequest, now: number): void {
    if (this.open === undefined) this.turnAt = now;
    this.open ??= new Map();
    this.open.set(request.id, request);
    this.outstandingBytes += request.bytes;
  }

  /** Answered in full or given up; what is still owed may come late. */
  end(request: BodyRequest, now: number): void {
    this.open?.delete(request.id);
    if (this.open?.size === 0) this.open = undefined;
    this.outstandingBytes -= request.bytes;
    this.turnAt = now;
    this.isProven = request.owed.size === 0;
    if (request.owed.size > 0) this.late.set(String(request.id), new Set(request.owed.keys()));
    else this.failureCount = 0;
  }

  /** True when `hash` was owed on a request given up; once. */
  takeLate(id: number, hash: BlockHash): boolean {
    return this.late.get(String(id))?.delete(hash) ?? false;
  }

  /** True when it had said, or shown, that it lacks it. */
  gain(hash: BlockHash): boolean {
    return this.lacking.delete(hash);
  }

  /** Once is chance; from the second time in a row on it rests, longer each time. */
  fail(now: number): void {
    this.failureCount++;
    if (this.failureCount < 2) return;
    const { restMinMs, restMaxMs } = syncLimits;
    const doublings = Math.min(this.failureCount - 2, 16);
    this.pause(now + Math.min(restMinMs * 2 ** doublings, restMaxMs));
  }

  pause(until: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, until);
  }
}
