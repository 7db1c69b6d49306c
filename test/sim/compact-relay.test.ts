/** Networks with faults that relay blocks compact, whole, or some this way and some that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conn } from "../../src/edge/conn.ts";
import { FirstHand } from "../../src/net/compact/first-hand.ts";
import { PartialBlock } from "../../src/net/compact/partial-block.ts";
import { type LinkUse, RelayPeers } from "../../src/net/relay/relay-peers.ts";
import { World } from "../../src/sim/world.ts";

const minute = 60_000;

/** A network in which only what `speaks` allows is compact: how many blocks came so. */
function blocksPutTogether(seed: string, speaks: (conn: Conn) => boolean): number {
  const { onReady } = RelayPeers.prototype;
  const { body } = PartialBlock.prototype;
  let count = 0;
  RelayPeers.prototype.onReady = function (conn: Conn, use: LinkUse) {
    onReady.call(this, conn, { ...use, takesCompact: use.takesCompact && speaks(conn) });
  };
  PartialBlock.prototype.body = function () {
    const whole = body.call(this);
    if (whole !== undefined) count++;
    return whole;
  };
  try {
    const world = new World({ seed, nodes: 5, durationMs: 3 * minute, byzantine: "none" });
    // Checks after each step that nobody blames an honest peer, and at the end that all agree.
    world.run();
    const heads = world.nodes.map((each) => each.node?.queries.info().height ?? 0);
    assert.ok(Math.max(...heads) > 0);
  } finally {
    RelayPeers.prototype.onReady = onReady;
    PartialBlock.prototype.body = body;
  }
  return count;
}

test("a network with faults agrees on one chain, whether blocks travel compact or whole", () => {
  for (const seed of ["relay-1", "relay-2", "relay-3"]) {
    assert.ok(blocksPutTogether(seed, () => true) > 50, seed);
    assert.equal(
      blocksPutTogether(seed, () => false),
      0,
      seed,
    );
  }
});

test("a network with faults and clocks that jump takes own blocks unasked, and blames nobody", () => {
  const { take } = FirstHand.prototype;
  const counts = { taken: 0, refused: 0 };
  FirstHand.prototype.take = function (conn, block) {
    const isTaken = take.call(this, conn, block);
    counts[isTaken ? "taken" : "refused"]++;
    return isTaken;
  };
  try {
    for (const seed of ["first-1", "first-2", "first-3"]) {
      new World({ seed, nodes: 5, durationMs: 3 * minute, byzantine: "none" }).run();
    }
  } finally {
    FirstHand.prototype.take = take;
  }
  assert.ok(counts.taken > 500, `${counts.taken} taken`);
  assert.equal(counts.refused, 0);
});
