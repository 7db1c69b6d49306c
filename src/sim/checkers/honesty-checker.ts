/**
 * I5: an honest key signs no two messages that are evidence, whatever crashes. And persist before
 * send: what others have of a validator's block, a power cut at the validator does not take back.
 */
import { bodyKey } from "../../chain/records.ts";
import type { SignRequest } from "../../edge/effect.ts";
import { type BlockHash, blockHashOf } from "../../model/ids.ts";
import { decodeVoteData, type VoteData } from "../../model/vote.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

export class HonestyChecker {
  private readonly world: Observed;
  private readonly seals = new Map<string, string>();
  private readonly votes = new Map<SimNode, VoteData[]>();
  private readonly sealers = new Map<BlockHash, { node: SimNode; height: number }>();
  private readonly hashesAt = new Map<number, BlockHash>();

  constructor(world: Observed) {
    this.world = world;
  }

  onSigned(node: SimNode, request: SignRequest): void {
    if (request.type === "attest") return;
    if (request.type === "seal") {
      const name = `${node.options.validatorKey}:${request.slot}`;
      const hash = blockHashOf(request.blockHash);
      const known = this.seals.get(name);
      if (known !== undefined && known !== hash) broken(node, `two seals in slot ${request.slot}`);
      this.seals.set(name, hash);
      return;
    }
    const vote = decodeVoteData(request.data);
    if ("problem" in vote) broken(node, `signed no vote: ${vote.problem}`);
    const votes = this.votes.get(node) ?? [];
    this.votes.set(node, votes);
    for (const other of votes) {
      const fault = faultOf(vote, other);
      if (fault !== undefined) {
        broken(
          node,
          `an honest key signed a ${fault}: slots ${other.targetSlot}, ${vote.targetSlot}`,
        );
      }
    }
    votes.push(vote);
  }

  onSealed(node: SimNode, height: number, hash: BlockHash): void {
    const { rare } = this.world;
    if (!node.isByzantine) this.sealers.set(hash, { node, height });
    const other = this.hashesAt.get(height);
    if (other !== undefined && other !== hash) rare.count("two blocks at one height");
    this.hashesAt.set(height, hash);
  }

  /** Another node has executed it. */
  onHeadMoved(node: SimNode, hash: BlockHash): void {
    const sealer = this.sealers.get(hash);
    if (sealer === undefined || sealer.node === node) return;
    // What lost against a final block of its sealer is rightly deleted there.
    const isOutdone = sealer.node.reportedFinal.height >= sealer.height;
    if (!isOutdone && !sealer.node.store.isDurable(bodyKey({ height: sealer.height, hash }))) {
      broken(sealer.node, `sent its block ${hash} before it was durable`);
    }
    this.sealers.delete(hash);
  }

  /** Its disk is of an older day: its blocks are rightly gone. */
  onRestored(node: SimNode): void {
    for (const [hash, sealer] of this.sealers) if (sealer.node === node) this.sealers.delete(hash);
  }
}

/** By the definition, not by the code that nodes run. */
function faultOf(a: VoteData, b: VoteData): string | undefined {
  if (a.targetSlot === b.targetSlot) {
    const isSame = a.targetHash === b.targetHash && a.sourceHash === b.sourceHash;
    return isSame && a.sourceSlot === b.sourceSlot ? undefined : "double vote";
  }
  const [outer, inner] = a.targetSlot > b.targetSlot ? [a, b] : [b, a];
  return outer.sourceSlot < inner.sourceSlot ? "surround vote" : undefined;
}
