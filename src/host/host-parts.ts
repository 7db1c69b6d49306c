/** What a host is made of, as it needs it: the node, and those who work for it. */
import type { Conn } from "../edge/conn.ts";
import type { Effect, SignatureCheck, SignRequest } from "../edge/effect.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { Input } from "../edge/input.ts";
import type { LevelStore } from "./level-store.ts";
import type { SystemClock } from "./system.ts";

export interface NodeLike {
  handle(input: Input): readonly Effect[];
  take(conn: Conn, bytesMax: number): Uint8Array | undefined;
  readonly deadline: number;
}

/** Keeps a validator's secret; a refusal is a value, not an error. */
export interface Signer {
  sign(request: SignRequest): Promise<Uint8Array | { readonly refused: string }>;
  close(): Promise<void>;
}

export interface Verifier {
  /** `done` gets what `firstBad` says of `check` (chain/first-bad.ts), never synchronously. */
  verify(check: SignatureCheck, done: (firstBad: number) => void): void;
  close(): void;
}

export interface HostParts {
  readonly node: NodeLike;
  readonly clock: SystemClock;
  readonly store: LevelStore;
  readonly verifier: Verifier;
  readonly signer: Signer | undefined;
  /** Facts for onlookers, after the step that they come from. */
  readonly onEvent: (event: NodeEvent) => void;
  /** Our own fault or the disk's: the host has stopped; the process should end. Called once. */
  readonly onFatal: (error: unknown) => void;
}
