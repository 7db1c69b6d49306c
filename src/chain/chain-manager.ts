/**
 * The chain: takes headers and bodies in any order, keeps the best valid branch executed, and says
 * what came of each. Composes the parts of this folder. NOT networking, and no I/O: signatures are
 * checked by jobs, records are written by tickets.
 *
 * Invariant: after every call the head is the best block whose branch is complete and valid (or
 * `deadline` is near and `tick` goes on towards it); every result names who gave the block.
 * protocol-spec/06-validation.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Conn, Job, Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { SealedHeader } from "../model/header.ts";
import { type BlockHash, idBytes, type PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import type { Transaction } from "../model/transaction.ts";
import type { ActiveChain } from "./active-chain.ts";
import { buildBlock, type UnsealedBlock } from "./block-builder.ts";
import type { BlockTree } from "./block-tree.ts";
import { BodyIntake } from "./body-intake.ts";
import { Burial } from "./burial.ts";
import { startChain } from "./chain-start.ts";
import { ChainView, type Fork } from "./chain-view.ts";
import { genesisBlock } from "./genesis.ts";
import { HeadKeeper } from "./head-keeper.ts";
import { HeaderIntake, type HeadersImported } from "./header-intake.ts";
import type { ChainPort, Imported } from "./imported.ts";
import { Journal } from "./journal.ts";
import type { FinalizedRef } from "./records.ts";
import { genesisWrites } from "./restore.ts";
import { SlotTable } from "./slot-table.ts";
import type { StateMachine } from "./state-machine.ts";
import type { TreeNode } from "./tree-node.ts";
import type { WaitingBlock } from "./waiting.ts";

export class ChainManager {
  readonly genesis: SealedHeader;
  readonly genesisHash: BlockHash;
  private readonly env: Env;
  private readonly file: NetworkFile;
  private readonly state: StateMachine;
  private readonly tree: BlockTree;
  private readonly active: ActiveChain;
  private readonly slots = new SlotTable();
  private readonly journal: Journal;
  private readonly headers: HeaderIntake;
  private readonly bodies: BodyIntake;
  private readonly keeper: HeadKeeper;
  private readonly view: ChainView;
  /** Orphans that headers have placed; they are imported in the next tick. */
  private resolved: WaitingBlock[] = [];
  private resumeAt = Number.POSITIVE_INFINITY;

  /** Writes to `port` at once when the store is fresh. Throws `StoreDamaged`. */
  constructor(
    env: Env,
    port: ChainPort,
    file: NetworkFile,
    state: StateMachine,
    image: StoreImage,
  ) {
    this.env = env;
    this.file = file;
    this.state = state;
    this.genesis = genesisBlock(file, state);
    const genesis = this.genesis.header;
    this.genesisHash = genesis.hash;
    const start = startChain(image, this.genesis, file.validators, state);
    const { tree, active, finalized, isFresh } = start;
    this.tree = tree;
    this.active = active;
    for (const node of tree.all()) this.slots.add(node.header);
    this.journal = new Journal(env, port);
    const { journal, slots } = this;
    this.bodies = new BodyIntake(tree, active, (body) => port.verify(idBytes(genesis.hash), body));
    const onRemoved = (nodes: readonly TreeNode[]) => {
      for (const node of nodes) slots.delete(node.header);
      this.bodies.forget(nodes);
    };
    const burial = new Burial(tree, active, (removed) => {
      onRemoved(removed);
      state.commit();
      this.headers.dropBuried(tree.root.height);
    });
    // The set does not change in this version; with set changes this asks the branch.
    const validatorsOf = (hash: Uint8Array) =>
      equalBytes(hash, genesis.validatorsHash) ? file.validators : undefined;
    const shared = { file, genesis, tree, active, burial, journal, slots };
    this.headers = new HeaderIntake(env, port, { ...shared, validatorsOf, onRemoved });
    this.keeper = new HeadKeeper(env, port, { tree, active, burial, journal, state, finalized });
    this.view = new ChainView(tree, active, burial, genesis.hash);
    if (isFresh) journal.write(genesisWrites(this.genesis, state));
    this.keeper.onStarted();
  }

  /** Executed, and the best of what is complete and valid. */
  get head(): TreeNode {
    return this.active.head;
  }

  /** The best header that is not known to be invalid; its bodies may be missing, none withheld. */
  get bestHeader(): TreeNode {
    return this.tree.bestHeader;
  }

  /** The root of the fork choice; the anchor until certificates are carried. */
  get justified(): { readonly slot: number; readonly hash: BlockHash } {
    return { slot: this.anchor.slot, hash: this.anchor.hash };
  }

  /** Durable finality; genesis until something is final. */
  get finalized(): FinalizedRef {
    return this.keeper.finalized;
  }

  /** The deepest block in memory: never undone, the lowest fork point there can be. */
  get anchor(): TreeNode {
    return this.tree.root;
  }

  /**
   * Headers in chain order; those already known are skipped. Stops at the first that hangs in the
   * air, lies in the future, or breaks a rule. `headers` must own their bytes: they are kept.
   */
  importHeaders(headers: readonly SealedHeader[], source: Conn | undefined): HeadersImported {
    return this.headers.importHeaders(headers, source, (node) => {
      const waited = this.headers.takeOrphansOf(node);
      if (waited.length === 0) return;
      this.resolved.push(...waited);
      this.resumeAt = this.env.clock.monotonicMs + 1;
    });
  }

  /** Nobody gives the body of `hash`, or perhaps somebody does again. */
  setWithheld(hash: BlockHash, isWithheld: boolean): void {
    this.tree.setWithheld(hash, isWithheld);
  }

  /** The body of a header in the tree; nothing happens when it left the tree meanwhile. */
  importBody(hash: BlockHash, body: Uint8Array, source: Conn | undefined): Imported[] {
    const node = this.tree.get(hash);
    if (node === undefined) return [];
    const results: Imported[] = [];
    this.takeBody(node, body, source, results);
    return this.settled(results, [node]);
  }

  /** A whole block. `sealed` must own its bytes; `body` is copied when it is kept. */
  importBlock(sealed: SealedHeader, body: Uint8Array, source: Conn | undefined): Imported[] {
    return this.importBlocks([{ sealed, body, source }]);
  }

  /** The answer to a `verify`: `firstBad` is -1 when all signatures are good. */
  onVerified(job: Job, firstBad: number): Imported[] {
    const verified = this.bodies.onVerified(job, firstBad);
    if (verified === undefined) return [];
    const { node } = verified;
    if ("rejection" in verified) {
      return [this.keeper.reject(node, verified.rejection), ...this.keeper.advance()];
    }
    this.keeper.consider(verified.ready);
    return this.settled([], [node]);
  }

  /** Everything up to `through` is durable. */
  onPersisted(through: Ticket): void {
    this.keeper.onPersisted(through);
  }

  /** In `env.clock.monotonicMs`. */
  get deadline(): number {
    const { journal, headers, keeper } = this;
    return Math.min(journal.deadline, headers.deadline, keeper.deadline, this.resumeAt);
  }

  /** Future blocks whose slot has come, orphans that were placed, execution that was cut short. */
  tick(): Imported[] {
    this.journal.tick(this.head);
    const blocks = [...this.resolved, ...this.headers.takeDue()];
    this.resolved = [];
    this.resumeAt = Number.POSITIVE_INFINITY;
    return this.importBlocks(blocks);
  }

  /** In memory only: above the anchor, and the anchor. */
  node(hash: BlockHash): TreeNode | undefined {
    return this.tree.get(hash);
  }

  has(hash: BlockHash): boolean {
    return this.tree.get(hash) !== undefined;
  }

  /** The executed block at `height`; undefined below the anchor and above the head. */
  canonicalAt(height: number): TreeNode | undefined {
    return this.active.at(height);
  }

  /** The body of a block above the anchor; what is buried must be loaded. */
  bodyOf(hash: BlockHash): Uint8Array | undefined {
    return this.tree.get(hash)?.body;
  }

  // The answers of `ChainView`, whose docs say what they hold.
  locator(): BlockHash[] {
    return this.view.locator();
  }

  headersAfter(
    locator: readonly BlockHash[],
    stop: BlockHash | undefined,
    count: number,
  ): SealedHeader[] | { readonly below: number } {
    return this.view.headersAfter(locator, stop, count);
  }

  missingBodies(max: number): TreeNode[] {
    return this.view.missingBodies(max);
  }

  forks(): Fork[] {
    return this.view.forks();
  }

  confirmations(hash: BlockHash): number | undefined {
    return this.view.confirmations(hash);
  }

  /** What memory holds, to be compared with `chainLimits`. */
  get sizes() {
    return {
      nodes: this.tree.size,
      bodyBytes: this.tree.bodyBytes,
      orphans: this.headers.orphanCount,
      future: this.headers.futureCount,
      slots: this.slots.size,
    };
  }

  /** The next block on the head, without its seal. */
  buildBlock(slot: number, sealer: PublicKey, candidates: readonly Transaction[]): UnsealedBlock {
    return buildBlock(this.state, this.file, this.head.header, { slot, sealer, candidates });
  }

  private importBlocks(blocks: readonly WaitingBlock[]): Imported[] {
    const results: Imported[] = [];
    const nodes: TreeNode[] = [];
    const queue = [...blocks];
    for (const block of queue) {
      const { sealed, body, source } = block;
      const { hash } = sealed.header;
      const admitted = this.headers.place(block);
      if (admitted.type === "rejected") {
        results.push({ type: "rejected", hash, rejection: admitted.rejection, source });
      } else if (admitted.type === "orphan") {
        results.push({ type: "orphan", hash, missing: this.headers.missingFor(hash), source });
      } else if (admitted.type === "future") {
        results.push({ type: "future", hash, source });
      } else if (admitted.type === "buried") {
        results.push({ type: "duplicate", hash, source });
      } else {
        const { node } = admitted;
        nodes.push(node);
        if (body !== undefined) this.takeBody(node, body, source, results);
        if (admitted.type === "inserted") queue.push(...this.headers.takeOrphansOf(node));
      }
    }
    return this.settled(results, nodes);
  }

  private takeBody(
    node: TreeNode,
    body: Uint8Array,
    source: Conn | undefined,
    results: Imported[],
  ): void {
    const { hash } = node;
    const taken = this.bodies.take(node, body, source);
    if (taken.type === "checked") this.keeper.consider(taken.ready);
    else if (taken.type === "duplicate") results.push({ type: "duplicate", hash, source });
    else if (taken.type === "dropped") results.push({ type: "side", hash, source });
    else if (taken.type === "rejected") {
      results.push({ type: "rejected", hash, rejection: taken.rejection, source });
    }
  }

  /** Moves the head, then says of each of `nodes` that nothing was said of where it stands. */
  private settled(results: Imported[], nodes: readonly TreeNode[]): Imported[] {
    const said = new Set(results.map((result) => (result.type === "moved" ? "" : result.hash)));
    results.push(...this.keeper.advance());
    for (const node of nodes) {
      const { hash, bodySource: source } = node;
      if (said.has(hash) || node.body === undefined || node.status === "executed") continue;
      results.push({ type: node.ready ? "side" : "pending", hash, source });
      said.add(hash);
    }
    return results;
  }
}
