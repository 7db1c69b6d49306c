/**
 * A world for synchronization alone: small chains that are real (linked headers, bodies that
 * headers commit to) but judge nothing else. The chain here stands for `ChainManager` where only
 * its surface matters; the simulator tests the whole.
 */
import { assert } from "../../src/base/assert.ts";
import { concatBytes, equalBytes, toHex, u64Bytes } from "../../src/base/bytes.ts";
import type { RangeProof } from "../../src/chain/certified-ranges.ts";
import type { Imported } from "../../src/chain/imported.ts";
import { bodyKey, canonicalKey, encodeHeight, indexKey } from "../../src/chain/records.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import type { Conn, Job } from "../../src/edge/conn.ts";
import { encodeHeader, encodeSealedHeader, type SealedHeader } from "../../src/model/header.ts";
import { type BlockHash, blockHashOf, idBytes, publicKeyOf } from "../../src/model/ids.ts";
import { type Rejection, rejection } from "../../src/model/rule-code.ts";
import type { SyncNode } from "../../src/sync/sync-chain.ts";

const zeros = new Uint8Array(32);
const zeroHash = blockHashOf(zeros);

export interface MadeBlock {
  readonly sealed: SealedHeader;
  readonly body: Uint8Array;
}

export function makeBlock(parent: SealedHeader | undefined, seed: number, bytes = 100): MadeBlock {
  const height = parent === undefined ? 0 : parent.header.height + 1;
  const body = new Uint8Array(bytes).fill(seed % 251);
  body.set(u64Bytes(height));
  const header = encodeHeader({
    version: 1,
    engine: 0,
    txCount: 0,
    height,
    slot: height + seed,
    timestampMs: height * 1_000,
    parentHash: parent?.header.hash ?? zeroHash,
    stateRoot: zeros,
    txRoot: sha256(body),
    receiptsRoot: zeros,
    certHash: zeros,
    justifiedSlot: 0,
    justifiedHash: zeroHash,
    validatorsHash: zeros,
    nextValidatorsHash: zeros,
    sealer: publicKeyOf(zeros),
    bodyBytes: body.length,
    extra: new Uint8Array(24),
  });
  return { sealed: { header, seal: new Uint8Array(64) }, body };
}

/** `count` blocks after genesis or after `from`. */
export function makeChain(count: number, seed = 1, from?: MadeBlock[], bytes = 100): MadeBlock[] {
  const blocks = [...(from ?? [makeBlock(undefined, 0)])];
  for (let i = 0; i < count; i++) blocks.push(makeBlock(blocks.at(-1)!.sealed, seed, bytes));
  return blocks;
}

interface MiniNode extends SyncNode {
  status: SyncNode["status"];
  isHidden: boolean;
  readonly parent: MiniNode | undefined;
}

/** So many headers of a proven run are left to the next. */
const topOfRun = 32;

/** Longest chain wins; headers of version 99 are invalid; bodies must match. */
export class MiniChain {
  readonly nodes = new Map<BlockHash, MiniNode>();
  readonly bodies = new Map<BlockHash, Uint8Array>();
  private readonly withheld = new Set<BlockHash>();
  nodesMax = Number.POSITIVE_INFINITY;
  /** The anchor follows the head at this distance. */
  anchorBehind = Number.POSITIVE_INFINITY;
  head: MiniNode;
  bestHeader: MiniNode;
  anchor: MiniNode;
  canonical: MiniNode[] = [];
  uncheckedHeight = 0;
  /** When it is set, long runs of headers are given with the body of their last one. */
  ranges?: { carrierOf(headers: readonly SealedHeader[]): BlockHash | undefined };
  /** Lengths of the runs that came with a proof. */
  readonly proven: number[] = [];
  /** The validators change so often: headers beyond can be judged when the block is executed. */
  handOverEvery = Number.POSITIVE_INFINITY;

  constructor(blocks: readonly MadeBlock[]) {
    const root = this.insert(blocks[0]!.sealed);
    root.status = "executed";
    this.head = root;
    this.bestHeader = root;
    this.anchor = root;
    this.canonical = [root];
    this.importHeaders(blocks.slice(1).map(({ sealed }) => sealed));
    for (const { sealed, body } of blocks.slice(1)) this.importBody(sealed.header.hash, body);
  }

  importHeaders(given: readonly SealedHeader[], _source?: Conn, proof?: RangeProof) {
    let accepted = 0;
    const headers = proof?.isFollowed === true ? given.slice(0, -topOfRun) : given;
    const carrier = given.find(({ header }) => header.hash === proof?.hash)?.header;
    if (proof !== undefined && !equalBytes(sha256(proof.body), carrier?.txRoot ?? zeros)) {
      return { accepted, rejection: rejection("body-mismatch", "other bytes") };
    }
    if (proof !== undefined) this.proven.push(given.length);
    for (const sealed of headers) {
      const { header } = sealed;
      if (this.nodes.has(header.hash)) continue;
      if (!this.nodes.has(header.parentHash)) return { accepted, missing: header.parentHash };
      if (this.handOverBefore(header.height) > this.head.height) {
        return { accepted, isUnready: true };
      }
      if (this.nodes.size >= this.nodesMax) {
        return { accepted, rejection: rejection("header-tree-full", "no room") };
      }
      if (sealed.seal[0] === 99) return { accepted, rejection: rejection("header-seal", "bad") };
      const node = this.insert(sealed);
      if (!node.isHidden && node.height > this.bestHeader.height) this.bestHeader = node;
      accepted++;
    }
    return { accepted };
  }

  importBody(hash: BlockHash, body: Uint8Array, source?: Conn): readonly Imported[] {
    const node = this.nodes.get(hash);
    assert(node !== undefined, "headers come first");
    if (node.status !== "header") return [{ type: "duplicate", hash, source }];
    if (!equalBytes(sha256(body), node.sealed.header.txRoot)) {
      const verdict: Rejection = rejection("body-mismatch", "other bytes");
      return [{ type: "rejected", hash, rejection: verdict, source }];
    }
    this.bodies.set(hash, body);
    node.status = "body";
    this.setWithheld(hash, false);
    this.advance();
    this.raiseAnchor();
    return [{ type: "pending", hash, source }];
  }

  setWithheld(hash: BlockHash, isWithheld: boolean): void {
    if (this.withheld.has(hash) === isWithheld) return;
    isWithheld ? this.withheld.add(hash) : this.withheld.delete(hash);
    this.bestHeader = this.head;
    for (const node of this.nodes.values()) {
      node.isHidden = this.withheld.has(node.hash) || node.parent?.isHidden === true;
      if (!node.isHidden && node.height > this.bestHeader.height) this.bestHeader = node;
    }
  }

  /** Buries all below `height`: their records go to `store`. */
  bury(height: number, store: MiniStore): void {
    for (const node of this.canonical.slice(0, height)) {
      store.put(node, this.bodies.get(node.hash) ?? zeros);
      this.nodes.delete(node.hash);
      this.bodies.delete(node.hash);
    }
    this.anchor = this.canonical[height]!;
  }

  has(hash: BlockHash): boolean {
    return this.nodes.has(hash);
  }

  node(hash: BlockHash): MiniNode | undefined {
    return this.nodes.get(hash);
  }

  canonicalAt(height: number): MiniNode | undefined {
    return height < this.anchor.height ? undefined : this.canonical[height];
  }

  bodyOf(hash: BlockHash): Uint8Array | undefined {
    return this.bodies.get(hash);
  }

  locator(): BlockHash[] {
    const hashes: BlockHash[] = [];
    let step = 1;
    let node: MiniNode | undefined = this.bestHeader;
    while (node !== undefined && node !== this.anchor && hashes.length < 60) {
      hashes.push(node.hash);
      if (hashes.length > 10) step *= 2;
      for (let i = 0; i < step && node !== this.anchor; i++) node = node?.parent;
    }
    return [...hashes, this.anchor.hash];
  }

  headersAfter(locator: readonly BlockHash[], stop: BlockHash, count: number) {
    const common = locator.find((hash) => {
      const node = this.nodes.get(hash);
      return node !== undefined && this.canonical[node.height] === node;
    });
    const start = common === undefined ? 0 : this.nodes.get(common)!.height;
    if (start < this.anchor.height) return { below: start };
    const out: SealedHeader[] = [];
    for (const node of this.canonical.slice(start + 1, start + 1 + count)) {
      out.push(node.sealed);
      if (node.hash === stop) break;
    }
    return out;
  }

  missingBodies(max: number): MiniNode[] {
    const missing: MiniNode[] = [];
    let node: MiniNode | undefined = this.bestHeader;
    for (; node !== undefined && node.status !== "executed"; node = node.parent) {
      if (node.status === "header") missing.push(node);
    }
    return missing.reverse().slice(0, max);
  }

  private handOverBefore(height: number): number {
    const every = this.handOverEvery;
    return every === Number.POSITIVE_INFINITY ? 0 : Math.floor((height - 1) / every) * every;
  }

  private insert(sealed: SealedHeader): MiniNode {
    const { hash, height, parentHash } = sealed.header;
    const parent = this.nodes.get(parentHash);
    const isHidden = parent?.isHidden === true;
    const node: MiniNode = { sealed, hash, height, status: "header", parent, isHidden };
    this.nodes.set(hash, node);
    return node;
  }

  raiseAnchor(): void {
    const height = Math.max(this.anchor.height, this.head.height - this.anchorBehind);
    for (const { hash } of this.canonical.slice(this.anchor.height, height)) {
      this.nodes.delete(hash);
      this.bodies.delete(hash);
    }
    this.anchor = this.canonical[height]!;
  }

  /** Executes what is complete on the best branch. */
  private advance(): void {
    const branch: MiniNode[] = [];
    let at: MiniNode | undefined = this.bestHeader;
    for (; at !== undefined && at.status !== "executed"; at = at.parent) branch.push(at);
    for (const node of branch.reverse()) {
      if (node.status === "header") return;
      if (node.height <= this.head.height) continue;
      let up: MiniNode | undefined = node;
      for (; up && this.canonical[up.height] !== up; up = up.parent) {
        up.status = "executed";
        this.canonical[up.height] = up;
      }
      this.head = node;
    }
  }
}

/** Records by key as hex; loads are answered when the test says so. */
export class MiniStore {
  readonly records = new Map<string, Uint8Array>();
  readonly asked: { readonly job: Job; readonly keys: readonly Uint8Array[] }[] = [];
  private lastJob = 0;

  load(keys: readonly Uint8Array[]): Job {
    const job = ++this.lastJob as Job;
    this.asked.push({ job, keys });
    return job;
  }

  put(node: SyncNode, body: Uint8Array): void {
    const { height, hash, sealed } = node;
    const record = concatBytes(idBytes(hash), encodeSealedHeader(sealed));
    this.records.set(toHex(canonicalKey(height)), record);
    this.records.set(toHex(bodyKey({ height, hash })), body);
    this.records.set(toHex(indexKey(hash)), encodeHeight(height));
  }

  /** Answers the oldest load. */
  answer(to: { onLoaded(job: Job, values: readonly (Uint8Array | undefined)[]): unknown }): number {
    const next = this.asked.shift();
    assert(next !== undefined, "a load is waiting");
    const values = next.keys.map((k) => this.records.get(toHex(k)));
    to.onLoaded(next.job, values);
    return values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
  }
}
