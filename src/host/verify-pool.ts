/**
 * Checks the signatures of bodies and headers on threads, and on the main thread too when they have
 * enough to do, so that all processors are busy. The same verdicts as `verify-inline.ts`, in any
 * order. Threads begin with the first load that is worth one: a node that keeps up needs none.
 *
 *   verify ──> queue of pieces ──turn──> threads with room, `giveMax` signatures in a message
 *                                  └───> here: some in each turn of the loop that did nothing else,
 *                                        while there is more than the threads take
 *
 * Invariants: `done` is called once, later, unless `close` came; a thread that crashes costs time,
 * never a verdict; of a few signatures nobody pays for a message.
 */
import { assert } from "../base/assert.ts";
import { firstBad } from "../chain/first-bad.ts";
import {
  cutCheck,
  earlierVerdict,
  packedBytes,
  packPiece,
  verdictOfPiece,
} from "../chain/verify-pieces.ts";
import { ed25519 } from "../crypto/ed25519.ts";
import type { SignatureCheck } from "../edge/effect.ts";
import { chainLimits, syncLimits } from "../params/limits.ts";
import { reasonOf } from "./host-error.ts";
import type { Verifier } from "./host-parts.ts";
import { VerifyInline } from "./verify-inline.ts";
import { verifyProgram } from "./verify-program.ts";
import { type Part, VerifyThread } from "./verify-thread.ts";

/** Bodies, and the runs of headers. */
const jobsMax = chainLimits.verifyJobsMax + syncLimits.headerPeersMax;
/** Signatures in a piece, and those of a turn: what is done here between two looks at the sockets. */
const pieceMax = 48;
const turnMax = 8;
/** A turn of the loop that took no longer had nothing to do. */
const emptyTurnMs = 0.1;
/** Signatures in one message, and with one thread: a long step here must not leave it idle. */
const giveMax = 128;
const aheadMax = 512;
/** Up to so many are done here at once: less than a message and its answer. */
const fewMax = 4;
/** So much waits before threads are started. */
const startAt = 128;

interface Work {
  readonly done: (firstBad: number) => void;
  verdict: number;
  piecesLeft: number;
}

type Say = (level: "error", text: string) => void;

const program = new URL("./verify-worker.ts", import.meta.url);

/** The verifier of a node with so many threads beside the main one; 0: none. */
export function openVerifier(threads: number, say: Say): Verifier {
  return threads === 0 ? new VerifyInline(ed25519) : new VerifyPool(threads, say);
}

export class VerifyPool implements Verifier {
  private readonly threadsMax: number;
  private readonly say: Say;
  private readonly program: URL;
  private threads: VerifyThread<Work>[] | undefined;
  private queue: Part<Work>[] = [];
  private waiting = 0;
  private jobs = 0;
  private turn: NodeJS.Immediate | undefined;
  private turnEndedAt = 0;
  private isClosed = false;

  /** `worker`: another program than the real one, for tests. */
  constructor(threads: number, say: Say, worker = program) {
    this.threadsMax = threads;
    this.say = say;
    this.program = worker;
  }

  verify(check: SignatureCheck, done: (firstBad: number) => void): void {
    assert(this.jobs < jobsMax, "the core asks for so many at once");
    this.jobs++;
    const pieces = cutCheck(check, pieceMax);
    const work: Work = { done, verdict: -1, piecesLeft: pieces.length };
    for (const piece of pieces) this.push({ work, piece });
    this.arm();
  }

  /** Forgets what was asked. Resolves when no thread is left. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.queue = [];
    if (this.turn !== undefined) clearImmediate(this.turn);
    this.turn = undefined;
    await Promise.all((this.threads ?? []).map((thread) => thread.close()));
  }

  private push(part: Part<Work>): void {
    this.queue.push(part);
    this.waiting += part.piece.signatures;
  }

  private arm(): void {
    if (!this.isClosed) this.turn ??= setImmediate(() => this.onTurn());
  }

  private onTurn(): void {
    this.turn = undefined;
    if (this.threads === undefined && this.waiting > startAt) void this.start();
    const isFew = this.waiting <= fewMax;
    if (!isFew) this.feed();
    // What the node has to do nobody else can; the threads have enough meanwhile.
    const isIdle = performance.now() - this.turnEndedAt < emptyTurnMs;
    if (isFew || isIdle || !this.isHelped) this.checkSome();
    this.turnEndedAt = performance.now();
    if (this.queue.length > 0) this.arm();
  }

  private get isHelped(): boolean {
    return this.threads?.some(({ isReady }) => isReady) ?? false;
  }

  private async start(): Promise<void> {
    this.threads = [];
    try {
      const text = await verifyProgram(this.program);
      if (!this.isClosed) this.threads = this.threadsOf(text);
    } catch (error) {
      const reason = reasonOf(error).replaceAll("\n", " ");
      this.say("error", `no thread can start, the main thread checks alone: ${reason}`);
    }
  }

  private threadsOf(text: string): VerifyThread<Work>[] {
    return Array.from({ length: this.threadsMax }, () => {
      const thread: VerifyThread<Work> = new VerifyThread(text, {
        onVerdict: (part, firstBad) => this.onVerdict(part, firstBad),
        onRoom: () => this.feed(),
        onCrash: (undone, error) => this.onCrash(thread, undone, error),
      });
      return thread;
    });
  }

  /** The one with least to do first, until all have enough. */
  private feed(): void {
    const { threads = [] } = this;
    while (this.queue.length > 0) {
      let idlest: VerifyThread<Work> | undefined;
      let room = 0;
      for (const thread of threads) {
        const roomOf = thread.roomOf(aheadMax);
        if (roomOf > room) [idlest, room] = [thread, roomOf];
      }
      if (idlest === undefined) return;
      idlest.give(this.takeParts());
    }
  }

  /** From the front: of one domain, as many as a message takes. */
  private takeParts(): Part<Work>[] {
    const { domain } = this.queue[0]!.piece;
    let signatures = 0;
    let count = 0;
    while (count < this.queue.length && this.queue[count]!.piece.domain === domain) {
      signatures += this.queue[count]!.piece.signatures;
      if (count > 0 && signatures > giveMax) break;
      count++;
    }
    const parts = this.queue.splice(0, count);
    for (const { piece } of parts) this.waiting -= piece.signatures;
    return parts;
  }

  /** What no thread has taken: here. */
  private checkSome(): void {
    for (let signatures = 0; signatures < turnMax; ) {
      const part = this.queue.shift();
      if (part === undefined) return;
      const { piece } = part;
      this.waiting -= piece.signatures;
      signatures += piece.signatures;
      const bytes = new Uint8Array(packedBytes(piece));
      packPiece(piece, bytes, 0);
      this.onVerdict(part, firstBad(ed25519, { ...piece, bytes }));
    }
  }

  private onVerdict({ work, piece }: Part<Work>, firstBad: number): void {
    if (this.isClosed) return;
    work.verdict = earlierVerdict(work.verdict, verdictOfPiece(piece, firstBad));
    if (--work.piecesLeft > 0) return;
    this.jobs--;
    work.done(work.verdict);
  }

  private onCrash(gone: VerifyThread<Work>, undone: readonly Part<Work>[], error: unknown): void {
    this.threads = (this.threads ?? []).filter((thread) => thread !== gone);
    const left = this.threads.length;
    const who = left === 0 ? "the main thread checks alone" : `${left} are left`;
    this.say("error", `a thread that checks signatures crashed, ${who}: ${reasonOf(error)}`);
    // They are the oldest.
    this.queue.unshift(...undone);
    for (const { piece } of undone) this.waiting += piece.signatures;
    this.arm();
  }
}
