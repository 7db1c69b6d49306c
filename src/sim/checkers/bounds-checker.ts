/** I13: pools and maps stay within their bounds, whatever anybody sends. */
import { chainLimits, mempoolLimits } from "../../params/limits.ts";
import { insidesOf } from "../insides.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";

const { validatorsMax, voteSlotsPerValidatorMax, votesPerSlotMax } = chainLimits;

type Sizes = ReturnType<typeof insidesOf>["chain"]["sizes"];

const bounds: Readonly<Record<keyof Sizes, number>> = {
  nodes: chainLimits.treeNodesMax,
  bodyBytes: chainLimits.treeBodyBytesMax,
  orphans: chainLimits.orphansMax,
  future: chainLimits.futureBlocksMax,
  slots: chainLimits.treeNodesMax + chainLimits.orphansMax + chainLimits.futureBlocksMax,
  votes: validatorsMax * voteSlotsPerValidatorMax * votesPerSlotMax,
  parked: 2 * chainLimits.certificatesParkedMax,
  // One more while a block is executed that hands over.
  sets: chainLimits.validatorSetsMax + 1,
};

export function checkMempool(node: SimNode): void {
  const queries = node.node?.queries;
  if (queries === undefined) return;
  const { size, bytes } = queries.mempool();
  if (size > mempoolLimits.transactionsMax || bytes > mempoolLimits.bytesMax) {
    broken(node, `mempool of ${size} transactions, ${bytes} bytes`);
  }
}

/** `keys`: validator keys of the world: nobody else has votes to keep. */
export function checkBounds(node: SimNode, keys: number): void {
  if (node.node === undefined) return;
  const { sizes } = insidesOf(node.node).chain;
  for (const name of Object.keys(bounds) as (keyof Sizes)[]) {
    if (sizes[name] > bounds[name]) broken(node, `${sizes[name]} ${name}, at most ${bounds[name]}`);
  }
  const votes = keys * voteSlotsPerValidatorMax * votesPerSlotMax;
  if (sizes.votes > votes) broken(node, `${sizes.votes} votes of ${keys} validators`);
}
