/**
 * The chain: takes headers, bodies, votes and certificates in any order, keeps the best valid
 * branch executed and what is final behind it, and says what came of each. Composes the parts of
 * this folder (`chain-parts.ts`). NOT networking, and no I/O: signatures of bodies are checked by
 * jobs, records are written by tickets.
 *
 * Invariant: after every call the head is the best block whose branch is complete and valid (or
 * `deadline` is near and `tick` goes on to it); results name who gave the block. 06-validation.
 */
import type { Conn, Job, Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { Certificate } from "../model/certificate.ts";
import type { Evidence } from "../model/evidence.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import type { Vote } from "../model/vote.ts";
import type { CertifiedRanges, RangeProof } from "./certified-ranges.ts";
import { assembleChain, type ChainParts, sizesOf, type Trust } from "./chain-parts.ts";
import type { ChainView } from "./chain-view.ts";
import { Duties } from "./duties.ts";
import { genesisBlock } from "./genesis.ts";
import type { HeadersImported } from "./header-intake.ts";
import type { ChainPort, Imported } from "./imported.ts";
import type { SafetyConflict } from "./justification.ts";
import type { FinalizedRef } from "./records.ts";
import type { SealJobs } from "./seal-jobs.ts";
import type { StateMachine } from "./state-machine.ts";
import type { TreeNode } from "./tree-node.ts";
import type { WaitingBlock } from "./waiting.ts";

export class ChainManager {
  readonly genesis: SealedHeader;
  readonly genesisHash: BlockHash;
  /** For validators. */
  readonly duties: Duties;
  /** Questions about what is in memory. */
  readonly view: ChainView;
  readonly ranges: CertifiedRanges;
  readonly seals: SealJobs;
  private readonly env: Env;
  private readonly port: ChainPort;
  private readonly parts: ChainParts;
  /** Orphans that headers have placed; they are imported in the next tick. */
  private resolved: WaitingBlock[] = [];
  /** What came of headers besides; told in the next tick. */
  private untold: Imported[] = [];
  private resumeAt = Number.POSITIVE_INFINITY;

  /** Writes to `port` at once when the store is fresh. Throws `StoreDamaged`, `StoreRefused`. */
  constructor(
    env: Env,
    port: ChainPort,
    file: NetworkFile,
    state: StateMachine,
    image: StoreImage,
    trust: Trust = {},
  ) {
    this.env = env;
    this.port = port;
    this.genesis = genesisBlock(file, state);
    this.genesisHash = this.genesis.header.hash;
    const { genesis } = this;
    this.parts = assembleChain({ env, port, file, state, image, genesis, trust });
    this.duties = new Duties(this.parts, state, file);
    this.view = this.parts.view;
    this.ranges = this.parts.ranges;
    this.seals = this.parts.headers.seals;
  }

  /** Executed, and the best of what is complete and valid. */
  get head(): TreeNode {
    return this.parts.active.head;
  }

  /** The best header that is not known to be invalid; its bodies may be missing, none withheld. */
  get bestHeader(): TreeNode {
    return this.parts.tree.bestHeader;
  }

  /** The root of the fork choice: the newest block that a quorum voted for. */
  get justified(): TreeNode {
    return this.parts.justification.justified;
  }

  /** Durable finality; genesis until something is final. */
  get finalized(): FinalizedRef {
    return this.parts.keeper.finalized;
  }

  /** Set once two contradicting blocks were proven final; nothing is sealed or voted for then. */
  get halted(): SafetyConflict | undefined {
    return this.parts.justification.halted;
  }

  /** The deepest block in memory, and the lowest fork point there can be. */
  get anchor(): TreeNode {
    return this.parts.tree.root;
  }

  /** As `HeaderIntake.importHeaders`; `headers` must own their bytes: they are kept. */
  importHeaders(
    headers: readonly SealedHeader[],
    source: Conn | undefined,
    proof?: RangeProof,
  ): HeadersImported {
    const onInserted = (node: TreeNode) => {
      const waited = this.parts.headers.takeOrphansOf(node);
      this.untold.push(...this.onInserted(node));
      if (waited.length === 0 && this.untold.length === 0) return;
      this.resolved.push(...waited);
      this.resumeAt = this.env.clock.monotonicMs + 1;
    };
    return this.parts.headers.importHeaders(headers, source, onInserted, proof);
  }

  /** Nobody gives the body of `hash`, or perhaps somebody does again. */
  setWithheld(hash: BlockHash, isWithheld: boolean): void {
    this.parts.tree.setWithheld(hash, isWithheld);
  }

  /** The body of a header in the tree. */
  importBody(hash: BlockHash, body: Uint8Array, source: Conn | undefined): Imported[] {
    const node = this.parts.tree.get(hash);
    if (node === undefined) return [];
    const results: Imported[] = [];
    this.takeBody(node, body, source, results);
    return this.settled(results, [node]);
  }

  /** A whole block. `sealed` must own its bytes; `body` is copied when it is kept. */
  importBlock(sealed: SealedHeader, body: Uint8Array, source: Conn | undefined): Imported[] {
    return this.importBlocks([{ sealed, body, source }]);
  }

  // Votes, certificates and evidence must own their bytes; without a source they are our own.
  importVote(vote: Vote, source: Conn | undefined): Imported[] {
    return this.settled(this.parts.votes.importVote(vote, source), []);
  }

  importCertificate(certificate: Certificate, source: Conn | undefined): Imported[] {
    return this.settled(this.parts.votes.importCertificate(certificate, source), []);
  }

  /** What was held back since `duties.freeze` counts. */
  thaw(): Imported[] {
    this.parts.justification.thaw();
    return this.settled([], []);
  }

  importEvidence(evidence: Evidence, source: Conn | undefined): Imported[] {
    return this.parts.evidence.importEvidence(evidence, source);
  }

  /** The answer to a `verify`: as `firstBad` says (first-bad.ts). */
  onVerified(job: Job, firstBad: number): Imported[] {
    if (this.seals.onVerified(job, firstBad)) return [];
    const verified = this.parts.bodies.onVerified(job, firstBad);
    if (verified === undefined) return [];
    const { node } = verified;
    if ("rejection" in verified) {
      return [this.parts.keeper.reject(node, verified.rejection), ...this.parts.keeper.advance()];
    }
    this.onReady(verified.ready);
    return this.settled([], [node]);
  }

  /** Everything up to `through` is durable. */
  onPersisted(through: Ticket): void {
    this.parts.keeper.onPersisted(through);
  }

  get deadline(): number {
    const { journal, headers, keeper } = this.parts;
    return Math.min(journal.deadline, headers.deadline, keeper.deadline, this.resumeAt);
  }

  /** Future blocks whose slot has come, orphans that were placed, execution that was cut short. */
  tick(): Imported[] {
    this.parts.journal.tick(this.head);
    const blocks = [...this.resolved, ...this.parts.headers.takeDue()];
    const untold = this.untold;
    this.resolved = [];
    this.untold = [];
    this.resumeAt = Number.POSITIVE_INFINITY;
    return [...untold, ...this.parts.keeper.tick(), ...this.importBlocks(blocks)];
  }

  /** In memory only: above the anchor, and the anchor. */
  node(hash: BlockHash): TreeNode | undefined {
    return this.parts.tree.get(hash);
  }

  has(hash: BlockHash): boolean {
    return this.parts.tree.get(hash) !== undefined;
  }

  /** The executed block at `height`; undefined below the anchor and above the head. */
  canonicalAt(height: number): TreeNode | undefined {
    return this.parts.active.at(height);
  }

  /** The body of a block above the anchor; what is buried must be loaded. */
  bodyOf(hash: BlockHash): Uint8Array | undefined {
    return this.parts.tree.get(hash)?.body;
  }

  locator(): BlockHash[] {
    return this.parts.view.locator();
  }

  missingBodies(max: number): TreeNode[] {
    return this.parts.view.missingBodies(max);
  }

  /** What memory holds, to be compared with `chainLimits`. */
  get sizes() {
    return sizesOf(this.parts);
  }

  /** Which block is justified, and which is final: to be told to whoever comes late. */
  certificates(): readonly Certificate[] {
    const { justified, finalCandidate } = this.parts.justification;
    const found = [justified.certificate, finalCandidate.certificate];
    return [...new Set(found)].filter((certificate) => certificate !== undefined);
  }

  evidence(): readonly Evidence[] {
    return this.parts.evidence.entries();
  }

  private importBlocks(blocks: readonly WaitingBlock[]): Imported[] {
    const results: Imported[] = [];
    const nodes: TreeNode[] = [];
    const queue = [...blocks];
    const { headers } = this.parts;
    for (const block of queue) {
      const { body, source } = block;
      const admitted = headers.place(block);
      if (!("node" in admitted)) {
        results.push(headers.outcomeOf(admitted, block));
        continue;
      }
      const { node } = admitted;
      nodes.push(node);
      if (admitted.type === "inserted") results.push(...this.onInserted(node));
      if (body !== undefined) this.takeBody(node, body, source, results);
      if (admitted.type === "inserted") queue.push(...headers.takeOrphansOf(node));
    }
    return this.settled(results, nodes);
  }

  /** Votes for it may have waited, and it may be the second of its slot. */
  private onInserted(node: TreeNode): Imported[] {
    const { evidence, slots, tree, votes } = this.parts;
    this.port.onHeader(node.header);
    const ofSlot = slots.of(node.header.sealer, node.slot);
    const rivals = ofSlot.flatMap((hash) => (hash === node.hash ? [] : (tree.get(hash) ?? [])));
    const results = rivals.flatMap((rival) => evidence.onSealed(rival.sealed, node.sealed));
    return [...results, ...votes.onInserted(node)];
  }

  /** Complete with all ancestors. Candidates first: what they certify is then found below one. */
  private onReady(nodes: readonly TreeNode[]): void {
    this.parts.keeper.consider(nodes);
    this.parts.justification.onReady(nodes);
  }

  private takeBody(
    node: TreeNode,
    body: Uint8Array,
    source: Conn | undefined,
    results: Imported[],
  ): void {
    const { hash } = node;
    const taken = this.parts.bodies.take(node, body, source);
    if (taken.type === "checked") this.onReady(taken.ready);
    else if (taken.type === "duplicate") results.push({ type: "duplicate", hash, source });
    else if (taken.type === "dropped") results.push({ type: "side", hash, source });
    else if (taken.type === "invalid") {
      results.push(this.parts.keeper.reject(node, taken.rejection));
    } else if (taken.type === "rejected") {
      results.push({ type: "rejected", hash, rejection: taken.rejection, source });
    }
  }

  /** Moves the head, then says of each of `nodes` that nothing was said of where it stands. */
  private settled(results: Imported[], nodes: readonly TreeNode[]): Imported[] {
    results.push(...this.parts.keeper.advance());
    const said = new Set(results.map((result) => ("hash" in result ? result.hash : "")));
    for (const node of nodes) {
      const { hash, bodySource: source } = node;
      if (said.has(hash) || node.body === undefined || node.status === "executed") continue;
      results.push({ type: node.ready ? "side" : "pending", hash, source });
      said.add(hash);
    }
    return results;
  }
}
