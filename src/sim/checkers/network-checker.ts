/**
 * Honest nodes never blame each other and end no connection without a reason; nobody is connected
 * to itself or twice. What is done to a Byzantine peer is its own fault.
 */
import type { NodeEvent } from "../../edge/event.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

type PeerEvent = Extract<NodeEvent, { type: "peer-blamed" | "peer-closed" }>;

/** Ends of a connection that faults of network and machine explain. */
const innocentEnds = new Set([
  "closed",
  "truncated",
  "shutdown",
  "duplicate",
  "too-many-peers",
  "useless",
  "requested",
  "self",
  "self-connection",
]);

/** Where bytes stall in silence, and not only then: all others are told to both ends. */
const silentEnds = new Set([
  "timeout-handshake",
  "timeout-frame",
  "timeout-pong",
  "timeout-idle",
  "idle",
  "stalled-reader",
]);

export class NetworkChecker {
  private readonly world: Observed;

  constructor(world: Observed) {
    this.world = world;
  }

  onEvent(node: SimNode, event: PeerEvent): void {
    const { rare, swarm } = this.world;
    const peer = this.world.nodeOf(event.nodeId, event.address);
    if (peer?.isByzantine) return;
    if (event.type === "peer-blamed") {
      broken(node, `blames an honest peer: ${event.code}: ${event.detail}`);
    }
    if (event.code === "duplicate") rare.count("duplicate connection closed");
    if (innocentEnds.has(event.code)) return;
    if (swarm.hasStalls && silentEnds.has(event.code)) return;
    broken(node, `ends an honest connection: ${event.code}: ${event.detail}`);
  }

  onPause(node: SimNode): void {
    const queries = node.node?.queries;
    if (queries === undefined) return;
    const { nodeId } = queries.info();
    const ids = new Set<string>();
    for (const peer of queries.peers()) {
      if (peer.nodeId === undefined || peer.state !== "ready") continue;
      if (peer.nodeId === nodeId) broken(node, "is connected to itself");
      if (ids.has(peer.nodeId)) broken(node, `has two connections to ${peer.nodeId}`);
      ids.add(peer.nodeId);
    }
    if (ids.size > connectionLimits.peersMax) broken(node, `${ids.size} peers`);
  }
}
