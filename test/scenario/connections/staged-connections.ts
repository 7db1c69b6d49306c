/**
 * Whole networks of real nodes whose operators say who may connect to whom, in the simulator with a
 * prescribed swarm: all its invariants hold at every step besides. NOT the cases, nor the fast world
 * of connection managers alone (src/sim/connections).
 */
import assert from "node:assert/strict";
import type { NodeEvent } from "../../../src/edge/event.ts";
import type { NodeId } from "../../../src/model/ids.ts";
import type { PeerView } from "../../../src/net/connections/connection-manager.ts";
import type { NodeOptions } from "../../../src/node/node-options.ts";
import type { Cheat } from "../../../src/sim/cheat.ts";
import { spyOn } from "../../../src/sim/insides.ts";
import { nodeAddress, type SimNetwork } from "../../../src/sim/sim-network.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import type { StagedSwarm } from "../../../src/sim/swarm.ts";
import type { World } from "../../../src/sim/world.ts";
import { staged } from "../finality/staged-network.ts";

export type Told = NodeEvent & { readonly by: number; readonly atMs: number };

export interface Stage {
  readonly world: World;
  /** Of what the tests look at: who came, was turned away, left, and what is final. */
  readonly told: readonly Told[];
}

const watched: ReadonlySet<NodeEvent["type"]> = new Set([
  "dialling",
  "peer-ready",
  "connection-refused",
  "connection-evicted",
  "peer-closed",
  "peer-discouraged",
  "finalized",
  "sealed",
]);

/** Not run yet. Outsiders follow the rules, but nobody else is to blame for what befalls them. */
export function stage(
  seed: string,
  durationMs: number,
  swarm: StagedSwarm & { readonly nodes: number },
  outsiders: readonly number[] = [],
): Stage {
  // A mistake of an operator, to the simulator: neither checked nor made to cheat.
  const cheats = outsiders.map((node): Cheat => ({ node, kinds: ["cloned"], clone: undefined }));
  const isMixed = cheats.length > 0 || (swarm.cheats?.length ?? 0) > 0;
  const world = staged(seed, swarm.nodes, durationMs, {
    isTended: false,
    ...swarm,
    cheats: [...cheats, ...(swarm.cheats ?? [])],
    byzantineMode: isMixed ? "under" : "none",
  });
  const told: Told[] = [];
  spyOn(world, "onEvent", ([{ index: by }, event]) => {
    if (watched.has(event.type)) told.push({ ...event, by, atMs: world.now() });
  });
  return { world, told };
}

export const at = (world: World, node: number): SimNode => {
  const found = world.nodes[node];
  assert.ok(found, `there is a node ${node}`);
  return found;
};

export function nodeIdOf(world: World, node: number): NodeId {
  const { environment, options } = at(world, node);
  return Buffer.from(environment.signatures.publicKey(options.node.nodeSeed)).toString(
    "hex",
  ) as NodeId;
}

/** What its operator gives it from its next start on. */
export function give(world: World, node: number, some: Partial<NodeOptions>): void {
  const { options } = at(world, node);
  options.node = { ...options.node, ...some };
}

/** Looks every so often from `fromMs` to the end. */
export function often(world: World, everyMs: number, fromMs: number, look: () => void): void {
  for (let ms = fromMs; ms < world.swarm.durationMs; ms += everyMs) world.at(ms, look);
}

/** Ready peers of a node that is up. */
export function peersOf(world: World, node: number): readonly PeerView[] {
  const peers = at(world, node).node?.queries.peers() ?? [];
  return peers.filter(({ state }) => state === "ready");
}

/** Who is linked to `node` now, by number. */
export function linkedTo(world: World, node: number): readonly number[] {
  const names = new Map(world.nodes.map(({ index }) => [nodeIdOf(world, index), index]));
  return peersOf(world, node).flatMap(({ nodeId }) => names.get(nodeId!) ?? []);
}

/** How long its newest final block is ago, in slots. */
export function finalLag(world: World, node: number): number {
  const slot = at(world, node).node?.queries.finalized().slot ?? 0;
  return world.slot() - slot;
}

/**
 * The nodes are where `addresses` say, each `ip:port`, and not in one private network; those of one
 * /16 are one netgroup. To be called before anybody dials.
 */
export function placeAt(world: World, addresses: readonly string[]): void {
  const { network } = world as unknown as { readonly network: SimNetwork };
  const inner = new Map(addresses.map((address, index) => [address, nodeAddress(index)]));
  const dial = network.dial.bind(network);
  network.dial = (from, conn, address) => dial(from, conn, inner.get(address) ?? "nowhere");
  for (const node of world.nodes) {
    const onConnected = node.onConnected.bind(node);
    node.onConnected = (end, inbound, address) =>
      onConnected(end, inbound, outerOf(address, addresses));
    give(world, node.index, { allowPrivate: false, connect: [] });
  }
}

/** With the port of whoever dialled. */
function outerOf(address: string, addresses: readonly string[]): string {
  const found = /^10\.0\.(\d+)\.1:(\d+)$/.exec(address);
  const [, index, port] = found ?? [];
  const outer = addresses[Number(index) - 1]?.split(":")[0];
  assert.ok(outer !== undefined, `${address} is nobody's`);
  return `${outer}:${port}`;
}
