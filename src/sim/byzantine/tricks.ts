/** The tricks of a cheat by their names. */
import type { SignatureScheme } from "../../crypto/signature-scheme.ts";
import type { PublicKey } from "../../model/ids.ts";
import type { CheatKind } from "../cheat.ts";
import { Bouncing } from "./bouncing.ts";
import { brazen } from "./brazen.ts";
import { Conspiring } from "./conspiring.ts";
import { doubleVoting } from "./double-voting.ts";
import { Equivocating, paymentBy } from "./equivocating.ts";
import { garbage } from "./garbage.ts";
import type { Plan } from "./plan.ts";
import type { Trick } from "./puppet.ts";
import { Racing } from "./racing.ts";
import { shameless } from "./shameless.ts";
import { late, silent } from "./silent.ts";
import { Withholding } from "./withholding.ts";

export interface TrickParts {
  readonly signatures: SignatureScheme;
  readonly seed: Uint8Array;
  /** Of all conspirators. */
  readonly plan: Plan;
  /** Keys that may be proposed as validators. */
  readonly candidates: readonly PublicKey[];
}

/** What makes a cloned key harmful is that there are two: each instance is loyal by itself. */
export function tricksOf(kinds: readonly CheatKind[], parts: TrickParts): Trick[] {
  const makers: Readonly<Record<CheatKind, () => Trick[]>> = {
    silent: () => [silent],
    late: () => [late],
    equivocating: () => [brazen, equivocating(parts)],
    "double-voting": () => [brazen, doubleVoting],
    withholding: () => [new Withholding()],
    bouncing: () => [new Bouncing()],
    garbage: () => [garbage],
    cloned: () => [shameless],
    racing: () => racing(parts),
    conspiring: () => conspiring(parts),
  };
  // No trick twice, though two kinds need it.
  return [...new Set(kinds.flatMap((kind) => makers[kind]()))];
}

function equivocating({ signatures, seed }: TrickParts): Trick {
  return new Equivocating({
    second: paymentBy(signatures, seed),
    percent: 70,
    half: (puppet, conn, slot) => puppet.half(conn, slot),
  });
}

/** Perhaps with an instance on either side. */
function racing({ signatures, seed, candidates }: TrickParts): Trick[] {
  const race = new Racing(signatures, seed, candidates);
  return [brazen, shameless, race, race.twins];
}

function conspiring({ plan, signatures, seed }: TrickParts): Trick[] {
  const one = new Conspiring(plan);
  if (plan.isCareful) return [shameless, one];
  const twins = new Equivocating({
    second: (puppet, slot) =>
      plan.stretchOf(slot).act === "halve" ? paymentBy(signatures, seed)(puppet, slot) : undefined,
    percent: 100,
    half: (puppet, conn, slot) => one.halfOf(puppet, conn, slot),
  });
  return [brazen, shameless, one, twins];
}
