/**
 * The mutants: each breaks one rule in the real code. The nine that the rules of finality were
 * designed around have a letter; the others are what an implementation may get wrong besides, and
 * the rules that keep connections. Edits name text that occurs once; when the code moves,
 * `npm run mutants` says which went stale.
 */
import { designedMutants } from "./designed.ts";
import type { Mutant } from "./mutant.ts";
import { chainMutants } from "./of-chain.ts";
import { conductMutants } from "./of-conduct.ts";
import { inboundMutants } from "./of-inbound.ts";
import { linkMutants } from "./of-links.ts";
import { nodeMutants } from "./of-node.ts";
import { voteMutants } from "./of-votes.ts";

export const mutants: readonly Mutant[] = [
  ...designedMutants,
  ...voteMutants,
  ...chainMutants,
  ...nodeMutants,
  ...conductMutants,
  ...inboundMutants,
  ...linkMutants,
];
