/**
 * Blocks and transactions by hash, height or id, wherever they are: above the anchor in memory,
 * below it in the store. Read-only, for the API; the core loads for itself.
 *
 *   store: C, I, T, B records      memory
 *   0 ------------------- anchor --------------- head
 *                          (its body is in the store)     `-- forks
 *
 * Invariant: what an answer says of the chain (status, confirmations) is of one moment.
 */
import {
  bodyKey,
  canonicalKey,
  decodeCanonical,
  decodeHeight,
  decodeTransactionRef,
  indexKey,
  transactionKey,
} from "../chain/records.ts";
import { bodyOf, type NodeStatus, type TreeNode } from "../chain/tree-node.ts";
import { type Body, decodeBody } from "../model/block.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash, TxId } from "../model/ids.ts";
import type { Transaction } from "../model/transaction.ts";
import type { Queries } from "../node/queries.ts";

export type ChainMemory = Pick<Queries, "block" | "head" | "finalized" | "anchorHeight">;

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
