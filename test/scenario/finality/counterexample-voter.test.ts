/**
 * Votes that break no floor and still cost finality (consensus.md §2, A7 to A9): for a block worse
 * than what all had seen when the last slot ended, and a second one in a slot.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { VoterWorld } from "../../unit/node/voter-world.ts";

const builder = new ChainBuilder(networkOf(4));
/** Nothing is certified, so no floor of sources is in the way. */
const chain = builder.chain(builder.genesis, 4);
const [, a2, a3, a4] = chain as [Built, Built, Built, Built];
const peer = 9 as never;

function knowing(blocks: readonly Built[], slot: number): VoterWorld {
  const voter = new VoterWorld(builder, { slot, floors: { targetSlot: 3 } });
  for (const block of blocks) voter.world.block(block, peer);
  return voter;
}

/** Voted for the head of slot 4 when that ended. */
function frozenAt4(): VoterWorld {
  const voter = knowing(chain, 4);
  voter.at(4, 340);
  voter.durable();
  assert.deepEqual(voter.targets, [a4.hash]);
  voter.sign();
  voter.at(4, 700);
  voter.at(5, 50);
  return voter;
}

test("a timely block below the frozen view gets no vote, one as high as it does", () => {
  const voter = frozenAt4();
  voter.block(builder.block(a2, { slot: 5 }));
  voter.durable();
  assert.deepEqual(voter.targets, [], "a vote for a block below the frozen view");
  const other = frozenAt4();
  const same = builder.block(a3, { slot: 5 });
  other.block(same);
  other.durable();
  assert.deepEqual(other.targets, [same.hash]);
});

test("what comes after the freeze does not bind the next vote", () => {
  const voter = knowing(chain.slice(0, 3), 4);
  voter.at(4, 700);
  voter.block(a4);
  voter.at(5, 50);
  voter.block(builder.block(a2, { slot: 5 }));
  voter.durable();
  assert.equal(voter.targets.length, 1);
});

test("who voted late for the head votes no more when the block of the slot comes", () => {
  const voter = knowing(chain, 5);
  voter.at(5, 340);
  voter.durable();
  assert.deepEqual(voter.targets, [a4.hash]);
  voter.sign();
  voter.block(builder.block(a4, { slot: 5 }));
  voter.durable();
  assert.deepEqual(voter.targets, [], "a second vote in one slot");
});
