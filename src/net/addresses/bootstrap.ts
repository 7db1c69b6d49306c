/**
 * Nodes that the operator names for a start (`--bootstrap`): asked in random order, one after the
 * other, and only while the book is poor (dialer.ts). Not kept as those of `--connect` are.
 * Invariant: at most one is dialled in `connectMs`, unless it failed; none is ever given up.
 * protocol-spec/09-connections §2
 */
import type { Env } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import { formatPeerAddress, parsePeerAddress } from "../../wire/address.ts";

export interface BootstrapNode {
  /** `host:port`, names unresolved. */
  readonly address: string;
  readonly pin: NodeId | undefined;
  /** Who answered last, or the pin. */
  nodeId: NodeId | undefined;
  fails: number;
  retryAt: number;
}

export class Bootstrap {
  private readonly nodes = new Map<string, BootstrapNode>();
  private nextDialAt = Number.NEGATIVE_INFINITY;

  /** `[identity@]host:port` each; what is none is left out. */
  constructor(env: Env, addresses: readonly string[]) {
    const left = addresses.slice(0, connectionLimits.manualPeersMax);
    while (left.length > 0) {
      const [text] = left.splice(env.random.below(left.length), 1);
      const parsed = parsePeerAddress(text!);
      if (parsed === undefined) continue;
      const pin = parsed.nodeId;
      const address = formatPeerAddress({ ...parsed, nodeId: undefined });
      this.nodes.set(address, { address, pin, nodeId: pin, fails: 0, retryAt: 0 });
    }
  }

  get(address: string): BootstrapNode | undefined {
    return this.nodes.get(address);
  }

  /** Whom to ask now. */
  next(now: number, isBusy: (node: BootstrapNode) => boolean): BootstrapNode | undefined {
    if (this.nextAt(isBusy) > now) return undefined;
    for (const node of this.nodes.values()) {
      if (node.retryAt > now || isBusy(node)) continue;
      this.nextDialAt = now + connectionLimits.connectMs;
      // The next one first, the next time.
      this.nodes.delete(node.address);
      this.nodes.set(node.address, node);
      return node;
    }
    return undefined;
  }

  /** Infinity when there is none, or all are busy. */
  nextAt(isBusy: (node: BootstrapNode) => boolean): number {
    let at = Number.POSITIVE_INFINITY;
    for (const node of this.nodes.values()) if (!isBusy(node)) at = Math.min(at, node.retryAt);
    return Math.max(at, this.nextDialAt);
  }

  onEnded(node: BootstrapNode, fails: number, retryAt: number): void {
    node.fails = fails;
    node.retryAt = retryAt;
    if (fails > 0) this.nextDialAt = Number.NEGATIVE_INFINITY;
  }
}
