/**
 * Checks the signatures of block bodies on the main thread, one body per turn of the loop so that
 * sockets and ticks come through between two. The same verdicts as a pool of workers would give.
 */
import { firstBadSignature } from "../chain/verify-body.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { PublicKey } from "../model/ids.ts";
import type { SigningDomain } from "../model/signing-domain.ts";

interface Work {
  readonly domain: SigningDomain;
  readonly body: Uint8Array;
  readonly certifiers: readonly PublicKey[];
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
  verify(
    domain: SigningDomain,
    body: Uint8Array,
    certifiers: readonly PublicKey[],
    done: (firstBad: number) => void,
  ): void {
    this.queue.push({ domain, body, certifiers, done });
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
    const { domain, body, certifiers } = work;
    work.done(firstBadSignature(this.signatures, domain, body, certifiers));
  }
}
