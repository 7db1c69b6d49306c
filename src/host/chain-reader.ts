/**
 * Blocks and transactions by hash, height or id, wherever they are: above the anchor in memory,
 * below it in the store. Read-only, for the API; the core loads for itself.
 *
 *   store: C, I, T, B, Q records   memory
 *   0 ------------------- anchor --------------- head
 *                          (its body is in the store)     `-- forks
 *
 * Finality is proven per block that a certificate names ("Q" records), and by hash links below it:
 *
 *   a <── b <── c <── d      Q(b), Q(d): the proof of a and b is that of b, of c and d that of d
 *
 * Invariant: what an answer says of the chain (status, confirmations) is of one moment.
 * protocol-spec/06-validation §6.
 */
import {
  bodyKey,
  canonicalKey,
  decodeCanonical,
  decodeHeight,
  decodeTransactionRef,
  finalityKey,
  indexKey,
  transactionKey,
} from "../chain/records.ts";
import { bodyOf, type NodeStatus, type TreeNode } from "../chain/tree-node.ts";
import type { FinalityProof } from "../finality/finality-proof.ts";
import { type Body, decodeBody } from "../model/block.ts";
import { type CertificateFields, decodeCertificate } from "../model/certificate.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash, TxId } from "../model/ids.ts";
import type { Transaction } from "../model/transaction.ts";
import type { Queries } from "../node/queries.ts";

export type ChainMemory = Pick<
  Queries,
  "block" | "head" | "justified" | "finalized" | "anchorHeight" | "isOrphan"
>;

export interface RecordStore {
  /** In the order of `keys`; sees everything written before the call. */
  load(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
}

export interface FoundBlock {
  readonly sealed: SealedHeader;
  /** `final` implies canonical; `fork` is everything that is not on the chain of the head. */
  readonly status: "canonical" | "fork" | "final";
  /** What is known of it: `executed` for whatever is canonical. */
  readonly validation: NodeStatus;
  /** 1 for the head; 0 for forks. */
  readonly confirmations: number;
}

/** A transaction and the block of the chain that it is in. */
export interface FoundTransaction {
  readonly transaction: Transaction;
  readonly index: number;
  readonly block: FoundBlock;
}

/**
 * How far a block is from being irrevocable. `orphan`: it waits for its parent; `fork`: beside the
 * chain of the head; `justified`: a quorum voted for it or for a block on it.
 */
export type Standing = "unknown" | "orphan" | "fork" | "canonical" | "justified" | "final";

/** A proof for `verifyFinality`: of the block `height`, and by hash links of those below it. */
export interface FoundProof extends FinalityProof {
  readonly height: number;
  readonly hash: BlockHash;
  /** As read from the bytes in `certificate`. */
  readonly certified: Pick<CertificateFields, "validatorsHash" | "validatorCount" | "signers">;
}

/** Heights looked up at once for a proof, and in all: sync makes far fewer blocks final at once. */
const proofBatch = 128;
const proofSearchMax = 16_384;

export class ChainReader {
  private readonly memory: ChainMemory;
  private readonly store: RecordStore;
  /** Of blocks in memory, made at the first question, gone with the block. */
  private readonly indexes = new WeakMap<TreeNode, ReadonlyMap<TxId, number>>();

  constructor(memory: ChainMemory, store: RecordStore) {
    this.memory = memory;
    this.store = store;
  }

  /** By hash, or on the chain of the head by height; undefined when there is none. */
  async header(ref: BlockHash | number): Promise<FoundBlock | undefined> {
    const node = this.memory.block(ref);
    if (node !== undefined) return this.ofNode(node);
    const height = typeof ref === "number" ? ref : await this.buriedHeight(ref);
    if (height === undefined || height > this.memory.anchorHeight()) return undefined;
    const [record] = await this.store.load([canonicalKey(height)]);
    return this.ofBuried(decodedHeader(record, height));
  }

  /** Where the block stands, and what is known of it. */
  async standing(
    ref: BlockHash | number,
  ): Promise<{ readonly standing: Standing; readonly block: FoundBlock | undefined }> {
    const block = await this.header(ref);
    if (block === undefined) {
      const isOrphan = typeof ref === "string" && this.memory.isOrphan(ref);
      return { standing: isOrphan ? "orphan" : "unknown", block };
    }
    const isJustified =
      block.status === "canonical" && block.sealed.header.height <= this.memory.justified().height;
    return { standing: isJustified ? "justified" : block.status, block };
  }

  /**
   * What proves to a stranger that the block is final: the lowest block at or above it that a
   * certificate makes final, with that certificate, for `verifyFinality` and the validators in
   * charge after that block. If that is a higher block, the headers between the two complete the
   * proof: each names the hash of its parent. Undefined for what is not final, and as long as
   * nothing but genesis is.
   */
  async getFinalityProof(ref: BlockHash | number): Promise<FoundProof | undefined> {
    const block = await this.header(ref);
    if (block?.status !== "final") return undefined;
    const from = block.sealed.header.height;
    const end = Math.min(this.memory.finalized().height, from + proofSearchMax);
    for (let low = from; low <= end; low += proofBatch) {
      const count = Math.min(proofBatch, end - low + 1);
      const heights = Array.from({ length: count }, (_, index) => low + index);
      const records = await this.store.load(heights.map(finalityKey));
      const index = records.findIndex((record) => record !== undefined);
      if (index >= 0) return await this.proofAt(low + index, records[index]!);
    }
    return undefined;
  }

  /** With its body, undefined while only the header has come. */
  async block(
    ref: BlockHash | number,
  ): Promise<{ readonly block: FoundBlock; readonly body: Body | undefined } | undefined> {
    const block = await this.header(ref);
    if (block === undefined) return undefined;
    const node = this.memory.block(block.sealed.header.hash);
    if (node?.body !== undefined) return { block, body: bodyOf(node) };
    if (block.status === "fork") return { block, body: undefined };
    return { block, body: await this.storedBody(block.sealed) };
  }

  /** Blocks of the chain from height `from` upwards, at most `count`. */
  async page(from: number, count: number): Promise<readonly FoundBlock[]> {
    const end = Math.min(this.memory.head().height, from + count - 1);
    const found: (FoundBlock | undefined)[] = [];
    const buried: number[] = [];
    for (let height = from; height <= end; height++) {
      const node = this.memory.block(height);
      if (node === undefined) buried.push(height);
      found.push(node && this.ofNode(node));
    }
    if (buried.length === 0) return found as FoundBlock[];
    // Only the lowest of a page can be buried, so both lists begin at `from`.
    const records = await this.store.load(buried.map(canonicalKey));
    return found.map(
      (block, index) => block ?? this.ofBuried(decodedHeader(records[index], from + index)),
    );
  }

  /** On the chain of the head; undefined for what is pending, on a fork, or unknown. */
  async transaction(id: TxId): Promise<FoundTransaction | undefined> {
    const { memory } = this;
    for (let height = memory.head().height; height > memory.anchorHeight(); height--) {
      const node = memory.block(height);
      const index = node && this.indexOf(node).get(id);
      if (node?.body === undefined || index === undefined) continue;
      const transaction = bodyOf(node).transactions[index]!;
      return { transaction, index, block: this.ofNode(node) };
    }
    const [record] = await this.store.load([transactionKey(id)]);
    const ref = record && decodeTransactionRef(record);
    const found = ref && (await this.block(ref.height));
    const transaction = ref && found?.body?.transactions[ref.index];
    if (transaction?.id !== id) return undefined;
    return { transaction, index: ref!.index, block: found!.block };
  }

  private async proofAt(height: number, record: Uint8Array): Promise<FoundProof> {
    const certified = decodeCertificate(record);
    const header = (await this.header(height))?.sealed.header;
    if ("code" in certified || header === undefined || certified.data.sourceHash !== header.hash) {
      throw new Error(`the proof of block ${height} on disk is not of that block`);
    }
    return { height, hash: header.hash, header: header.bytes, certificate: record, certified };
  }

  private async buriedHeight(hash: BlockHash): Promise<number | undefined> {
    const [record] = await this.store.load([indexKey(hash)]);
    return record && decodeHeight(record);
  }

  private async storedBody(sealed: SealedHeader): Promise<Body> {
    const { height, hash } = sealed.header;
    const [bytes] = await this.store.load([bodyKey({ height, hash })]);
    const body = bytes && decodeBody(bytes);
    if (body === undefined || "code" in body) throw new Error(`no body of block ${height} on disk`);
    return body;
  }

  private ofNode(node: TreeNode): FoundBlock {
    const { sealed, height, status } = node;
    if (this.memory.block(height) === node) return this.ofBuried(sealed);
    return { sealed, status: "fork", validation: status, confirmations: 0 };
  }

  /** Of any block on the chain. */
  private ofBuried(sealed: SealedHeader): FoundBlock {
    const { height } = sealed.header;
    return {
      sealed,
      status: height <= this.memory.finalized().height ? "final" : "canonical",
      validation: "executed",
      confirmations: this.memory.head().height - height + 1,
    };
  }

  private indexOf(node: TreeNode): ReadonlyMap<TxId, number> {
    let index = this.indexes.get(node);
    if (index === undefined) {
      if (node.body === undefined) return new Map();
      index = new Map(bodyOf(node).transactions.map(({ id }, at) => [id, at]));
      this.indexes.set(node, index);
    }
    return index;
  }
}

function decodedHeader(record: Uint8Array | undefined, height: number): SealedHeader {
  const sealed = record && decodeCanonical(record);
  if (sealed?.header.height !== height) throw new Error(`no header of block ${height} on disk`);
  return sealed;
}
