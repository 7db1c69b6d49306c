/** While a block's finality is on its way to disk, only branches with that block are allowed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Finality } from "../../../src/chain/finality.ts";
import { descendsFrom, type TreeNode } from "../../../src/chain/tree-node.ts";
import type { Ticket } from "../../../src/edge/conn.ts";
import type { BlockHash } from "../../../src/model/ids.ts";

const nodeOn = (parent: TreeNode | undefined): TreeNode =>
  ({ parent, height: parent === undefined ? 1 : parent.height + 1 }) as TreeNode;

/** Each node but the first stands on an earlier one, mostly on the one before. */
const drawnTree = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.nat({ max: 20 })), { maxLength: 60 })
  .map((steps) => {
    const nodes = [nodeOn(undefined)];
    for (const back of steps) nodes.push(nodeOn(nodes.at(-Math.min(back || 1, nodes.length))));
    return nodes;
  });

test("in whatever order it is asked, a branch is allowed when the pending block is on it", () => {
  const questions = fc.array(fc.nat(), { maxLength: 80 });
  fc.assert(
    fc.property(drawnTree, fc.nat(), fc.nat(), questions, (nodes, first, second, asked) => {
      const finality = new Finality({ height: 0, slot: 0, hash: "" as BlockHash });
      const at = (index: number) => nodes[index % nodes.length]!;
      for (const node of nodes) assert.ok(finality.allows(node), "nothing is pending");
      const locks = [at(first), at(second)].sort((a, b) => a.height - b.height);
      for (const [index, lock] of locks.entries()) {
        if (!finality.isNext(lock)) continue;
        finality.begin(lock, index as Ticket);
        for (const node of asked.map(at)) {
          assert.equal(finality.allows(node), descendsFrom(node, lock));
        }
        assert.equal(finality.onPersisted(index as Ticket), lock);
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});
