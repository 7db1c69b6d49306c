/**
 * What conspirators agreed on beforehand: in which slots they do what, whom they show what, and
 * when all of them let go what all of them kept back. One for a world; it holds no secret of an
 * honest node, and nobody waits for anybody.
 *
 *   slots   |── loyal ──|──── hoard ────|── halve ──|── hoard ...
 *                                       ^ all release, to the same ones, at the same moment
 */
import type { SealedHeader } from "../../model/header.ts";
import type { BlockHash, PublicKey } from "../../model/ids.ts";
import type { Vote } from "../../model/vote.ts";
import type { SeededRandom } from "../seeded-random.ts";

export type Act = "loyal" | "hoard" | "halve";

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly act: Act;
  /** Which half is which. */
  readonly salt: number;
  /** Who gets what was kept back: one half, or all. */
  readonly receivers: 0 | 1 | "all";
  /** Part of the slot after the stretch, in ninths, at which it is let go. */
  readonly ninths: number;
}

export interface KeptBlock {
  readonly hash: BlockHash;
  readonly sealed: SealedHeader;
  readonly body: Uint8Array;
}

const keptMax = 96;

export class Plan {
  /** Signs nothing that would be evidence: it only chooses whom to tell, and when. */
  readonly isCareful: boolean;
  readonly keys = new Set<PublicKey>();
  /** Connections between them know no secrets. */
  readonly nodeIds = new Set<string>();
  private readonly random: SeededRandom;
  private readonly stretches: Stretch[] = [];
  private readonly keptVotes: Vote[] = [];
  private readonly keptBlocks = new Map<BlockHash, KeptBlock>();

  private readonly acts: readonly Act[];

  /** `isOver`: they are a third and more, so mere loyalty on both sides of a cut does harm. */
  constructor(random: SeededRandom, isOver: boolean) {
    this.random = random;
    this.isCareful = random.chance(50);
    const sly = ["loyal", "loyal", "hoard", "hoard", "halve"] as const;
    this.acts = isOver ? ["loyal", "loyal", "loyal", ...sly] : sly;
  }

  stretchOf(slot: number): Stretch {
    const known = this.stretches.find(({ from, to }) => from <= slot && slot < to);
    if (known !== undefined) return known;
    const { random } = this;
    const from = Math.max(slot, this.stretches.at(-1)?.to ?? 0);
    const next: Stretch = {
      from: Math.min(slot, from),
      to: from + random.between(1, 9),
      act: random.pick(this.acts),
      salt: random.below(1_024),
      receivers: random.pick([0, 1, "all"] as const),
      // Around the freeze, the start of the next slot, its deadline.
      ninths: random.pick([0, 2, 3, 4, 5, 6, 7]),
    };
    this.stretches.push(next);
    if (this.stretches.length > 8) this.stretches.shift();
    return next;
  }

  half(nodeId: string | undefined, slot: number): 0 | 1 {
    const { salt } = this.stretchOf(slot);
    const digits = Number.parseInt((nodeId ?? "000").slice(0, 3), 16);
    return ((digits >> (salt % 12)) & 1) as 0 | 1;
  }

  keepVote(vote: Vote): void {
    this.keptVotes.push(vote);
    if (this.keptVotes.length > keptMax) this.keptVotes.shift();
  }

  keepBlock(block: KeptBlock): void {
    if (this.keptBlocks.size < keptMax) this.keptBlocks.set(block.hash, block);
  }

  get votes(): readonly Vote[] {
    return this.keptVotes;
  }

  /** Parents first. */
  get blocks(): readonly KeptBlock[] {
    const heightOf = ({ sealed }: KeptBlock) => sealed.header.height;
    return [...this.keptBlocks.values()].sort((a, b) => heightOf(a) - heightOf(b));
  }

  /** All have let go: what is older than `slot` is of no use any more. */
  forgetBefore(slot: number): void {
    const kept = this.keptVotes.filter(({ targetSlot }) => targetSlot >= slot);
    this.keptVotes.splice(0, this.keptVotes.length, ...kept);
    for (const [hash, { sealed }] of this.keptBlocks) {
      if (sealed.header.slot < slot) this.keptBlocks.delete(hash);
    }
  }
}
