/**
 * Honest nodes of a light world, each in a netgroup of its own or nearly so, and how well they are
 * connected: components, filled slots. It plays no attack (attacker.ts) and judges nothing.
 */
import type { NodeId } from "../../model/ids.ts";
import { LightNode, type LightNodeOptions } from "./light-node.ts";
import { LightWorld, type Party } from "./light-world.ts";

export const honestPort = 4_330;

/** Two of five share their /16 with another: as where many rent at one provider. */
export function honestAddress(index: number): string {
  const group = Math.floor((index * 4) / 5);
  return `${20 + Math.floor(group / 200)}.${group % 200}.${index % 250}.1:${honestPort}`;
}

export interface Wiring {
  /** Sizes of what hangs together, the largest first; of the nodes that are up. */
  readonly components: readonly number[];
  /** Nodes that are up and have all their full and block-only slots filled. */
  readonly full: number;
  readonly up: number;
}

export class NodeNetwork {
  readonly world: LightWorld;
  readonly nodes: LightNode[] = [];
  private readonly byAddress = new Map<string, LightNode>();

  /** `elsewhere`: who is at an address that is no node's. */
  constructor(seed: string, elsewhere: (address: string) => Party | undefined = () => undefined) {
    this.world = new LightWorld(seed, (address) => {
      const node = this.byAddress.get(address);
      if (node !== undefined) return node.isUp ? node : "refused";
      return elsewhere(address) ?? "silent";
    });
  }

  add(options: LightNodeOptions): LightNode {
    const node = new LightNode(this.world, options);
    this.nodes.push(node);
    this.byAddress.set(node.address, node);
    return node;
  }

  remove(node: LightNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.byAddress.delete(node.address);
  }

  wiring(): Wiring {
    const up = this.nodes.filter((node) => node.isUp);
    const components = componentsOf(up);
    return { components, full: up.filter(isFull).length, up: up.length };
  }
}

/** All outbound slots that the defaults have. */
export function isFull(node: LightNode): boolean {
  const { fullReady, blockOnlyReady } = node.manager.counts;
  return fullReady >= fullSlots && blockOnlyReady >= quietSlots;
}

export const fullSlots = 8;
export const quietSlots = 2;

function componentsOf(nodes: readonly LightNode[]): readonly number[] {
  const links = new Map<NodeId, NodeId[]>(nodes.map(({ id }) => [id, []]));
  for (const node of nodes) {
    for (const { nodeId } of node.outbound()) {
      if (nodeId === undefined || !links.has(nodeId)) continue;
      links.get(nodeId)?.push(node.id);
      links.get(node.id)?.push(nodeId);
    }
  }
  const seen = new Set<NodeId>();
  const sizes: number[] = [];
  for (const start of links.keys()) {
    if (seen.has(start)) continue;
    const members = [start];
    seen.add(start);
    for (const member of members) {
      for (const next of links.get(member) ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        members.push(next);
      }
    }
    sizes.push(members.length);
  }
  return sizes.sort((a, b) => b - a);
}
