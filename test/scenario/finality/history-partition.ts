/**
 * Validators on real chains that hear each other only within their side of a partition: slot by slot
 * the leader of each side seals what `duties` offers, and everybody there votes as the rules have it.
 * One heart beat a slot stands for its thirds: block, votes, freeze. NOT the node: no disk, no delay,
 * no signer but the two floors. consensus.md §3.8-3.9.
 *
 *   slot     1     2     3     4  …        a block reaches the sealer's side at once, the others
 *   side A   a1 ── a2 ─────────── a3       when the partition heals, with all votes and the rest
 *   side B   ───── b1 ── b2                that was said meanwhile
 */

import { descendsFrom, type TreeNode } from "../../../src/chain/tree-node.ts";
import { sealPreimage } from "../../../src/model/header.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import { leaderOf } from "../../../src/model/validator-set.ts";
import { encodeVote, encodeVoteData, type Vote, votePreimage } from "../../../src/model/vote.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";
import { networkWith } from "./history.ts";

type Said = { readonly block: Pick<Built, "sealed" | "body"> } | { readonly vote: Vote };

interface Member {
  readonly key: PublicKey;
  readonly world: ChainWorld;
  readonly heard: Set<Said>;
  source: number;
  target: number;
  frozen: { readonly justifiedSlot: number; readonly height: number };
}

const peer = sourceOf(1);

export class PartitionedNetwork {
  readonly members: readonly Member[];
  private readonly builder: ChainBuilder;
  private readonly said: Said[] = [];
  private slot = 0;

  constructor(count: number) {
    const numbers = Array.from({ length: count }, (_, number) => number);
    this.builder = new ChainBuilder(networkWith(numbers));
    this.members = numbers.map((number) => ({
      key: keyOf(seedOf(number)),
      world: new ChainWorld(this.builder),
      heard: new Set(),
      source: 0,
      target: 0,
      frozen: { justifiedSlot: 0, height: 0 },
    }));
  }

  /** `count` slots; who is on no side is down. */
  run(count: number, sides: readonly (readonly number[])[]): void {
    for (let index = 0; index < count; index++) {
      this.slot++;
      for (const side of sides) this.runSide(side.map((number) => this.members[number]!));
    }
  }

  /** Everybody hears what was said while it could not. */
  heal(): void {
    for (const each of this.members) for (const said of this.said) hear(each, said);
    this.settle(this.members);
  }

  private runSide(side: readonly Member[]): void {
    for (const each of side) this.seal(each, side);
    for (const each of side) this.vote(each, side, each.world.chain.duties.timely(this.slot));
    for (const each of side) this.vote(each, side, each.world.chain.head);
    this.settle(side);
    for (const each of side) {
      const { justified, head } = each.world.chain;
      each.frozen = { justifiedSlot: justified.slot, height: head.height };
    }
  }

  private seal({ key, world }: Member, side: readonly Member[]): void {
    const { duties, halted } = world.chain;
    if (halted !== undefined || leaderOf(world.state.validators(), this.slot) !== key) return;
    const unsealed = duties.buildBlock(this.slot, key, () => []);
    if (unsealed === undefined) return;
    const { header, body } = unsealed;
    const seal = this.builder.sign(key, sealPreimage(this.builder.genesisId, header.hash));
    this.tell({ block: { sealed: { header, seal }, body } }, side);
  }

  private vote(each: Member, side: readonly Member[], block: TreeNode | undefined): void {
    if (block === undefined || block.height === 0) return;
    const { key, world, frozen } = each;
    const { duties } = world.chain;
    const { justifiedSlot: sourceSlot, justifiedHash: sourceHash } = block.header;
    const isWorse =
      sourceSlot < frozen.justifiedSlot ||
      (sourceSlot === frozen.justifiedSlot && block.height < frozen.height);
    if (block.slot === this.slot && isWorse) return;
    if (block.slot <= each.target || sourceSlot < each.source) return;
    const final = world.chain.node(world.chain.finalized.hash);
    if (final === undefined || !descendsFrom(block, final)) return;
    if (!duties.prove(block).isValid) return;
    each.target = block.slot;
    each.source = sourceSlot;
    const data = { sourceSlot, sourceHash, targetSlot: block.slot, targetHash: block.hash };
    const preimage = votePreimage(this.builder.genesisId, encodeVoteData(data));
    this.tell({ vote: encodeVote(data, key, this.builder.sign(key, preimage)) }, side);
  }

  private tell(said: Said, side: readonly Member[]): void {
    this.said.push(said);
    for (const each of side) hear(each, said);
  }

  private settle(members: readonly Member[]): void {
    for (const { world } of members) {
      world.drain();
      world.persisted();
    }
  }
}

function hear({ heard, world }: Member, said: Said): void {
  if (heard.has(said)) return;
  heard.add(said);
  if ("vote" in said) world.vote(said.vote, peer);
  else world.block(said.block as Built, peer);
}
