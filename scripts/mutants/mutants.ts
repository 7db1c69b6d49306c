/**
 * The mutants: each breaks one rule in the real code. The nine that the rules of finality were
 * designed around have a letter; the others are what an implementation may get wrong besides, the
 * rules that keep connections, and those of sync and relay. Edits name text that occurs once; when
 * the code moves, `npm run mutants` says which went stale.
 */
import { designedMutants } from "./designed.ts";
import type { Mutant } from "./mutant.ts";
import { bodyMutants } from "./of-bodies.ts";
import { chainMutants } from "./of-chain.ts";
import { compactMutants } from "./of-compact.ts";
import { compactPeerMutants } from "./of-compact-peers.ts";
import { conductMutants } from "./of-conduct.ts";
import { deflateMutants } from "./of-deflate.ts";
import { headerMutants } from "./of-headers.ts";
import { inboundMutants } from "./of-inbound.ts";
import { linkMutants } from "./of-links.ts";
import { nodeMutants } from "./of-node.ts";
import { rangeMutants } from "./of-ranges.ts";
import { signatureMutants } from "./of-signatures.ts";
import { syncMutants } from "./of-sync.ts";
import { voteMutants } from "./of-votes.ts";

export const mutantsOf = {
  finality: [...designedMutants, ...voteMutants, ...chainMutants, ...nodeMutants],
  connections: [...conductMutants, ...inboundMutants, ...linkMutants, ...deflateMutants],
  sync: [
    ...headerMutants,
    ...compactMutants,
    ...compactPeerMutants,
    ...syncMutants,
    ...bodyMutants,
    ...rangeMutants,
    ...signatureMutants,
  ],
} satisfies Readonly<Record<string, readonly Mutant[]>>;
