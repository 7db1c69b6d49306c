/**
 * L1: once the faults are over, blocks become final again within 2n + 2 slots. L2: without faults
 * within two. L3: below a quorum the chain grows to the cap and stops there (the cap itself is I4).
 * L5: a transaction is final n + 4 slots after it was sent. And in the end there is one chain.
 */
import { defined } from "../../base/assert.ts";
import type { Address, BlockHash, PublicKey } from "../../model/ids.ts";
import { addressOfKey, type Transaction } from "../../model/transaction.ts";
import type { ToldBlock } from "../chronicle.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

interface Sent {
  readonly sender: PublicKey;
  readonly nonce: bigint;
  readonly slot: number;
}

/** Blocks by which heads may differ at any time: the latest is on its way. */
const slackBlocks = 4;

export class LivenessChecker {
  private readonly world: Observed;
  private readonly waiting: Sent[] = [];
  private readonly spent = new Map<Address, bigint>();
  private readonly transactionsOf = new Map<string, readonly Transaction[]>();
  /** The highest that any node reported. */
  private lastFinal = { height: 0, hash: "" };
  private finalSlot = 0;

  constructor(world: Observed) {
    this.world = world;
  }

  onExecuted(told: ToldBlock, transactions: readonly Transaction[]): void {
    if (this.world.swarm.isCalm) this.transactionsOf.set(told.hash, transactions);
  }

  /** L5: `node` accepted it, with the nonce that is next. */
  onAccepted({ sender, nonce }: Transaction): void {
    if (!this.world.swarm.isCalm) return;
    this.waiting.push({ sender, nonce, slot: this.world.slot() });
  }

  onFinalized(node: SimNode, slot: number, hash: BlockHash): void {
    const { swarm, chronicle } = this.world;
    const { height } = defined(chronicle.blocks.get(hash), "it was made by somebody");
    if (height > this.lastFinal.height) this.lastFinal = { height, hash };
    if (!swarm.isCalm) return;
    const now = this.world.slot();
    const isStarting = now < this.startSlots();
    for (
      let at = chronicle.blocks.get(hash);
      at !== undefined;
      at = chronicle.blocks.get(at.parent)
    ) {
      if (at.slot <= node.finalSlot) break;
      if (!isStarting && now - at.slot > 2) {
        broken(node, `block of slot ${at.slot} is final in slot ${now} only`);
      }
      if (at.slot > this.finalSlot) this.spend(at.hash);
    }
    node.finalSlot = slot;
    this.finalSlot = Math.max(this.finalSlot, slot);
  }

  onPause(): void {
    const { swarm } = this.world;
    if (!swarm.isCalm) return;
    const now = this.world.slot();
    while (this.waiting[0] !== undefined && now - this.waiting[0].slot > swarm.validators + 4) {
      const { sender, nonce, slot } = this.waiting.shift()!;
      if (slot < this.startSlots()) continue;
      if ((this.spent.get(addressOfKey(sender)) ?? -1n) >= nonce) continue;
      broken(this.world.nodes[0]!, `a transaction of slot ${slot} is not final in slot ${now}`);
    }
  }

  /** Faults are over and time was given: one chain, nobody left out, and it becomes final. */
  onConverged(): void {
    const discord = this.discord();
    if (discord !== undefined) broken(discord.node, discord.what);
  }

  /** And at every node a block later than `slot` is final. */
  hasConverged(slot: number): boolean {
    if (this.discord() !== undefined) return false;
    return this.world.honest.every((each) => (each.node?.queries.finalized().slot ?? 0) > slot);
  }

  private discord(): { readonly node: SimNode; readonly what: string } | undefined {
    const { honest } = this.world;
    const heights = honest.map((node) => node.node?.queries.info().height ?? 0);
    const lowest = Math.min(...heights);
    const agreed = new Set<string>();
    for (const node of honest) {
      const what = this.laggingOf(node, Math.max(...heights));
      if (what !== undefined) return { node, what };
      const at = Math.max(0, lowest - slackBlocks);
      const hash = node.hashAt(at);
      if (hash === undefined) return { node, what: `does not know its height ${at}` };
      agreed.add(hash);
    }
    if (agreed.size === 1) return undefined;
    return { node: honest[0]!, what: `${agreed.size} chains after the faults ended` };
  }

  private laggingOf(node: SimNode, highest: number): string | undefined {
    const { swarm } = this.world;
    const queries = node.node?.queries;
    if (queries === undefined) return "is down after the faults ended";
    const info = queries.info();
    if (info.state !== "synced") return `is ${info.state} at ${info.height} of ${highest}`;
    if (highest - info.height > slackBlocks) return `is at ${info.height}, others at ${highest}`;
    if (!swarm.isPrompt || this.isFinalLost()) return undefined;
    const lag = this.world.slot() - queries.finalized().slot;
    const most = 2 * this.members() + 2 + 2;
    return lag > most ? `the final block is ${lag} slots old, at most ${most}` : undefined;
  }

  /**
   * Only one node had it, and its operator gave it an older copy of the disk: whoever signed above
   * may never sign below again. People must end this, by a recovery.
   */
  private isFinalLost(): boolean {
    const { height, hash } = this.lastFinal;
    return height > 0 && this.world.honest.every((node) => node.hashAt(height) !== hash);
  }

  /** Without faults nearly every slot has its block: none is slept through. */
  onCalmEnd(slots: number): void {
    const { honest } = this.world;
    const height = Math.max(...honest.map((node) => node.node?.queries.info().height ?? 0));
    if (height < slots * 0.9 - 10) {
      broken(honest[0]!, `height ${height} after ${slots} slots without a fault`);
    }
  }

  private startSlots(): number {
    const { slotMs, validators } = this.world.swarm;
    return Math.ceil(20_000 / slotMs) + 2 * validators;
  }

  /** Of the set in charge now, by whoever has the longest chain. */
  private members(): number {
    const counts = this.world.honest.map((node) => node.node?.queries.validators().length ?? 0);
    return Math.max(...counts);
  }

  private spend(hash: string): void {
    for (const { sender, nonce } of this.transactionsOf.get(hash) ?? []) {
      const from = addressOfKey(sender);
      const known = this.spent.get(from) ?? -1n;
      if (nonce > known) this.spent.set(from, nonce);
    }
    this.transactionsOf.delete(hash);
  }
}
