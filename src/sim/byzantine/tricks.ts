/** The tricks of a cheat by their names. */
import type { SignatureScheme } from "../../crypto/signature-scheme.ts";
import type { CheatKind } from "../swarm.ts";
import { Bouncing } from "./bouncing.ts";
import { doubleVoting } from "./double-voting.ts";
import { Equivocating } from "./equivocating.ts";
import { garbage } from "./garbage.ts";
import type { Trick } from "./puppet.ts";
import { shameless } from "./shameless.ts";
import { late, silent } from "./silent.ts";
import { Withholding } from "./withholding.ts";

/** What makes a cloned key harmful is that there are two: each instance is loyal by itself. */
export function tricksOf(
  kinds: readonly CheatKind[],
  signatures: SignatureScheme,
  seed: Uint8Array,
): Trick[] {
  const makers: Readonly<Record<CheatKind, () => Trick[]>> = {
    silent: () => [silent],
    late: () => [late],
    equivocating: () => [new Equivocating(signatures, seed)],
    "double-voting": () => [doubleVoting],
    withholding: () => [new Withholding()],
    bouncing: () => [new Bouncing()],
    garbage: () => [garbage],
    cloned: () => [shameless],
  };
  return kinds.flatMap((kind) => makers[kind]());
}
