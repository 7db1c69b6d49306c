/** A full node among many of one netgroup: whom it lets go, and whom it dials. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atSlot, crash, slotMs } from "../finality/staged-network.ts";
import { at, finalLag, give, often, peersOf, placeAt, stage } from "./staged-connections.ts";

const victim = 4;
const crowd = [5, 6, 7, 8];
const addresses = [
  ...["20.1.0.1:4321", "20.2.0.1:4321", "20.3.0.1:4321", "20.4.0.1:4321", "30.1.0.1:4321"],
  ...crowd.map((_, n) => `40.7.${n}.1:4321`),
];
const groupOf = (address: string) => address.split(".").slice(0, 2).join(".");

test("a crowd of one network drives out nobody who came first, and gets one outbound slot at most", () => {
  const comes = 30;
  const swarm = {
    ...{ nodes: 9, validators: 4, outboundTarget: 2 },
    faults: crowd.map((node) => atSlot(4, crash(node, comes - 4))),
    quietAtMs: 35 * slotMs,
    convergeMs: 25 * slotMs,
  };
  const { world, told } = stage("crowd", 85 * slotMs, swarm, crowd);
  placeAt(world, addresses);
  const here = addresses[victim]!;
  for (const node of [0, 1, 2, 3]) give(world, node, { bootstrap: [here, addresses[0]!] });
  // Three inbound slots.
  give(world, victim, { peersMax: 8, bootstrap: addresses.slice(0, 2) });
  const inbound = () => peersOf(world, victim).filter((peer) => peer.inbound);
  let oldest: readonly number[] = [];
  world.at((comes - 1) * slotMs, () => {
    for (const node of crowd) give(world, node, { connect: [here] });
    // In order of becoming ready.
    oldest = inbound()
      .slice(0, 2)
      .map(({ conn }) => conn);
  });
  often(world, slotMs, 0, () => {
    const ours = peersOf(world, victim).filter((peer) => !peer.inbound);
    const groups = ours.map(({ address }) => groupOf(address));
    assert.equal(new Set(groups).size, groups.length, `${groups} of one netgroup`);
    const left = inbound().map(({ conn }) => conn as number);
    assert.ok(
      oldest.every((conn) => left.includes(conn)),
      "who came first stays",
    );
  });
  world.run();
  assert.equal(oldest.length, 2);
  const known = at(world, victim).node?.queries.keptPeers().knownAddresses ?? [];
  assert.ok(known.filter(({ address }) => groupOf(address) === "40.7").length >= 3, "heard of");
  const evicted = told.filter(
    ({ by, type, atMs }) => by === victim && type === "connection-evicted" && atMs > comes * slotMs,
  );
  assert.ok(evicted.length >= 5, `${evicted.length} made room`);
  assert.ok(finalLag(world, victim) <= 4);
});
