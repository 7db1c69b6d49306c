/**
 * One question of a peer being answered, as a cursor that is moved step by step: so a peer who asks
 * for much costs one batch in memory, and a peer who reads slowly costs no more.
 * protocol-spec/08-limits §4, 09-connections §5.
 */
import type { Job } from "../edge/conn.ts";
import type { Message } from "../wire/messages.ts";

/** What the next step of an answer is. */
export type Step =
  /** Send it; then call `onSent`. */
  | { readonly type: "send"; readonly message: Message }
  /** The store was asked; `onLoaded` will come. */
  | { readonly type: "waiting" }
  /** What is next is on disk and stays there until the peer has room for it. */
  | { readonly type: "blocked" }
  | { readonly type: "done" };

export interface Answer {
  /** Asked of the store and not come yet. */
  readonly job: Job | undefined;
  /** Bytes in memory for this answer, beyond what the chain holds anyway. */
  readonly heldBytes: number;
  /** Bytes that `job` brings, about. */
  readonly loadingBytes: number;
  step(): Step;
  /** The message of the last step was taken. */
  onSent(): void;
  /** It was not: what was read for it is let go, and read again when there is room. */
  onRefused(): void;
  /** Values of `job`, in the order of its keys. */
  onLoaded(values: readonly (Uint8Array | undefined)[]): void;
}
