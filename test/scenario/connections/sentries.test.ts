/** A validator behind sentries: it works as any other, and nobody but they know where it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeAddress } from "../../../src/sim/sim-network.ts";
import { atSlot, crash, slotMs } from "../finality/staged-network.ts";
import { at, finalLag, give, linkedTo, nodeIdOf, often, stage } from "./staged-connections.ts";

test("a validator behind sentries is known to nobody else, and the chain is final with it", () => {
  const [hidden, first, second, curious] = [3, 4, 5, 6];
  const faults = [atSlot(35, crash(first, 15))];
  const times = { quietAtMs: 60 * slotMs, convergeMs: 25 * slotMs };
  const swarm = { nodes: 7, validators: 4, faults, ...times };
  const { world, told } = stage("sentries", 90 * slotMs, swarm, [curious]);
  const id = nodeIdOf(world, hidden);
  const sentries = [first, second];
  give(world, hidden, {
    sentries: sentries.map((node) => nodeIdOf(world, node)),
    connect: sentries.map((node) => `${nodeIdOf(world, node)}@${nodeAddress(node)}`),
    listenPort: 0,
    advertise: "off",
  });
  for (const node of sentries) {
    give(world, node, { privatePeers: [id], connect: [0, 1].map(nodeAddress) });
  }
  // Somebody found out the address by other means, and knocks.
  give(world, curious, { connect: [nodeAddress(hidden), nodeAddress(0)] });
  let looks = 0;
  often(world, 2 * slotMs, 8_000, () => {
    const links = linkedTo(world, hidden);
    assert.ok(links.length > 0 && links.every((node) => sentries.includes(node)), `${links}`);
    for (const { index, node } of world.nodes) {
      if (index === hidden || node === undefined) continue;
      const known = node.queries.keptPeers().knownAddresses;
      const isTold = known.some(
        ({ address, nodeId }) => nodeId === id || address.startsWith("10.0.4.1:"),
      );
      assert.ok(!isTold || index === curious, `node ${index} knows where it is`);
      looks++;
    }
  });
  world.run();
  assert.ok(looks > 150);
  const sealed = told.filter(
    ({ by, type, atMs }) => by === hidden && type === "sealed" && atMs > 0,
  );
  assert.ok(sealed.length >= 10, `it sealed ${sealed.length} blocks`);
  for (const node of [0, 1, 2, hidden]) assert.ok(finalLag(world, node) <= 4);
  const dialled = told.filter(({ by, type }) => by === hidden && type === "dialling");
  const places = sentries.map(nodeAddress);
  assert.ok(dialled.every((event) => "address" in event && places.includes(event.address)));
  assert.deepEqual(linkedTo(world, curious).includes(hidden), false);
  const book = at(world, hidden).node?.queries.keptPeers().knownAddresses ?? [];
  assert.ok(book.every(({ address }) => places.includes(address)));
});
