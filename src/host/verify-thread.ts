/**
 * One thread that checks signatures, and what it has been given. NOT who is given what
 * (`verify-pool.ts`).
 *
 *   starting ──first message──> ready (orders in flight, answered in turn) ──crash──> gone
 *
 * Invariant: every piece is either answered once or handed back by `onCrash`, unless `close` came.
 */
import { Worker } from "node:worker_threads";
import { assert, defined } from "../base/assert.ts";
import { type Piece, packedBytes, packPiece } from "../chain/verify-pieces.ts";
import type { VerifyAnswer, VerifyOrder } from "./verify-message.ts";

/** A piece of somebody's check. */
export interface Part<T> {
  readonly work: T;
  readonly piece: Piece;
}

export interface ThreadEvents<T> {
  onVerdict(part: Part<T>, firstBad: number): void;
  /** It began to work, or answered: it may be given more. */
  onRoom(): void;
  /** It is gone; `undone` are to be checked by others. Called once. */
  onCrash(undone: readonly Part<T>[], error: unknown): void;
}

export class VerifyThread<T> {
  /** It has begun to work. */
  isReady = false;
  private readonly events: ThreadEvents<T>;
  private readonly worker: Worker;
  private readonly inFlight: (readonly Part<T>[])[] = [];
  private isGone = false;
  /** Given and not answered. */
  private signatures = 0;

  /** `program`: its text (`verify-program.ts`). */
  constructor(program: string, events: ThreadEvents<T>) {
    this.events = events;
    this.worker = new Worker(program, { eval: true, execArgv: [], name: "verify" });
    this.worker.on("message", (answer: VerifyAnswer) => this.onAnswer(answer));
    this.worker.on("messageerror", (error) => this.crash(error));
    this.worker.on("error", (error) => this.crash(error));
    this.worker.on("exit", (code) => this.crash(new Error(`it ended with code ${code}`)));
    // Only what it was given keeps the process. Last: to listen is to hold it.
    this.worker.unref();
  }

  /** How many more it takes of `signaturesMax`; none while it starts: others are quicker then. */
  roomOf(signaturesMax: number): number {
    return this.isReady ? signaturesMax - this.signatures : 0;
  }

  /** One message; all `parts` are of one domain. */
  give(parts: readonly Part<T>[]): void {
    assert(!this.isGone && parts.length > 0, "a thread that is there is given something");
    const checks = parts.map(({ piece }) => {
      const { of, certifiers } = piece;
      return { of, certifiers, length: packedBytes(piece) };
    });
    const bytes = new Uint8Array(checks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const [index, { piece }] of parts.entries()) {
      packPiece(piece, bytes, at);
      at += checks[index]!.length;
      this.signatures += piece.signatures;
    }
    const order: VerifyOrder = { domain: parts[0]!.piece.domain, bytes, checks };
    if (this.inFlight.push(parts) === 1) this.worker.ref();
    this.worker.postMessage(order, [bytes.buffer]);
  }

  /** Ends it; nothing is told any more. */
  async close(): Promise<void> {
    this.isGone = true;
    await this.worker.terminate();
  }

  private onAnswer(answer: VerifyAnswer): void {
    if (this.isGone) return;
    if (!this.isReady) {
      this.isReady = true;
      this.events.onRoom();
      return;
    }
    const parts = defined(this.inFlight.shift(), "an answer follows an order");
    if (this.inFlight.length === 0) this.worker.unref();
    assert(answer.length === parts.length, "each check gets its verdict");
    for (const { piece } of parts) this.signatures -= piece.signatures;
    for (const [index, part] of parts.entries()) this.events.onVerdict(part, answer[index]!);
    this.events.onRoom();
  }

  private crash(error: unknown): void {
    if (this.isGone) return;
    this.isGone = true;
    void this.worker.terminate();
    this.events.onCrash(this.inFlight.flat(), error);
  }
}
