/**
 * The mutants: each breaks one rule in the real code. Those marked with a letter are the nine that
 * the rules were designed around; the others are what an implementation may get wrong besides.
 * Edits name text that occurs once; when the code moves, `npm run mutants` says which went stale.
 */
import { type Mutant, sim, unit } from "./mutant.ts";

export const mutants: readonly Mutant[] = [];
