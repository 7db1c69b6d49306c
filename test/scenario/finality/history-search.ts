/**
 * Draws histories at random: blocks on any parent with any certificate there is, honest validators in
 * two camps that vote as their floors let them, and a Byzantine minority that votes for everything
 * and sometimes lies. Asserts nothing (`history-parts.ts`).
 *
 * Bounds: slots and blocks so few that no chain may push a vote or a header out, so that whoever hears
 * all of it must find all that the definition finds.
 */

import { chainLimits } from "../../../src/params/limits.ts";
import type { SeededRandom } from "../../../src/sim/seeded-random.ts";
import { ancestorNamed, type Built } from "../../support/built.ts";
import { History } from "./history.ts";

const slotsMax = chainLimits.voteSlotsPerValidatorMax;
const blocksMax = 10;

interface Camp {
  readonly voters: readonly number[];
  tip: Built;
}

export function drawHistory(random: SeededRandom): History {
  const count = random.between(4, 7);
  const members = Array.from({ length: count }, (_, number) => number);
  const cheats = random.between(1, Math.ceil(count / 3) - 1);
  const byzantine = members.slice(0, cheats);
  const honest = members.slice(cheats);
  const history = new History(members, byzantine);
  const split = random.between(0, honest.length);
  const camps: Camp[] = [honest.slice(0, split), honest.slice(split)].map((voters) => ({
    voters,
    tip: history.genesis,
  }));
  while (history.blocks.length < blocksMax) {
    const camp = random.pick(camps);
    if (random.chance(20)) camp.tip = random.pick([history.genesis, ...history.blocks]);
    const block = grown(history, camp.tip, random);
    if (block === undefined) break;
    camp.tip = block;
    const voters = random.chance(60) ? camp.voters : honest;
    for (const voter of [...byzantine, ...voters]) {
      const late = random.chance(25) ? random.pick(history.blocks) : block;
      if (!random.chance(10)) history.vote(late, [voter]);
    }
  }
  for (const block of history.blocks) history.vote(block, random.chance(80) ? byzantine : []);
  for (const block of history.blocks) {
    // A slot has room for two votes of a validator, and what is true shall count.
    const isAlone = history.blocks.every((other) => other === block || other.slot !== block.slot);
    const source = history.blocks.find(({ slot }) => slot < block.slot);
    if (!isAlone || source === undefined || source === block.justified) continue;
    history.lie(block, random.pick(byzantine), source);
  }
  return history;
}

function grown(history: History, tip: Built, random: SeededRandom): Built | undefined {
  const slot = tip.slot + (random.chance(70) ? 1 : random.between(1, 3));
  if (slot > slotsMax) return undefined;
  const twins = history.blocks.filter((block) => block.slot === slot);
  if (twins.length >= chainLimits.headersPerSlotMax) return history.blocks.at(-1);
  const ancestors = history.blocks.filter((each) => ancestorNamed(tip, each.hash) === each);
  const raised = random.chance(75) ? tip : random.pick([tip, ...ancestors]);
  return history.block(tip, slot, raised);
}
