/**
 * A whole network that asks itself what was verified: claims of honest nodes are blocks of their
 * own chains, and who caught up by certificates says so. The checkers hold at every step, so nobody
 * is blamed for asking or answering.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atSlot, crash, minute, staged } from "../finality/staged-network.ts";

test("each peer is known by what it says that it verified, how, and since when", () => {
  // Node 4 seals nothing and catches up in mode "certified"; node 0 comes back after it and asks.
  const faults = [atSlot(8, crash(4, 240)), atSlot(300, crash(0, 4))];
  const world = staged("verified", 5, 2.2 * minute, { validators: 4, faults });
  const { options } = world.nodes[4]!;
  options.node = { ...options.node, verify: "certified" };
  world.run();
  const nodes = world.nodes.map(({ node }) => node!);
  const ids = new Map(nodes.map(({ nodeId }, index) => [nodeId, index]));
  const modes = new Map<string, string>();
  const heights = new Set<number>();
  for (const [asker, { queries }] of nodes.entries()) {
    const ready = queries.peers().filter(({ state }) => state === "ready");
    assert.ok(ready.length > 0);
    for (const { nodeId, verified: claim } of ready) {
      const told = ids.get(nodeId!)!;
      assert.ok(claim, `${asker} knows of ${told}`);
      modes.set(`${asker} of ${told}`, claim.mode);
      // No fault here makes two branches, so what was a head then is on the chain now.
      assert.equal(world.nodes[told]!.hashAt(claim.height), claim.hash);
      assert.equal(world.nodes[told]!.hashAt(claim.finalHeight), claim.finalHash);
      assert.ok(claim.finalHeight <= claim.height && claim.sinceMs <= claim.heardMs + 1_000);
      heights.add(claim.height);
    }
  }
  assert.ok(Math.max(...heights) > 200, "of those that met again late");
  assert.equal(modes.get("0 of 4"), "certified");
  for (const told of [1, 2, 3]) assert.equal(modes.get(`4 of ${told}`) ?? "full", "full");
});
