/**
 * Asks peers for headers: at the start, at intervals, and when a peer shows something unknown.
 * NOT fork choice and no body (block-download.ts). What peers claim is a hint: a lie costs at most
 * one question, and each further one waits longer.
 *
 * Invariant: at most one question is open at a peer, `headerPeersMax` in all; none while there is
 * no room (header-room.ts).
 * protocol-spec/09-connections §5.
 */
import { defined } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import type { Conn, Job } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import type { BlockHash } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { MessageOf } from "../wire/messages.ts";
import { type BadHeaders, decodeHeaders, lastKnown } from "./decode-headers.ts";
import {
  type HeaderPeer,
  headerPeer,
  putOff,
  type Question,
  takeQuestion,
  unstage,
} from "./header-peer.ts";
import { headerRoom } from "./header-room.ts";
import { encodeHashes, locatorFrom, noStop } from "./locator.ts";
import { RangeProofs, type Run } from "./range-proofs.ts";
import { StagedSeals } from "./staged-seals.ts";
import type { SyncChain, SyncNode } from "./sync-chain.ts";

const never = Number.POSITIVE_INFINITY;

/** Up to which height a peer has shown to have blocks that we know. */
export interface Shown {
  readonly conn: Conn;
  readonly height: number | undefined;
}

export class HeaderSync {
  private readonly env: Env;
  private readonly port: PeerPort;
  private readonly chain: SyncChain;
  private readonly peers = new Map<Conn, HeaderPeer>();
  private readonly proofs: RangeProofs;
  private readonly seals: StagedSeals;
  private lastRequest = 0;
  private intervalAt: number;
  private roomAt = never;
  private isFirstSettled = false;

  constructor(env: Env, port: PeerPort, chain: SyncChain) {
    this.env = env;
    this.port = port;
    this.chain = chain;
    this.proofs = new RangeProofs(env, port, chain);
    this.seals = new StagedSeals(chain);
    this.intervalAt = env.clock.monotonicMs + syncLimits.intervalMs;
  }

  /** A peer says it has more than we know, and none has answered or failed to yet. */
  get isWaitingForFirst(): boolean {
    if (this.isFirstSettled) return false;
    for (const peer of this.peers.values()) if (peer.claim !== undefined) return true;
    return false;
  }

  onReady(conn: Conn, height: number, head: BlockHash): void {
    const peer = headerPeer(conn, height);
    this.peers.set(conn, peer);
    // Who stands below our anchor has nothing that could still change our chain.
    if (height > this.chain.anchor.height) this.want(peer, head);
    this.ask();
  }

  onClosed(conn: Conn): void {
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    this.peers.delete(conn);
    this.proofs.onClosed(conn);
    this.seals.onClosed(conn);
    if (this.peers.size === 0) this.isFirstSettled = false;
    this.ask();
  }

  /** The peer has `hash`, or built on it. */
  onAnnounced(conn: Conn, hash: BlockHash): void {
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    this.want(peer, hash);
    this.ask();
  }

  /** Asks from below our best header on, so that whoever has that too must say so. */
  probe(conn: Conn): void {
    const peer = this.peers.get(conn);
    const below = this.chain.node(this.chain.bestHeader.sealed.header.parentHash);
    if (peer === undefined || below === undefined) return;
    Object.assign(peer, { last: below, isWanted: true });
    this.ask();
  }

  /** Returns the height up to which the peer has shown to have blocks that we know. */
  onHeaders(conn: Conn, message: MessageOf<"headers">): number | undefined {
    const peer = this.peers.get(conn);
    if (peer === undefined) return undefined;
    const question = takeQuestion(peer, message.request);
    if (question === undefined) {
      this.port.blame(conn, "unsolicited", `headers ${message.request} were not asked for`);
      return undefined;
    }
    const headers = decodeHeaders(copyBytes(message.headers), question.count);
    if ("code" in headers) return this.fail(peer, headers.code, headers.detail);
    const run = { headers, proof: undefined };
    // An answer that comes late may find another of the same peer staged.
    if (peer.staged !== undefined) return this.take(peer, question, run);
    if (!this.proofs.stage(conn, headers, question.count)) return this.check(peer, question, run);
    peer.staged = question;
    return undefined;
  }

  /** Is it the body that a run of headers waits for? Then `onProof` takes it. */
  isProof(message: MessageOf<"block_body">): boolean {
    return this.proofs.isOurs(message);
  }

  onProof(conn: Conn, message: MessageOf<"block_body">): number | undefined {
    const peer = this.peers.get(conn);
    const run = peer && this.proofs.take(conn, message);
    if (peer === undefined || run === "late") return undefined;
    if (run !== undefined) return this.check(peer, unstage(peer), run);
    this.port.blame(conn, "unsolicited", `proof ${message.request} was not asked for`);
    return undefined;
  }

  /** Did a run wait for that job? */
  onVerified(job: Job): Shown | undefined {
    const staged = this.seals.take(job);
    if (staged === undefined) return undefined;
    const { conn, run } = staged;
    const peer = defined(this.peers.get(conn), "a run is forgotten with its peer");
    return { conn, height: this.take(peer, unstage(peer), run) };
  }

  private check(peer: HeaderPeer, question: Question, run: Run): number | undefined {
    if (!this.seals.stage(peer.conn, run)) return this.take(peer, question, run);
    peer.staged = question;
    return undefined;
  }

  private take(peer: HeaderPeer, question: Question, run: Run): number | undefined {
    const { headers, proof } = run;
    this.isFirstSettled = true;
    const result = this.chain.importHeaders(headers, peer.conn, proof);
    const last = lastKnown(this.chain, headers);
    if (last !== undefined) peer.height = Math.max(peer.height, last.height);
    const isFull = result.rejection?.code === "header-tree-full";
    if (result.rejection !== undefined && !isFull) {
      return this.fail(peer, result.rejection.code, result.rejection.detail);
    }
    // Ours to mend: there is room when blocks are executed, or buried.
    if (result.isUnready || isFull) return this.onUnready(peer, last, result.accepted);
    const isMore = headers.length === question.count || (last?.height ?? never) < peer.height;
    const mayGoOn = last !== undefined && last.height > question.fromHeight && isMore;
    peer.last = mayGoOn ? last : undefined;
    peer.isWanted = mayGoOn;
    if (!mayGoOn) this.settleClaim(peer);
    else if (result.accepted > 0) peer.fruitlessCount = 0;
    this.ask();
    return last?.height;
  }

  private onUnready(peer: HeaderPeer, last: SyncNode | undefined, accepted: number) {
    if (accepted > 0) peer.fruitlessCount = 0;
    Object.assign(peer, { last, isWanted: true });
    putOff(peer, this.env.clock.monotonicMs);
    return last?.height;
  }

  get deadline(): number {
    let deadline = Math.min(this.intervalAt, this.roomAt, this.proofs.deadline);
    const isFull = this.openCount >= syncLimits.headerPeersMax;
    for (const peer of this.peers.values()) {
      if (peer.question !== undefined) deadline = Math.min(deadline, peer.question.deadline);
      else if (peer.isWanted && !peer.staged && !isFull && this.roomAt === never) {
        deadline = Math.min(deadline, peer.askAt);
      }
    }
    return this.peers.size === 0 ? never : deadline;
  }

  /** The head or the anchor may have moved: is there room now? Costs nothing. */
  look(): void {
    if (this.roomAt !== never && headerRoom(this.chain) >= syncLimits.headersRoomMin) this.ask();
  }

  tick(): void {
    const now = this.env.clock.monotonicMs;
    for (const peer of [...this.peers.values()]) {
      const run = this.proofs.takeExpired(peer.conn);
      if (run !== undefined) this.check(peer, unstage(peer), run);
      const { question } = peer;
      if (question === undefined || question.deadline > now) continue;
      takeQuestion(peer, question.request);
      peer.late.set(String(question.request), question);
      peer.last = undefined;
      this.isFirstSettled = true;
      putOff(peer, this.env.clock.monotonicMs);
    }
    if (this.intervalAt <= now) {
      this.intervalAt = now + syncLimits.intervalMs;
      for (const peer of this.shuffled().slice(0, syncLimits.intervalPeersMax)) {
        peer.isWanted = true;
      }
    }
    this.ask();
  }

  private want(peer: HeaderPeer, claim: BlockHash): void {
    if (this.chain.has(claim)) return;
    peer.claim = claim;
    peer.isWanted = true;
  }

  /** The peer has told all it has: was what it claimed among it? */
  private settleClaim(peer: HeaderPeer): void {
    const { claim } = peer;
    peer.claim = undefined;
    if (claim !== undefined && !this.chain.has(claim)) putOff(peer, this.env.clock.monotonicMs);
    else peer.fruitlessCount = 0;
  }

  /** Blaming may close the connection, and `onClosed` then comes before this returns. */
  private fail(peer: HeaderPeer, code: BadHeaders["code"], detail: string): undefined {
    this.isFirstSettled = true;
    peer.isWanted = false;
    peer.claim = undefined;
    peer.last = undefined;
    putOff(peer, this.env.clock.monotonicMs);
    this.port.blame(peer.conn, code, detail);
    this.ask();
    return undefined;
  }

  /** Asks whom it may; those that disappointed least first, by chance among equals. */
  private ask(): void {
    const now = this.env.clock.monotonicMs;
    this.roomAt = never;
    if (this.openCount >= syncLimits.headerPeersMax) return;
    const mayAsk = (p: HeaderPeer) => p.isWanted && !p.question && !p.staged && p.askAt <= now;
    const peers = this.shuffled().filter(mayAsk);
    if (peers.length === 0) return;
    const room = headerRoom(this.chain);
    if (room < syncLimits.headersRoomMin) {
      this.roomAt = now + syncLimits.roomPollMs;
      return;
    }
    const count = Math.min(room, syncLimits.headersPerMessageMax);
    peers.sort((a, b) => a.fruitlessCount - b.fruitlessCount);
    for (const peer of peers) {
      if (this.openCount >= syncLimits.headerPeersMax) return;
      this.askOne(peer, count, now);
    }
  }

  private askOne(peer: HeaderPeer, count: number, now: number): void {
    const request = ++this.lastRequest;
    const first = [...(peer.last ? [peer.last.hash] : []), this.chain.bestHeader.hash];
    const locator = encodeHashes(locatorFrom(first, this.chain.locator()));
    const sent = this.port.send(peer.conn, {
      type: "get_headers",
      request,
      locator,
      stop: noStop,
      count,
    });
    if (!sent) {
      peer.askAt = now + syncLimits.fruitlessMinMs;
      return;
    }
    const fromHeight = peer.last?.height ?? -1;
    peer.question = { request, count, deadline: now + syncLimits.requestMs, fromHeight };
  }

  private get openCount(): number {
    let count = 0;
    for (const peer of this.peers.values()) if (peer.question ?? peer.staged) count++;
    return count;
  }

  private shuffled(): HeaderPeer[] {
    const peers = [...this.peers.values()];
    for (let last = peers.length - 1; last > 0; last--) {
      const other = this.env.random.below(last + 1);
      [peers[last], peers[other]] = [peers[other]!, peers[last]!];
    }
    return peers;
  }
}
