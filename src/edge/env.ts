/**
 * What the core may ask for, handed in by `host` or `sim`. The clock stands still during a step.
 */
import type { SignatureScheme } from "../crypto/signature-scheme.ts";

export interface Clock {
  /** For deadlines: never goes back. */
  readonly monotonicMs: number;
  /** For slots and what people read: may step. Milliseconds since 1970. */
  readonly wallMs: number;
}

export interface Random {
  /** Uniform in [0, bound), an integer; bound at most 2^32. */
  below(bound: number): number;
  /** Unpredictable bytes (in the simulator: reproducible ones). */
  bytes(count: number): Uint8Array;
}

export interface Env {
  readonly clock: Clock;
  readonly random: Random;
  readonly signatures: SignatureScheme;
}
