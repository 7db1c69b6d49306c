/**
 * Checks signatures on the main thread, one job per turn of the loop so that sockets and ticks come
 * through between two. The same verdicts as a pool of workers would give.
 */
import { firstBad } from "../chain/first-bad.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { SignatureCheck } from "../edge/effect.ts";

interface Work {
  readonly check: SignatureCheck;
  readonly done: (firstBad: number) => void;
}

export class VerifyInline {
  private readonly signatures: SignatureScheme;
  private readonly queue: Work[] = [];
  private turn: NodeJS.Immediate | undefined;

  constructor(signatures: SignatureScheme) {
    this.signatures = signatures;
  }

  /** `done` comes later, never from inside this call, in the order asked. */
  verify(check: SignatureCheck, done: (firstBad: number) => void): void {
    this.queue.push({ check, done });
    this.turn ??= setImmediate(() => this.next());
  }

  /** Forgets what was asked. */
  close(): void {
    this.queue.length = 0;
    if (this.turn !== undefined) clearImmediate(this.turn);
    this.turn = undefined;
  }

  private next(): void {
    this.turn = undefined;
    const work = this.queue.shift();
    if (work === undefined) return;
    if (this.queue.length > 0) this.turn = setImmediate(() => this.next());
    work.done(firstBad(this.signatures, work.check));
  }
}
