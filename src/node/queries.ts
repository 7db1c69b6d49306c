/**
 * Read-only views of a node for its API, log and terminal, taken between steps, so each is
 * consistent in itself. Shows what is in memory: buried blocks are read from the store by the host.
 */
import { toHex } from "../base/bytes.ts";
import type { ChainManager } from "../chain/chain-manager.ts";
import type { Fork } from "../chain/chain-view.ts";
import type { FinalizedRef } from "../chain/records.ts";
import type { RegistryView, StateMachine } from "../chain/state-machine.ts";
import type { TreeNode } from "../chain/tree-node.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Evidence } from "../model/evidence.ts";
import {
  type Address,
  type BlockHash,
  idBytes,
  type NodeId,
  type PublicKey,
  type TxId,
} from "../model/ids.ts";
import { type NetworkFile, slotAt, slotStartMs } from "../model/network-file.ts";
import { networkIdOf } from "../model/recovery.ts";
import type { Transaction } from "../model/transaction.ts";
import type { ValidatorSet } from "../model/validator-set.ts";
import type { ConnectionManager } from "../net/connections/connection-manager.ts";
import type { ClockView } from "../net/connections/peer-clocks.ts";
import { wireLimits } from "../params/limits.ts";
import type { Synchronizer } from "../sync/synchronizer.ts";
import type { RecordedFrame } from "../wire/recorded-frame.ts";
import type { ConductQueries } from "./conduct-queries.ts";
import type { NodeOptions } from "./node-options.ts";
import type { Peers } from "./peers.ts";
import type { Verification } from "./verification.ts";

interface QueriedParts {
  readonly nodeId: NodeId;
  readonly options: NodeOptions;
  readonly chain: ChainManager;
  readonly ledger: StateMachine;
  readonly mempool: Mempool;
  readonly connections: ConnectionManager;
  readonly sync: Synchronizer;
  readonly peers: Peers;
  readonly conduct: ConductQueries;
  readonly verification: Verification;
}

export interface ValidatorView {
  readonly rank: number;
  readonly key: PublicKey;
  readonly self: boolean;
  /** It may not seal. */
  readonly jailed: boolean;
}

/** Evidence that is known here. */
export interface EvidenceView {
  readonly evidence: Evidence;
  /** The head's branch has punished its validator, for this or another fault. */
  readonly included: boolean;
}

export class Queries {
  private readonly parts: QueriedParts;

  /** What is known of how peers behave, and of who is out of reach. */
  readonly conduct: ConductQueries;

  constructor(parts: QueriedParts) {
    this.parts = parts;
    this.conduct = parts.conduct;
  }

  /** The answer of `/api/blockchain/info`, but for the program's name and version. */
  info() {
    const { nodeId, options, chain, mempool } = this.parts;
    return {
      protocolVersion: wireLimits.version,
      nodeId,
      network: options.networkFile.name,
      genesisHash: chain.genesisHash,
      /** The genesis hash, unless the network went through recoveries. */
      networkId: toHex(networkIdOf(idBytes(chain.genesisHash), options.recoveries)),
      role: options.validator === undefined ? "full" : "validator",
      state: this.parts.sync.state,
      halted: chain.halted?.detail,
      height: chain.head.height,
      headHash: chain.head.hash,
      headSlot: chain.head.slot,
      justifiedHeight: chain.justified.height,
      justifiedHash: chain.justified.hash,
      finalizedHeight: chain.finalized.height,
      finalizedHash: chain.finalized.hash,
      peers: this.peerCounts(),
      mempool: mempool.size,
    };
  }

  get isSynced(): boolean {
    return this.parts.sync.state === "synced";
  }

  sync() {
    const { chain, peers, sync } = this.parts;
    const ranges = sync.ranges().map(({ conn, from, to, blocks }) => {
      return { peer: peers.links.get(conn)?.nodeId ?? null, from, to, blocks };
    });
    return { ...sync.progress(), verify: chain.ranges.mode, ranges };
  }

  /** What the host keeps over a restart of where peers are; the key is a secret. */
  keptPeers() {
    return this.parts.connections.keptPeers();
  }

  peers() {
    return this.parts.connections.peers().map((peer) => {
      const session = this.parts.peers.links.get(peer.conn)?.session;
      return {
        ...peer,
        pingMs: session?.pong?.pingMs,
        bytesReceived: session?.bytesReceived ?? 0,
        bytesSent: session?.bytesSent ?? 0,
        /** A claim: nothing rests on it. */
        verified: this.parts.verification.claimOf(peer.conn),
      };
    });
  }

  /** Connections that are ready. */
  peerCounts(): { readonly inbound: number; readonly outbound: number } {
    let inbound = 0;
    let outbound = 0;
    for (const peer of this.parts.connections.peers()) {
      if (peer.state !== "ready") continue;
      if (peer.inbound) inbound++;
      else outbound++;
    }
    return { inbound, outbound };
  }

  /** Bytes over all connections since the start; `saved`: those that deflating spared the line. */
  traffic(): { readonly received: number; readonly sent: number; readonly saved: number } {
    return { ...this.parts.peers.links.traffic, saved: this.parts.peers.savedBytes };
  }

  /** How far our clock is from those of outbound peers. */
  clocks(): ClockView {
    return this.parts.peers.clocks.view();
  }

  forks(): readonly Fork[] {
    return this.parts.chain.view.forks();
  }

  /** In charge of the next block. */
  validators(): readonly ValidatorView[] {
    const { options } = this.parts;
    const { validators, jailed } = this.registry();
    return validators.map((key, rank) => ({
      rank,
      key,
      self: key === options.validator?.key,
      jailed: jailed.includes(key),
    }));
  }

  /** The set in charge of the next block, and what is to change about it. */
  registry(): RegistryView {
    return this.parts.ledger.registry();
  }

  /** Who seals and votes for a block in memory. */
  validatorsOf(node: TreeNode): ValidatorSet {
    return this.parts.chain.duties.validatorsOf(node);
  }

  /** Target slot of the newest vote of `validator` in memory, heard alone or in a certificate. */
  voteSlotOf(validator: PublicKey): number | undefined {
    const { chain } = this.parts;
    const slots = chain.certificates().flatMap(({ data, signers }) => {
      const target = chain.node(data.targetHash);
      const set = target === undefined ? [] : this.validatorsOf(target);
      return signers.some(({ rank }) => set[rank] === validator) ? [data.targetSlot] : [];
    });
    const heard = chain.view.heard.newestVoteSlotOf(validator);
    if (heard !== undefined) slots.push(heard);
    return slots.length === 0 ? undefined : Math.max(...slots);
  }

  /** Validators of whom a vote for a block of `slot` or later is known here. */
  votersSince(slot: number): ReadonlySet<PublicKey> {
    const { chain } = this.parts;
    const voters = new Set<PublicKey>();
    for (const { data, signers } of chain.certificates()) {
      const target = data.targetSlot < slot ? undefined : chain.node(data.targetHash);
      const set = target === undefined ? [] : this.validatorsOf(target);
      for (const { rank } of signers) if (set[rank] !== undefined) voters.add(set[rank]);
    }
    for (const { key } of this.validators()) {
      const newest = chain.view.heard.newestVoteSlotOf(key);
      if (newest !== undefined && newest >= slot) voters.add(key);
    }
    return voters;
  }

  evidence(): readonly EvidenceView[] {
    const { jailed } = this.registry();
    return this.parts.chain.evidence().map((evidence) => ({
      evidence,
      included: jailed.includes(evidence.validator),
    }));
  }

  /** Zeros for an account that nobody has paid yet. */
  account(address: Address): { readonly nonce: bigint; readonly balance: bigint } {
    return this.parts.ledger.account(address);
  }

  supply(): bigint {
    return this.parts.ledger.supply;
  }

  /** A block that is not buried, by hash or canonical height. */
  block(hashOrHeight: BlockHash | number): TreeNode | undefined {
    const { chain } = this.parts;
    return typeof hashOrHeight === "number"
      ? chain.canonicalAt(hashOrHeight)
      : chain.node(hashOrHeight);
  }

  /** Height below which blocks are on disk only. */
  anchorHeight(): number {
    return this.parts.chain.anchor.height;
  }

  head(): TreeNode {
    return this.parts.chain.head;
  }

  finalized(): FinalizedRef {
    return this.parts.chain.finalized;
  }

  /** The root of the fork choice. */
  justified(): TreeNode {
    return this.parts.chain.justified;
  }

  /** Does the block wait for its parent? */
  isOrphan(hash: BlockHash): boolean {
    return this.parts.chain.view.heard.isOrphan(hash);
  }

  bodyOf(hash: BlockHash): Uint8Array | undefined {
    return this.parts.chain.bodyOf(hash);
  }

  confirmations(hash: BlockHash): number | undefined {
    return this.parts.chain.view.confirmations(hash);
  }

  pendingTransaction(id: TxId): Transaction | undefined {
    return this.parts.mempool.get(id);
  }

  /** Pending transactions of one sender. */
  pendingOf(address: Address): number {
    return this.parts.mempool.countOf(address);
  }

  /** The first nonce of a sender that is neither used nor pending. */
  nextNonceOf(address: Address): bigint {
    return this.parts.mempool.nextNonceOf(address);
  }

  /** The last frame that a peer signed, when the node records them: evidence for third parties. */
  lastFrame(nodeId: NodeId): RecordedFrame | undefined {
    for (const link of this.parts.peers.links.all()) {
      if (link.nodeId === nodeId) return link.session.lastFrame;
    }
    return undefined;
  }

  mempool(): { readonly size: number; readonly bytes: number } {
    const { size, bytes } = this.parts.mempool;
    return { size, bytes };
  }

  networkFile(): NetworkFile {
    return this.parts.options.networkFile;
  }

  /** The slot that `wallMs` lies in, and when it began. */
  slotAt(wallMs: number): { readonly slot: number; readonly startMs: number } {
    const file = this.parts.options.networkFile;
    const slot = slotAt(file, wallMs);
    return { slot, startMs: slotStartMs(file, slot) };
  }
}
