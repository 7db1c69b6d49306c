/** What a node keeps of others over its restarts, and networks of which much was down for long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerPort } from "../../../src/edge/port.ts";
import type { NodeId } from "../../../src/model/ids.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { nodeAddress } from "../../../src/sim/sim-network.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import { atSlot, crash, minute, slotMs } from "../finality/staged-network.ts";
import {
  at,
  finalLag,
  give,
  linkedTo,
  nodeIdOf,
  often,
  stage,
  type Told,
} from "./staged-connections.ts";

test("bans hold over a restart: the operator's, and those of rules for what they are worth", () => {
  const [banned, caught] = [4, 5];
  const faults = [atSlot(50, crash(0, 10))];
  const times = { quietAtMs: 70 * slotMs, convergeMs: 30 * slotMs };
  const swarm = { nodes: 6, validators: 4, faults, ...times };
  const { world, told } = stage("bans", 110 * slotMs, swarm, [banned, caught]);
  for (const node of [banned, caught]) give(world, node, { connect: [0, 1].map(nodeAddress) });
  const subject = nodeIdOf(world, banned);
  world.at(30 * slotMs, () => {
    at(world, 0).command({ type: "ban", subject, reason: "spam", forMs: undefined });
    blame(at(world, 0), nodeIdOf(world, caught));
  });
  // What the host has in its file by then.
  world.at(50 * slotMs - 1, () => {
    give(world, 0, at(world, 0).node?.queries.conduct.kept() ?? {});
  });
  world.run();
  const bans = at(world, 0).node?.queries.conduct.bans() ?? [];
  const [mine, rules] = (["operator", "rule"] as const).map((who) =>
    bans.find(({ by }) => by === who),
  );
  assert.deepEqual([mine?.value, mine?.reason, mine?.leftMs], [subject, "spam", undefined]);
  assert.equal(rules?.value, nodeIdOf(world, caught));
  const leftMs = connectionLimits.discourageMs - 80 * slotMs;
  assert.ok(Math.abs(rules.leftMs! - leftMs) <= slotMs, `${rules.leftMs} ms left`);
  for (const node of [banned, caught]) {
    const ofNode = told.filter(
      (event) => event.by === 0 && "nodeId" in event && event.nodeId === nodeIdOf(world, node),
    );
    const slotsOf = (type: Told["type"]) =>
      ofNode.filter((event) => event.type === type).map(({ atMs }) => Math.floor(atMs / slotMs));
    assert.ok(
      slotsOf("peer-ready").some((slot) => slot < 30),
      "a peer before",
    );
    assert.ok(slotsOf("peer-ready").every((slot) => slot < 30));
    assert.ok(
      slotsOf("connection-refused").some((slot) => slot > 60),
      "turned away afterwards",
    );
  }
  assert.ok(finalLag(world, 0) <= 10);
});

/** As if it had signed a vote that is none. */
function blame({ node }: SimNode, culprit: NodeId): void {
  const { peers } = node as unknown as { readonly peers: PeerPort };
  const link = node?.queries.peers().find(({ nodeId }) => nodeId === culprit);
  assert.ok(link !== undefined, "it is connected");
  peers.blame(link.conn, "vote-malformed", "none");
}

test("all peers down for an hour come back, and the chain is final again", () => {
  const slow = 10_000;
  const hour = 60 * minute;
  const faults = [1, 2, 3].map((node) => ({
    atMs: 2 * minute,
    fault: crash(node, hour / slotMs),
  }));
  const { world } = stage("hour", hour + 12 * minute, {
    ...{ nodes: 4, validators: 3, slotMs: slow, faults, transfersPerMinute: 0 },
    quietAtMs: hour + 4 * minute,
    convergeMs: 7 * minute,
  });
  let finalBefore = 0;
  world.at(hour, () => {
    assert.deepEqual(linkedTo(world, 0), []);
    finalBefore = at(world, 0).node?.queries.finalized().slot ?? 0;
  });
  world.run();
  assert.ok(finalBefore <= (2 * minute) / slow);
  for (const { index } of world.nodes) {
    assert.ok(finalLag(world, index) <= 4);
    assert.ok(linkedTo(world, index).length >= 1);
  }
});

test("a network outlives its bootstrap node, and newcomers find it by anybody who joined before", () => {
  const [bootstrap, newcomer] = [4, 5];
  const faults = [
    atSlot(10, crash(newcomer, 50)),
    atSlot(40, crash(bootstrap, 10_000)),
    // Everybody's links are cut once it is gone.
    ...[44, 46, 48, 50, 52, 54, 56, 58].map((slot) => atSlot(slot, { type: "cut" })),
  ];
  const swarm = {
    nodes: 6,
    validators: 4,
    faults,
    quietAtMs: 120 * slotMs,
    convergeMs: 40 * slotMs,
  };
  const { world } = stage("bootstrap", 165 * slotMs, swarm);
  for (const { index } of world.nodes) {
    const known = index === newcomer ? [bootstrap, 1] : [bootstrap];
    const others = known.filter((node) => node !== index);
    give(world, index, { connect: [], bootstrap: others.map(nodeAddress) });
  }
  let looks = 0;
  often(world, slotMs, 80 * slotMs, () => {
    if (world.now() >= 120 * slotMs) return;
    assert.equal(at(world, bootstrap).node, undefined);
    for (const node of [0, 1, 2, 3, newcomer]) {
      assert.ok(linkedTo(world, node).length >= 2, `node ${node}`);
      assert.ok(finalLag(world, node) <= 4);
      looks++;
    }
  });
  world.run();
  assert.ok(looks >= 200);
});
