/**
 * Serves headers and bodies to peers, from memory and from disk. Decides nothing about the chain.
 * Peers share by their lanes: what fits goes out, a full lane stops that peer's answers until
 * `onRoom`, and each has at most two loads under way, all together `answerLoadsMax`, given out in
 * turn, so nobody's question delays another's.
 *
 * Invariant: at most `answersPerPeerMax` answers are open for a peer, and of its `get_blocks` only
 * the oldest reads ahead; more questions are ignored and blamed softly ("unsolicited"), since an
 * impatient honest peer may repeat itself. All of it goes with the connection.
 * protocol-spec/08-limits §4, 09-connections §5.
 */
import type { Conn, Job } from "../edge/conn.ts";
import type { PeerPort } from "../edge/port.ts";
import { type BlockHash, blockHashOf } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { Lane, MessageOf } from "../wire/messages.ts";
import type { Answer } from "./answer.ts";
import { BodyAnswer } from "./body-answer.ts";
import { HeaderAnswer } from "./header-answer.ts";
import { decodeHashes, hashBytes } from "./locator.ts";
import type { Loads, ServedChain } from "./sync-chain.ts";

/** The oldest of each list is worked on; a long one holds up none of another list. */
interface ServedPeer {
  readonly headers: Answer[];
  /** Single blocks of `get_data`: a burst of announcements asks for many, and may be told no. */
  readonly blocks: Answer[];
  readonly bodies: Answer[];
  isBlocked: boolean;
}

/** Who has no room may find some when another's frame leaves: so many are looked at, in turn. */
const roomTurnsMax = 8;

export interface ServerPort extends PeerPort {
  /**
   * May so many bytes be read from disk for that lane, beside those on the way for anybody? Of what
   * is in memory anyway more may wait.
   */
  hasForRead(conn: Conn, lane: Lane, bytes: number, onTheWay: number): boolean;
}

export class ChainServer {
  private readonly port: ServerPort;
  private readonly chain: ServedChain;
  private readonly loads: Loads;
  private readonly peers = new Map<Conn, ServedPeer>();
  private readonly jobs = new Map<Job, { readonly conn: Conn; readonly answer: Answer }>();
  /** Peers whose answers wait until fewer loads are under way, in order. */
  private readonly waiting = new Set<Conn>();
  /** Peers for whom nothing may be read now; others may have to make room. */
  private readonly roomless = new Set<Conn>();
  /** True: what would have to be read from disk is said not to be here. */
  private readonly sparesDisk: () => boolean;

  constructor(port: ServerPort, chain: ServedChain, loads: Loads, sparesDisk = () => false) {
    this.sparesDisk = sparesDisk;
    this.port = port;
    this.chain = chain;
    this.loads = loads;
  }

  /** Open answers, loads under way and bytes read ahead, over all peers. */
  get load(): { readonly answers: number; readonly jobs: number; readonly heldBytes: number } {
    let answers = 0;
    let heldBytes = 0;
    for (const peer of this.peers.values()) {
      const open = answersOf(peer);
      answers += open.length;
      for (const answer of open) heldBytes += answer.heldBytes;
    }
    return { answers, jobs: this.jobs.size, heldBytes };
  }

  onGetHeaders(conn: Conn, message: MessageOf<"get_headers">): void {
    const locator = decodeHashes(message.locator, syncLimits.locatorMax);
    if (locator === undefined || message.stop.length !== hashBytes) {
      this.port.blame(conn, "bad-field", "1 to 64 locator hashes and a stop hash expected");
      return;
    }
    const peer = this.open(conn, "get_headers");
    if (peer === undefined) return;
    const { request } = message;
    const count = Math.min(message.count, syncLimits.headersPerMessageMax);
    const hasForRead = this.forRead(conn, "bulk");
    const question = { request, locator, stop: blockHashOf(message.stop), count, hasForRead };
    peer.headers.push(new HeaderAnswer(this.chain, this.loads, question));
    this.serve(conn, peer);
  }

  onGetBlocks(conn: Conn, message: MessageOf<"get_blocks">): void {
    const { request } = message;
    const hashes = decodeHashes(message.hashes, syncLimits.blocksPerRequestMax);
    if (hashes === undefined) {
      const detail = `1 to ${syncLimits.blocksPerRequestMax} block hashes expected`;
      this.port.blame(conn, "bad-field", detail);
      return;
    }
    const peer = this.open(conn, "get_blocks");
    if (peer === undefined) return;
    const hasForRead = this.forRead(conn, "bulk");
    const question = { request, hashes, newOnly: this.sparesDisk(), hasForRead };
    peer.bodies.push(new BodyAnswer(this.chain, this.loads, question));
    this.serve(conn, peer);
  }

  /**
   * Answers a block item of `get_data` by `new_block` or `not_found`: from memory at once, whatever
   * else the peer waits for, or from disk by and by. False, and nothing is sent, when the lane is
   * full or the peer has too many such answers open.
   */
  serveBlock(conn: Conn, hash: BlockHash): boolean {
    const hasForRead = this.forRead(conn, "block");
    const newOnly = this.sparesDisk();
    const question = { request: undefined, hashes: [hash], newOnly, hasForRead };
    const answer = new BodyAnswer(this.chain, this.loads, question);
    if (this.chain.bodyOf(hash) !== undefined) {
      const step = answer.step();
      return step.type === "send" && this.port.send(conn, step.message);
    }
    const peer = this.peerOf(conn);
    if (peer.blocks.length >= syncLimits.answersPerPeerMax) return false;
    peer.blocks.push(answer);
    this.serve(conn, peer);
    return true;
  }

  /** False when the job is not ours or its peer is gone. */
  onLoaded(job: Job, values: readonly (Uint8Array | undefined)[]): boolean {
    const waiting = this.jobs.get(job);
    if (waiting === undefined) return false;
    this.jobs.delete(job);
    const { conn, answer } = waiting;
    answer.onLoaded(values);
    this.track(conn, answer);
    this.serveWaiting();
    const peer = this.peers.get(conn);
    if (peer !== undefined) this.serve(conn, peer);
    return true;
  }

  /** The lanes of `conn` may have drained. Cheap when nothing waits for that. */
  onRoom(conn: Conn): void {
    this.unblock(conn);
    let turns = Math.min(this.roomless.size, roomTurnsMax);
    for (const next of this.roomless) {
      if (turns-- <= 0) break;
      this.unblock(next);
    }
  }

  onClosed(conn: Conn): void {
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    this.peers.delete(conn);
    this.waiting.delete(conn);
    this.roomless.delete(conn);
    for (const { job } of answersOf(peer)) if (job !== undefined) this.jobs.delete(job);
    this.serveWaiting();
  }

  private unblock(conn: Conn): void {
    this.roomless.delete(conn);
    const peer = this.peers.get(conn);
    if (peer === undefined || !peer.isBlocked) return;
    peer.isBlocked = false;
    this.serve(conn, peer);
  }

  private peerOf(conn: Conn): ServedPeer {
    const known = this.peers.get(conn);
    if (known !== undefined) return known;
    const peer = { headers: [], blocks: [], bodies: [], isBlocked: false };
    this.peers.set(conn, peer);
    return peer;
  }

  private open(conn: Conn, what: string): ServedPeer | undefined {
    const peer = this.peerOf(conn);
    if (peer.headers.length + peer.bodies.length < syncLimits.answersPerPeerMax) return peer;
    const detail = `${what} beyond ${syncLimits.answersPerPeerMax} open ones`;
    this.port.blame(conn, "unsolicited", detail);
    return undefined;
  }

  /** Goes on until the lane is full, the store is awaited or nothing is left. */
  private serve(conn: Conn, peer: ServedPeer): void {
    while (
      !peer.isBlocked &&
      (this.advance(conn, peer, peer.headers) ||
        this.advance(conn, peer, peer.blocks) ||
        this.advance(conn, peer, peer.bodies))
    ) {
      if (this.peers.get(conn) !== peer) return;
    }
    const isIdle = answersOf(peer).length === 0;
    if (isIdle && this.peers.get(conn) === peer) this.peers.delete(conn);
  }

  /** A load has ended: whoever waits longest is next, and no more than there is room for. */
  private serveWaiting(): void {
    for (const conn of this.waiting) {
      if (this.jobs.size >= syncLimits.answerLoadsMax) return;
      this.waiting.delete(conn);
      const peer = this.peers.get(conn);
      if (peer !== undefined) this.serve(conn, peer);
    }
  }

  private forRead(conn: Conn, lane: Lane): (bytes: number) => boolean {
    return (bytes) => {
      let onTheWay = 0;
      for (const { answer } of this.jobs.values()) onTheWay += answer.loadingBytes;
      return this.port.hasForRead(conn, lane, bytes, onTheWay);
    };
  }

  private track(conn: Conn, answer: Answer): void {
    if (answer.job !== undefined) this.jobs.set(answer.job, { conn, answer });
  }

  /** One step of the oldest answer; false when it cannot move now. */
  private advance(conn: Conn, peer: ServedPeer, answers: Answer[]): boolean {
    const answer = answers[0];
    if (answer === undefined) return false;
    if (answer.job !== undefined && this.jobs.has(answer.job)) return false;
    if (this.jobs.size >= syncLimits.answerLoadsMax) {
      this.waiting.add(conn);
      return false;
    }
    const step = answer.step();
    this.track(conn, answer);
    switch (step.type) {
      case "done":
        answers.shift();
        return true;
      case "waiting":
        return false;
      case "blocked":
        peer.isBlocked = true;
        this.roomless.add(conn);
        return false;
      case "send":
        peer.isBlocked = !this.port.send(conn, step.message);
        if (peer.isBlocked) answer.onRefused();
        else answer.onSent();
        return !peer.isBlocked;
    }
  }
}

function answersOf(peer: ServedPeer): readonly Answer[] {
  return [...peer.headers, ...peer.blocks, ...peer.bodies];
}
