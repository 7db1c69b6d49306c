/**
 * Invariants of a network, checked while it runs: recovery hides bugs, so what is tested is that
 * there was nothing to recover from. A broken one throws `InvariantBroken` at the step that broke it.
 */

import { bodyKey } from "../chain/records.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { BlockHash } from "../model/ids.ts";
import { chainLimits, connectionLimits, mempoolLimits } from "../params/limits.ts";
import type { RareEventCounts } from "./rare-events.ts";
import type { SimNode } from "./sim-node.ts";

export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
}

function broken(node: SimNode, what: string): never {
  throw new InvariantBroken(`${node.name}: ${what}`);
}

/**
 * Ends of a connection that faults of network and machine explain; all others are somebody's fault.
 * Nothing stalls in silence here (cuts are told to both ends), so no timeout is innocent.
 */
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

export class Checkers {
  private readonly nodes: readonly SimNode[];
  private readonly rare: RareEventCounts;
  private readonly blockReward: bigint;
  private readonly genesisSupply: bigint;
  private readonly finalAt = new Map<number, BlockHash>();
  private readonly sealedAt = new Map<string, BlockHash>();
  private readonly sealers = new Map<BlockHash, { node: SimNode; height: number }>();
  private readonly hashesAt = new Map<number, BlockHash>();

  constructor(
    nodes: readonly SimNode[],
    rare: RareEventCounts,
    money: { readonly genesisSupply: bigint; readonly blockReward: bigint },
  ) {
    this.nodes = nodes;
    this.rare = rare;
    this.genesisSupply = money.genesisSupply;
    this.blockReward = money.blockReward;
  }

  onEvent(node: SimNode, event: NodeEvent): void {
    switch (event.type) {
      case "peer-blamed":
        return broken(node, `blames an honest peer: ${event.code}: ${event.detail}`);
      case "peer-closed":
        if (event.code === "duplicate") this.rare.count("duplicate connection closed");
        if (innocentEnds.has(event.code)) return;
        return broken(node, `ends an honest connection: ${event.code}: ${event.detail}`);
      case "block-rejected":
        return broken(node, `rejects an honest block ${event.hash}: ${event.code}`);
      case "sealed":
        return this.onSealed(node, event.height, event.hash);
      case "finalized":
        return this.onFinalized(node, event.height, event.hash);
      case "head-moved":
        return this.onHeadMoved(node, event);
      case "orphan-resolved":
        return this.rare.count("orphan resolved");
      case "dial-failed":
        return this.rare.count("dial failed");
      case "transaction-rejected":
        return this.rare.count("transaction refused");
      default:
    }
  }

  /** Bounds that must hold after every step; cheap, for it runs after every step. */
  onStep(node: SimNode): void {
    const queries = node.node?.queries;
    if (queries === undefined) return;
    const { size, bytes } = queries.mempool();
    if (size > mempoolLimits.transactionsMax || bytes > mempoolLimits.bytesMax) {
      broken(node, `mempool of ${size} transactions, ${bytes} bytes`);
    }
  }

  /** Dearer checks, now and then. */
  onPause(node: SimNode): void {
    const queries = node.node?.queries;
    if (queries === undefined) return;
    const info = queries.info();
    const ids = new Set<string>();
    for (const peer of queries.peers()) {
      if (peer.nodeId === undefined || peer.state !== "ready") continue;
      if (peer.nodeId === info.nodeId) broken(node, "is connected to itself");
      if (ids.has(peer.nodeId)) broken(node, `has two connections to ${peer.nodeId}`);
      ids.add(peer.nodeId);
    }
    if (ids.size > connectionLimits.peersMax) broken(node, `${ids.size} peers`);
    const anchor = queries.anchorHeight();
    if (info.height - anchor > chainLimits.reorgDepthMax) {
      broken(node, `head ${info.height} is too far above anchor ${anchor}`);
    }
    if (info.finalizedHeight > info.height) broken(node, "finality is above the head");
    if (info.finalizedHeight < node.reportedFinal.height) {
      broken(node, `finality fell from ${node.reportedFinal.height} to ${info.finalizedHeight}`);
    }
    const supply = this.genesisSupply + BigInt(info.height) * this.blockReward;
    if (queries.supply() !== supply) broken(node, `supply ${queries.supply()}, not ${supply}`);
  }

  /** Once faults are over and time was given: one chain, nobody left out. */
  onConverged(headSlackBlocks: number): void {
    const heights = this.nodes.map((node) => node.node?.queries.info().height ?? 0);
    const lowest = Math.min(...heights);
    const agreed = new Set<string>();
    for (const node of this.nodes) {
      const queries = node.node?.queries;
      if (queries === undefined) broken(node, "is down after the faults ended");
      const info = queries.info();
      if (info.state !== "synced") {
        broken(node, `is ${info.state} at ${info.height} of ${Math.max(...heights)}`);
      }
      if (Math.max(...heights) - info.height > headSlackBlocks) {
        broken(node, `is at ${info.height}, others at ${Math.max(...heights)}`);
      }
      const at = Math.max(0, lowest - headSlackBlocks);
      agreed.add(node.hashAt(at) ?? broken(node, `does not know its height ${at}`));
    }
    if (agreed.size !== 1) broken(this.nodes[0]!, `${agreed.size} chains after the faults ended`);
  }

  /** Without faults nearly every slot has its block: none is slept through. */
  onCalm(slots: number): void {
    const height = Math.max(...this.nodes.map((node) => node.node?.queries.info().height ?? 0));
    if (height < slots * 0.9 - 10) {
      broken(this.nodes[0]!, `height ${height} after ${slots} slots without a fault`);
    }
  }

  private onSealed(node: SimNode, height: number, hash: BlockHash): void {
    this.sealers.set(hash, { node, height });
    const other = this.hashesAt.get(height);
    if (other !== undefined && other !== hash) this.rare.count("two blocks at one height");
    this.hashesAt.set(height, hash);
  }

  private onFinalized(node: SimNode, height: number, hash: BlockHash): void {
    this.rare.count("block finalized");
    const known = this.finalAt.get(height);
    if (known !== undefined && known !== hash) broken(node, `conflicting final block at ${height}`);
    this.finalAt.set(height, hash);
    if (height < node.reportedFinal.height) broken(node, `finality fell to ${height}`);
    node.reportedFinal = { height, hash };
    const block = node.node?.queries.block(height);
    if (block !== undefined && block.hash !== hash) broken(node, "head does not extend finality");
  }

  private onHeadMoved(node: SimNode, event: Extract<NodeEvent, { type: "head-moved" }>): void {
    if (event.disconnected > chainLimits.reorgDepthMax) {
      broken(node, `reorg of ${event.disconnected} blocks`);
    }
    if (event.disconnected >= 3) this.rare.count("reorg of depth 3 or more");
    else if (event.disconnected > 0) this.rare.count("reorg of depth 1 or 2");
    this.checkSealerKeptIt(node, event.hash);
    this.checkSeal(node, event.slot, event.hash);
    if (event.transactions > 0) this.rare.count("transaction confirmed", event.transactions);
  }

  /** Persist before send: a block that another node has must survive a power cut at its sealer. */
  private checkSealerKeptIt(node: SimNode, hash: BlockHash): void {
    const sealer = this.sealers.get(hash);
    if (sealer === undefined || sealer.node === node) return;
    const key = bodyKey({ height: sealer.height, hash });
    if (!sealer.node.store.isDurable(key)) {
      broken(sealer.node, `sent its block ${hash} before it was durable`);
    }
    this.sealers.delete(hash);
  }

  private checkSeal(node: SimNode, slot: number, hash: BlockHash): void {
    const sealer = node.node?.queries.block(hash)?.sealed.header.sealer;
    const name = `${sealer}:${slot}`;
    const known = this.sealedAt.get(name);
    if (known !== undefined && known !== hash) broken(node, `two seals of one key in slot ${slot}`);
    this.sealedAt.set(name, hash);
  }
}
