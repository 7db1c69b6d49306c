/**
 * Gets the bodies that the chain misses, over a sliding window, from all peers at once. NOT fork
 * choice (`missingBodies` says what is wanted) and no judge of bodies: the node blames whom the
 * chain convicts; here a failed body is only asked for elsewhere.
 *
 *   executed | waiting for their turn | on their way from A, B, C | missing ...
 *            '------------------ window ------------------------'
 *
 * Invariant: nobody can stop it for good. A silent peer is given up after `requestMs`, sooner when
 * another is idle and the front of the window hangs on it; after two failures in a row it rests.
 * What nobody gives is done without (withheld.ts).
 * protocol-spec/09-connections §5.
 */
import type { Imported } from "../chain/imported.ts";
import type { Conn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import { type BlockHash, blockHashOf } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { MessageOf } from "../wire/messages.ts";
import { fittingBodies } from "./body-fitting.ts";
import { BodyPeer, type BodyRequest } from "./body-peer.ts";
import { shareOf } from "./body-share.ts";
import { BodyWindow } from "./body-window.ts";
import type { HelperScores } from "./helper-scores.ts";
import { encodeHashes } from "./locator.ts";
import type { SyncChain, SyncNode } from "./sync-chain.ts";
import { WithheldBodies } from "./withheld.ts";

const never = Number.POSITIVE_INFINITY;

/** `blocks` of the heights `from` to `to` are on their way from that peer. */
export interface AskedRange {
  readonly conn: Conn;
  readonly from: number;
  readonly to: number;
  readonly blocks: number;
}

export class BlockDownload {
  private readonly env: Env;
  private readonly port: PeerPort;
  private readonly chain: SyncChain;
  private readonly scores: HelperScores;
  private readonly peers = new Map<Conn, BodyPeer>();
  private readonly window = new BodyWindow();
  private readonly withheld: WithheldBodies;
  private lastRequest = 0;
  /** Adapts: a slow line of our own is not a stalling peer. */
  private stallMs = syncLimits.stallMinMs;
  /** When the front of the window counts as stalled. */
  private stallAt = never;
  /** When to look again whether something can be asked. */
  private lookAt = never;

  constructor(env: Env, port: PeerPort, chain: SyncChain, scores: HelperScores) {
    this.env = env;
    this.port = port;
    this.chain = chain;
    this.scores = scores;
    this.withheld = new WithheldBodies(chain);
  }

  /** Blocks and bytes on their way or waiting for their turn. */
  get load(): { readonly blocks: number; readonly bytes: number } {
    return { blocks: this.window.count, bytes: this.window.bytes };
  }

  /** What each peer was asked for and still owes; nobody who owes nothing. */
  ranges(): AskedRange[] {
    return [...this.peers.values()].flatMap((peer) => {
      const owed = [...peer.requests.values()].flatMap((request) => [...request.owed.keys()]);
      const heights = owed.flatMap((hash) => this.chain.node(hash)?.height ?? []);
      if (heights.length === 0) return [];
      const [from, to] = [Math.min(...heights), Math.max(...heights)];
      return [{ conn: peer.conn, from, to, blocks: heights.length }];
    });
  }

  onReady(conn: Conn, height: number): void {
    this.peers.set(conn, new BodyPeer(conn, height));
    this.assign();
  }

  onClosed(conn: Conn): void {
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    this.peers.delete(conn);
    for (const request of peer.requests.values()) this.releaseAll(request);
    this.assign();
  }

  /** The peer has shown to have blocks up to `height`. */
  onHeight(conn: Conn, height: number): void {
    const peer = this.peers.get(conn);
    if (peer !== undefined) peer.height = Math.max(peer.height, height);
  }

  /** The peer says that it has it: that it lacked it before counts no more. */
  onAnnounced(conn: Conn, hash: BlockHash): void {
    if (this.peers.get(conn)?.gain(hash) !== true) return;
    this.withheld.revoke(hash);
    this.assign();
  }

  /** Heights that ready peers claim or have shown. */
  heights(): number[] {
    return [...this.peers.values()].map((peer) => peer.height);
  }

  /** Something may have become missing or fetchable. */
  look(): void {
    this.assign();
  }

  onBody(conn: Conn, message: MessageOf<"block_body">): readonly Imported[] {
    const peer = this.peers.get(conn);
    if (peer === undefined) return [];
    const hash = blockHashOf(message.hash);
    const request = peer.requests.get(message.request);
    const owedBytes = request?.owed.get(hash);
    if (request !== undefined && owedBytes !== undefined) {
      request.owed.delete(hash);
      request.deliveredCount++;
      this.window.release(hash, owedBytes);
    } else if (!peer.takeLate(message.request, hash)) {
      this.port.blame(conn, "unsolicited", `body ${message.request} of ${hash} was not asked for`);
      return [];
    }
    const imported = this.take(peer, hash, message.body);
    if (request?.owed.size === 0) {
      const now = this.env.clock.monotonicMs;
      this.scores.onAnswered(conn, now - request.sentAt, request.bytes);
      peer.end(request, now);
      this.stallMs = Math.max(syncLimits.stallMinMs, this.stallMs * 0.85);
      this.assign();
    }
    return imported;
  }

  get deadline(): number {
    let deadline = Math.min(this.stallAt, this.lookAt, this.withheld.deadline);
    for (const peer of this.peers.values()) deadline = Math.min(deadline, peer.deadline);
    return deadline;
  }

  tick(): void {
    const now = this.env.clock.monotonicMs;
    for (const peer of this.peers.values()) {
      if (peer.deadline <= now) this.giveUp(peer, peer.first?.deliveredCount === 0);
    }
    if (this.stallAt <= now) this.breakStall();
    this.assign();
  }

  private take(peer: BodyPeer, hash: BlockHash, body: Uint8Array | undefined) {
    const now = this.env.clock.monotonicMs;
    if (body === undefined) {
      peer.lack(hash, now + syncLimits.lackingMs);
      return [];
    }
    const wanted = this.chain.node(hash);
    if (wanted?.status !== "header") return []; // It came from elsewhere, or nobody wants it now.
    const imported = this.chain.importBody(hash, body, peer.conn);
    const status = this.chain.node(hash)?.status;
    if (status === "header") {
      peer.lack(hash, now + syncLimits.lackingMs);
      peer.fail(now);
    } else if (status === "checking" || status === "body") this.window.hold(hash, body.length);
    return imported;
  }

  /** Takes back all that `peer` owes, to be asked elsewhere first. */
  private giveUp(peer: BodyPeer, isFailure: boolean): void {
    const now = this.env.clock.monotonicMs;
    if (isFailure) {
      peer.fail(now);
      this.scores.onFailed(peer.conn, now - (peer.first?.sentAt ?? now));
    }
    for (const request of [...peer.requests.values()]) {
      this.releaseAll(request);
      if (this.peers.size > 1) {
        for (const hash of request.owed.keys()) peer.lack(hash, now + syncLimits.requestMs);
      }
      peer.end(request, now);
    }
  }

  private releaseAll(request: BodyRequest): void {
    for (const [hash, bytes] of request.owed) this.window.release(hash, bytes);
  }

  private breakStall(): void {
    const front = this.chain.missingBodies(1)[0];
    const request = front && this.window.requestOf(front.hash);
    if (request === undefined) return;
    this.stallMs = Math.min(this.stallMs * 2, syncLimits.stallMaxMs);
    this.giveUp(request.peer, true);
  }

  /** Gives out what is missing and fits into the window, then sets the next looks. */
  private assign(): void {
    const now = this.env.clock.monotonicMs;
    this.stallAt = never;
    this.lookAt = never;
    this.withheld.expire(now, this.peers.size < 2);
    if (this.peers.size === 0) return;
    const missing = this.missing(now);
    if (missing.length === 0 || this.window.isTight) this.window.letGo(this.chain);
    if (missing.length === 0) return;
    const { wanted, isPutOff } = fittingBodies(this.chain, this.window, missing);
    let unasked = this.giveOut(wanted, this.highest(), now);
    // Nobody who claims to have the front can be asked: then claims do not count.
    if (unasked[0] === missing[0]) unasked = this.giveOut(unasked, 0, now);
    if (this.window.requestedCount === 0) {
      // All wait: for their turn in the chain, or for a peer that may be asked again.
      const waitMs = wanted.length > 0 ? syncLimits.fruitlessMinMs : syncLimits.roomPollMs;
      this.lookAt = now + waitMs;
    } else if (isPutOff) this.lookAt = now + syncLimits.roomPollMs;
    else if (unasked.length > 0) this.lookAt = now + syncLimits.fruitlessMinMs;
    this.watchFront(missing[0]!, now);
  }

  /** What the best branch that is to be had misses. */
  private missing(now: number): readonly SyncNode[] {
    for (;;) {
      const missing = this.chain.missingBodies(syncLimits.bodyWindowBlocks);
      if (this.peers.size < 2) return missing;
      const front = missing[0]?.hash;
      const peers = [...this.peers.values()];
      const allLackIt = front !== undefined && peers.every((peer) => peer.lacks(front, now));
      if (!this.withheld.isGivenUp(front, allLackIt, now)) return missing;
    }
  }

  /**
   * Round robin by outstanding bytes, in shares that leave work for all, first to those who have
   * been good to us: a hundred points are worth one request. Returns what is left.
   */
  private giveOut(wanted: readonly SyncNode[], highest: number, now: number) {
    const able = [...this.peers.values()].filter((peer) => peer.mayTake(now));
    const values = new Map(able.map((peer) => [peer, this.scores.valueOf(peer.conn)]));
    const rank = (peer: BodyPeer) =>
      peer.outstandingBytes - (syncLimits.requestBytesMax / 100) * values.get(peer)!;
    const shares = able.reduce((sum, peer) => sum + peer.requestsMax, 0);
    const countMax = Math.min(Math.ceil(wanted.length / shares), syncLimits.blocksPerRequestMax);
    let left = wanted;
    for (let isMoving = true; isMoving && left.length > 0; ) {
      isMoving = false;
      able.sort((a, b) => rank(a) - rank(b));
      for (const peer of able) {
        if (!peer.mayTake(now) || left.length === 0) continue;
        const share = shareOf(left, countMax, (node) => peer.has(node, highest, now));
        if (share.size === 0 || !this.request(peer, share, now)) continue;
        left = left.filter((node) => !share.has(node));
        isMoving = true;
      }
    }
    return left;
  }

  private highest(): number {
    return Math.max(...this.heights());
  }

  private request(peer: BodyPeer, share: ReadonlySet<SyncNode>, now: number): boolean {
    const id = ++this.lastRequest;
    const hashes = encodeHashes([...share].map((node) => node.hash));
    if (!this.port.send(peer.conn, { type: "get_blocks", request: id, hashes })) {
      peer.pause(now + syncLimits.fruitlessMinMs);
      return false;
    }
    const owed = new Map([...share].map((node) => [node.hash, node.sealed.header.bodyBytes]));
    const bytes = [...owed.values()].reduce((sum, value) => sum + value, 0);
    const request = { id, peer, owed, bytes, sentAt: now, deliveredCount: 0 };
    peer.begin(request, now);
    this.window.reserve(request);
    return true;
  }

  /** While another peer that has it is idle, the front of the window may not hang for long. */
  private watchFront(front: SyncNode, now: number): void {
    const request = this.window.requestOf(front.hash);
    if (request === undefined) return;
    const highest = this.highest();
    for (const peer of this.peers.values()) {
      const isIdle = peer.requests.size === 0 && peer.mayTake(now);
      if (peer === request.peer || !isIdle || !peer.has(front, highest, now)) continue;
      const lineMs = request.peer.outstandingBytes / syncLimits.requestBytesPerMsMin;
      this.stallAt = Math.max(request.sentAt + this.stallMs + lineMs, now + 1);
      return;
    }
  }
}
