/**
 * Brings the chain up to what peers have: headers first, then bodies. Composes the two halves and
 * tells how far we are. Decides no validity and no fork choice; keeps no block.
 * protocol-spec/09-connections §5.
 */
import type { Imported } from "../chain/imported.ts";
import type { Conn, Job } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import { type BlockHash, blockHashOf } from "../model/ids.ts";
import type { Hello, MessageOf } from "../wire/messages.ts";
import { type AskedRange, BlockDownload } from "./block-download.ts";
import { BlockRate } from "./block-rate.ts";
import { HeaderSync, type Shown } from "./header-sync.ts";
import { type HelperScores, noScores } from "./helper-scores.ts";
import type { SyncChain } from "./sync-chain.ts";

export interface SyncOptions {
  /** No peers are expected: alone is not lonely. */
  readonly solo: boolean;
  /** Whom to ask first; all are alike when absent. */
  readonly scores?: HelperScores;
}

export interface SyncProgress {
  readonly state: "synced" | "syncing" | "lonely";
  readonly currentHeight: number;
  /** Best header we know, or what most peers claim if that is higher: a hint. */
  readonly targetHeight: number;
  /** Ready peers. */
  readonly peers: number;
  readonly blocksPerSecond: number;
  /** At that rate; null while it is 0 and something is left. */
  readonly secondsLeft: number | null;
}

/** Behind by more than this many blocks is syncing: one may be on its way at any time. */
const behindMax = 2;

export class Synchronizer {
  private readonly env: Env;
  private readonly chain: SyncChain;
  private readonly options: SyncOptions;
  private readonly headers: HeaderSync;
  private readonly bodies: BlockDownload;
  private readonly rate = new BlockRate();
  private readonly ready = new Set<Conn>();

  constructor(env: Env, port: PeerPort, chain: SyncChain, options: SyncOptions) {
    this.env = env;
    this.chain = chain;
    this.options = options;
    this.headers = new HeaderSync(env, port, chain);
    this.bodies = new BlockDownload(env, port, chain, options.scores ?? noScores);
  }

  onReady(conn: Conn, hello: Pick<Hello, "height" | "headHash">): void {
    this.ready.add(conn);
    this.noteRate();
    this.bodies.onReady(conn, hello.height);
    this.headers.onReady(conn, hello.height, blockHashOf(hello.headHash));
  }

  onClosed(conn: Conn): void {
    if (!this.ready.delete(conn)) return;
    this.headers.onClosed(conn);
    this.bodies.onClosed(conn);
  }

  /** Returns the height up to which the peer has shown to have blocks that we know. */
  onHeaders(conn: Conn, message: MessageOf<"headers">): number | undefined {
    const height = this.headers.onHeaders(conn, message);
    this.onShown(conn, height);
    return height;
  }

  /** Headers may have waited for that job. Returns whose, and what they show. */
  onVerified(job: Job): Shown | undefined {
    const shown = this.headers.onVerified(job);
    if (shown !== undefined) this.onShown(shown.conn, shown.height);
    return shown;
  }

  private onShown(conn: Conn, height: number | undefined): void {
    if (height !== undefined) this.bodies.onHeight(conn, height);
    this.bodies.look();
  }

  /** The peer is to show what it has, also if we have it too. */
  askTip(conn: Conn): void {
    this.headers.probe(conn);
  }

  /** Bodies are on their way. */
  get isFetching(): boolean {
    return this.bodies.load.blocks > 0;
  }

  /** Whoever calls blames the source of what comes back rejected. */
  onBlockBody(conn: Conn, message: MessageOf<"block_body">): readonly Imported[] {
    if (this.headers.isProof(message)) {
      this.onShown(conn, this.headers.onProof(conn, message));
      return [];
    }
    const imported = this.bodies.onBody(conn, message);
    this.headers.look();
    this.noteRate();
    return imported;
  }

  /** `conn` announced a block that we do not have, or whose header alone we have. */
  onAnnounced(conn: Conn, hash: BlockHash): void {
    this.bodies.onAnnounced(conn, hash);
    if (this.chain.node(hash) !== undefined) return;
    this.headers.onAnnounced(conn, hash);
  }

  /** `conn` sent a block whose parent `missing` we do not have. */
  onOrphan(conn: Conn, missing: BlockHash): void {
    this.headers.onAnnounced(conn, missing);
  }

  get deadline(): number {
    return Math.min(this.headers.deadline, this.bodies.deadline);
  }

  tick(): void {
    this.noteRate();
    this.headers.tick();
    this.bodies.tick();
  }

  /** Headers prove that there is more than we have executed; claims alone do not count. */
  get isBehind(): boolean {
    return this.headersAhead > behindMax;
  }

  /** Blocks from the head to the best header; 0 when that is on a shorter branch. */
  get headersAhead(): number {
    const { head, bestHeader } = this.chain;
    return Math.max(0, bestHeader.height - head.height);
  }

  progress(): SyncProgress {
    const { head, bestHeader } = this.chain;
    const { monotonicMs } = this.env.clock;
    const targetHeight = Math.max(head.height, bestHeader.height, this.claimedHeight());
    const blocksPerSecond = this.rate.perSecond(monotonicMs, head.height);
    const left = targetHeight - head.height;
    const secondsLeft = blocksPerSecond > 0 ? Math.ceil(left / blocksPerSecond) : null;
    return {
      state: this.state,
      currentHeight: head.height,
      targetHeight,
      peers: this.ready.size,
      blocksPerSecond,
      secondsLeft: left === 0 ? 0 : secondsLeft,
    };
  }

  /** Which bodies are on their way from whom. */
  ranges(): readonly AskedRange[] {
    return this.bodies.ranges();
  }

  /** As `progress` says it, without the rest. */
  get state(): SyncProgress["state"] {
    if (this.ready.size === 0) return this.options.solo ? "synced" : "lonely";
    return this.isBehind || this.headers.isWaitingForFirst ? "syncing" : "synced";
  }

  /** The lower median: one liar among three moves it no further than an honest peer. */
  private claimedHeight(): number {
    const heights = this.bodies.heights().sort((a, b) => a - b);
    return heights[(heights.length - 1) >> 1] ?? 0;
  }

  private noteRate(): void {
    this.rate.note(this.env.clock.monotonicMs, this.chain.head.height);
  }
}
