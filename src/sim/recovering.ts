/**
 * People end the loss of a quorum: they stop all nodes, compare, choose the highest justified block
 * that is left and the validators that are left, and start every node with the same recovery file.
 * What a validator lost for good still has it adopts when it returns. protocol-spec/06-validation
 * §11; its effect on a node is the node's own code.
 */
import type { Ticket } from "../edge/conn.ts";
import type { BlockHash, PublicKey } from "../model/ids.ts";
import { slotAt } from "../model/network-file.ts";
import type { Recovery } from "../model/recovery.ts";
import { insidesOf } from "./insides.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimNode } from "./sim-node.ts";
import { wallEpochMs } from "./wall-epoch.ts";

export interface RecoveringParts {
  readonly nodes: readonly SimNode[];
  readonly honest: readonly SimNode[];
  readonly random: SeededRandom;
  readonly genesisHash: BlockHash;
  readonly now: () => number;
  readonly at: (timeMs: number, action: () => void) => void;
  readonly onDecided: (recovery: Recovery) => void;
}

/** People wait for so many slots without a final block before they decide. */
const patienceSlots = 8;

/** The latest, if it was adopted; undefined: finality stands no still, or nobody knows anything. */
export function recover(parts: RecoveringParts): Recovery | undefined {
  const up = parts.honest.filter(({ node }) => node !== undefined);
  const recovery = up.length === 0 ? undefined : decide(parts, up);
  if (recovery === undefined) return undefined;
  for (const node of parts.nodes) {
    const { node: before } = node.options;
    node.options.node = { ...before, recoveries: [...(before.recoveries ?? []), recovery] };
    if (node.node === undefined) continue;
    // A stop, not a crash: what was written is flushed.
    node.store.sync(Number.MAX_SAFE_INTEGER as Ticket);
    node.crash();
  }
  parts.onDecided(recovery);
  for (const node of parts.nodes) {
    if (!up.includes(node) && !node.isByzantine) continue;
    const { starts } = node;
    parts.at(parts.now() + parts.random.below(2_000), () => {
      if (node.node === undefined && node.starts === starts) node.start();
    });
  }
  return recovery;
}

function decide(parts: RecoveringParts, up: readonly SimNode[]): Recovery | undefined {
  const { honest, random, genesisHash } = parts;
  const { networkFile } = up[0]!.options.node;
  const slot = slotAt(networkFile, wallEpochMs + parts.now());
  const finalSlot = Math.max(...up.map(({ node }) => node!.queries.finalized().slot));
  if (slot - finalSlot < patienceSlots) return undefined;
  const justified = up.map(({ node }) => insidesOf(node!).chain.justified);
  const [block] = justified.toSorted((a, b) => b.slot - a.slot);
  if (block === undefined || block.height === 0) return undefined;
  // What only disks of the lost hold was reported final: people look for those, and wait.
  if (honest.some(({ reportedFinal }) => reportedFinal.height > block.height)) return undefined;
  const validators = membersFor(up, block.slot);
  if (validators.length === 0) return undefined;
  // Above whatever anybody signed, clocks that went ahead included.
  const minSlot = slot + 8 + random.below(8);
  const recoveryId = Buffer.from(random.bytes(32)).toString("hex");
  const { height, hash } = block;
  return { network: genesisHash, block: { height, hash }, validators, minSlot, recoveryId };
}

/** Whose signer may vote from that block on: not who lost its record since. */
function membersFor(up: readonly SimNode[], sourceSlot: number): readonly PublicKey[] {
  return up.flatMap(({ options: { signer, validatorKey } }) => {
    const maySign = signer !== undefined && signer.floors.sourceSlot <= sourceSlot;
    return validatorKey !== undefined && maySign ? [validatorKey] : [];
  });
}
