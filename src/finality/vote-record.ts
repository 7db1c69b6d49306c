/**
 * The votes of one validator: at most `votesPerSlotMax` for each of its `voteSlotsPerValidatorMax`
 * newest target slots, and beside them the one with the highest source. So whatever a validator
 * signs, it pushes out nothing but its own. NOT what the votes are for, nor whether they are good
 * (`vote-pool.ts`). protocol-spec/06-validation §8.
 *
 *   target slots   12        13        15        18  ...  at most 8
 *   votes          a         b  b'     c         d        b, b': evidence; a third is refused
 *
 * Invariants: slots rise; a slot older than eight others is not taken, so what was pushed out does
 * not come back; the foremost vote outlives its slot, because a later vote from before its source
 * surrounds it.
 */
import { defined } from "../base/assert.ts";
import { type Evidence, sameVote, voteFault } from "../model/evidence.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import type { Vote, VoteData } from "../model/vote.ts";
import { chainLimits } from "../params/limits.ts";

interface SlotVotes {
  readonly slot: number;
  readonly votes: Vote[];
}

const { voteSlotsPerValidatorMax, votesPerSlotMax } = chainLimits;

export class VoteRecord {
  private slots: SlotVotes[] = [];
  /** Of the highest source; among those, of the lowest target: the easiest to surround. */
  private foremost: Vote | undefined;

  /** Votes for slots; the foremost is not counted again. */
  get size(): number {
    return this.slots.reduce((sum, { votes }) => sum + votes.length, 0);
  }

  /** The newest target slot held; -1 for none. */
  get newestSlot(): number {
    return this.slots.at(-1)?.slot ?? -1;
  }

  votesFor(slot: number): readonly Vote[] {
    return this.slots.find((each) => each.slot === slot)?.votes ?? [];
  }

  /** The vote held that says the same, whatever its signature. */
  find(data: VoteData): Vote | undefined {
    return this.votesFor(data.targetSlot).find((vote) => sameVote(vote, data));
  }

  /** Why a further vote for `slot` is not taken; undefined when there is room. */
  refusalOf(slot: number): Rejection | undefined {
    const { length } = this.votesFor(slot);
    if (length >= votesPerSlotMax) {
      return rejection("vote-equivocation", `${length} votes for slot ${slot} are known`);
    }
    const oldest = this.slots[0]?.slot ?? 0;
    if (this.slots.length < voteSlotsPerValidatorMax || slot >= oldest) return undefined;
    return rejection("vote-slot", `newer votes are known, from slot ${oldest}`);
  }

  /** Holds a vote for which there is room. Returns those that had to go. */
  add(vote: Vote): readonly Vote[] {
    const { targetSlot: slot } = vote;
    this.foremost = foremostOf(vote, this.foremost);
    const known = this.slots.find((each) => each.slot === slot);
    if (known !== undefined) {
      known.votes.push(vote);
      return [];
    }
    this.slots.push({ slot, votes: [vote] });
    this.slots.sort((a, b) => a.slot - b.slot);
    if (this.slots.length <= voteSlotsPerValidatorMax) return [];
    return defined(this.slots.shift(), "it is not empty").votes;
  }

  delete(vote: Vote): void {
    for (const { votes } of this.slots) {
      const at = votes.indexOf(vote);
      if (at !== -1) votes.splice(at, 1);
    }
    this.slots = this.slots.filter(({ votes }) => votes.length > 0);
  }

  /** Forgets the votes for slots below `slot` and returns them. */
  dropBelow(slot: number): readonly Vote[] {
    const gone = this.slots.filter((each) => each.slot < slot);
    if (gone.length > 0) this.slots = this.slots.filter((each) => each.slot >= slot);
    return gone.flatMap(({ votes }) => votes);
  }

  all(): readonly Vote[] {
    return this.slots.flatMap(({ votes }) => votes);
  }

  /** What `vote` of the same validator proves together with one held here. */
  faultOf(vote: Vote): Evidence | undefined {
    for (const { votes } of this.slots) {
      for (const other of votes) {
        const fault = voteFault(vote.validator, vote, other);
        if (fault !== undefined) return fault;
      }
    }
    return this.foremost && voteFault(vote.validator, vote, this.foremost);
  }
}

function foremostOf(vote: Vote, other: Vote | undefined): Vote {
  if (other === undefined || vote.sourceSlot > other.sourceSlot) return vote;
  if (vote.sourceSlot < other.sourceSlot) return other;
  return vote.targetSlot < other.targetSlot ? vote : other;
}
