/** A permissioned network: members by list, validators by the proof of their key, nobody else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessList } from "../../../src/net/conduct/access-list.ts";
import { nodeAddress } from "../../../src/sim/sim-network.ts";
import { atSlot, slotMs } from "../finality/staged-network.ts";
import { finalLag, give, linkedTo, nodeIdOf, often, stage } from "./staged-connections.ts";

const validators = [0, 1, 2, 3];

test("a stranger never gets into a permissioned network, a validator does by its proof alone", () => {
  const [member, stranger] = [4, 5];
  const times = { quietAtMs: 0, convergeMs: 60 * slotMs };
  const swarm = { nodes: 6, validators: 4, ...times };
  const { world, told } = stage("permissioned", 110 * slotMs, swarm, [stranger]);
  const allowed = AccessList.parse(nodeIdOf(world, member)) as AccessList;
  for (const node of validators) give(world, node, { isPermissioned: true, allowed });
  give(world, member, { isPermissioned: true });
  give(world, stranger, { connect: [...validators, member].map(nodeAddress) });
  const links = new Set<string>();
  often(world, slotMs, 0, () => {
    for (const node of [...validators, member]) {
      for (const other of linkedTo(world, node)) links.add(`${node}-${other}`);
    }
    assert.deepEqual(linkedTo(world, stranger), []);
  });
  world.run();
  for (const node of validators) {
    assert.ok(!links.has(`${node}-${stranger}`), "no link to the stranger");
    assert.ok(links.has(`${node}-${member}`) || links.has(`${member}-${node}`), "the listed one");
    assert.ok(finalLag(world, node) <= 4);
  }
  assert.ok(links.has("1-0") && links.has("0-1"), "no list names the validators");
  const refused = told.filter(
    (event) => event.type === "connection-refused" && event.nodeId === nodeIdOf(world, stranger),
  );
  assert.ok(refused.length >= 5, `turned away ${refused.length} times`);
  assert.ok(refused.every((event) => "code" in event && event.code === "not-a-member"));
});

test("a node that comes to hold a key of the set is let in by its proof alone, and not before", () => {
  const newcomer = 4;
  const swarm = {
    ...{ quietAtMs: 60 * slotMs, convergeMs: 40 * slotMs },
    nodes: 5,
    validators: 4,
    spares: 1,
    faults: [
      atSlot(40, { type: "set-change", node: 0, count: 1 }),
      atSlot(46, { type: "set-change", node: 0, count: 0 }),
    ],
  };
  const { world, told } = stage("elected", 110 * slotMs, swarm, [newcomer]);
  for (const node of validators) give(world, node, { isPermissioned: true });
  give(world, newcomer, { isPermissioned: true, connect: validators.map(nodeAddress) });
  world.run();
  assert.equal(world.nodes[0]?.node?.queries.validators().length, 5);
  const ready = told.filter(
    (event) => event.type === "peer-ready" && event.nodeId === nodeIdOf(world, newcomer),
  );
  assert.ok(ready.length >= 4, "by all of them");
  assert.ok(
    ready.every(({ atMs }) => atMs > 46 * slotMs),
    "once it was one of the set",
  );
  assert.ok(finalLag(world, newcomer) <= 4);
});
