/**
 * Partitions that last until both sides stand at the cap (consensus.md §2, A5 and A6): they must heal
 * to one chain and go on. A limit of reorgs that each node sets for itself makes them permanent; a
 * cap without siblings leaves nobody a block that it may still vote for.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chainLimits } from "../../../src/params/limits.ts";
import { PartitionedNetwork } from "./history-partition.ts";

const cap = chainLimits.unfinalizedMax;
const everybody = [[0, 1, 2, 3]];

const heightsOf = ({ members }: PartitionedNetwork) =>
  members.map(({ world }) => world.chain.finalized.height);

/** Seven slots together, and the side that wins by rank stopped before the other: it gets no vote. */
const cases = [
  {
    together: 7,
    sides: [
      [0, 1],
      [2, 3],
    ],
  },
  {
    together: 6,
    sides: [
      [0, 2],
      [1, 3],
    ],
  },
  {
    together: 6,
    sides: [
      [0, 3],
      [1, 2],
    ],
  },
];
for (const { together, sides } of cases) {
  test(`a partition ${sides.join(" | ")} to the cap heals to one chain that is final again`, () => {
    const network = new PartitionedNetwork(4);
    network.run(together, everybody);
    const before = heightsOf(network);
    assert.ok(before.every((height) => height >= 3));
    network.run(2 * cap + 20, sides);
    for (const { world } of network.members) {
      const { head, finalized } = world.chain;
      assert.equal(head.height - finalized.height, cap, "each side stops at the cap");
    }
    const above = Math.max(...heightsOf(network));
    network.heal();
    network.run(10, everybody);
    const after = heightsOf(network);
    assert.ok(
      after.every((height) => height >= above + cap - 1),
      `not final again: ${after.join()} after ${above}`,
    );
    assert.equal(new Set(network.members.map(({ world }) => world.chain.head.hash)).size, 1);
  });
}

test("half of the validators grow to the cap and wait; one more, and all of it is final", () => {
  const network = new PartitionedNetwork(4);
  network.run(4, everybody);
  network.run(2 * cap + 20, [[0, 1]]);
  const [{ world }] = network.members as [(typeof network.members)[0]];
  assert.equal(world.chain.head.height - world.chain.finalized.height, cap);
  network.heal();
  network.run(10, [[0, 1, 2]]);
  assert.ok(world.chain.finalized.height > cap, "not final again");
});
