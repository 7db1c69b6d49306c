/**
 * Seals a block in the slots that belong to our validator key: build, ask the signer, hand the
 * sealed block to the chain. The signature comes back as an input, because the signer writes its
 * floor to disk first. Holds no key and decides no validity. protocol-spec/06-validation §3.
 *
 * A large block is prepared before its slot begins, and is sealed when it is still the one that
 * would be built: nothing else came that fits, and the head and what the block carries are the same.
 */

import type { UnsealedBlock } from "../chain/block-builder.ts";
import type { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import type { Job } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Header, SealedHeader } from "../model/header.ts";
import { idBytes, type PublicKey } from "../model/ids.ts";
import { type NetworkFile, slotAt, slotStartMs } from "../model/network-file.ts";
import type { Transaction } from "../model/transaction.ts";
import { chainLimits } from "../params/limits.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { ValidatorGuard } from "./validator-guard.ts";

/** With fewer pending transactions a block is built quickly enough. */
const prepareFromNormally = 512;
/** Prepared so long before its slot, as a part of a slot. */
const aheadParts = 4;
/** No room worth the mention is left above this share of a body. */
const fullShare = 0.9;

interface Prepared {
  readonly slot: number;
  /** Of the mempool. */
  readonly revision: number;
  readonly isFull: boolean;
}

interface Unsealed {
  readonly job: Job;
  readonly header: Header;
  readonly body: Uint8Array;
}

export interface SealedBlock {
  readonly sealed: SealedHeader;
  readonly body: Uint8Array;
}

export class Sealer {
  private readonly env: Env;
  private readonly effects: EffectQueue;
  private readonly chain: ChainManager;
  private readonly mempool: Mempool;
  private readonly file: NetworkFile;
  private readonly key: PublicKey;
  private readonly guard: ValidatorGuard;
  private readonly maySeal: () => boolean;
  private readonly floor: number;
  private readonly prepareFrom: number;
  private triedSlot: number;
  private unsealed: Unsealed | undefined;
  private prepared: Prepared | undefined;
  /** The last slot for which a block was prepared, or was not to be. */
  private preparedSlot = 0;

  constructor(
    env: Env,
    effects: EffectQueue,
    chain: ChainManager,
    mempool: Mempool,
    options: {
      readonly file: NetworkFile;
      readonly key: PublicKey;
      /** No slot at or below it. */
      readonly floor: number;
      readonly prepareFrom?: number | undefined;
      readonly guard: ValidatorGuard;
      readonly maySeal: () => boolean;
    },
  ) {
    this.env = env;
    this.effects = effects;
    this.chain = chain;
    this.mempool = mempool;
    this.file = options.file;
    this.key = options.key;
    this.guard = options.guard;
    this.maySeal = options.maySeal;
    this.triedSlot = slotAt(this.file, env.clock.wallMs);
    this.floor = options.floor;
    this.prepareFrom = options.prepareFrom ?? prepareFromNormally;
  }

  /** Start of the first slot not yet tried, or when its block is prepared; now when it was. */
  get deadline(): number {
    const { monotonicMs, wallMs } = this.env.clock;
    const next = this.triedSlot + 1;
    const dueMs = this.prepares(next) ? this.prepareAtMs(next) : slotStartMs(this.file, next);
    return monotonicMs + Math.max(0, dueMs - wallMs);
  }

  /** Called after every step: cheap unless a slot has begun, or is near. */
  tick(): Imported[] {
    const slot = slotAt(this.file, this.env.clock.wallMs);
    const results = slot > this.triedSlot ? this.trySlot(slot) : [];
    this.prepare(this.triedSlot + 1);
    return results;
  }

  /** The block that `job` sealed; undefined when it is no longer wanted or was refused. */
  onSigned(job: Job, signature: Uint8Array | undefined, reason: string): SealedBlock | undefined {
    const unsealed = this.unsealed;
    if (unsealed?.job !== job) return undefined;
    this.unsealed = undefined;
    if (signature === undefined) {
      this.effects.notify({ type: "seal-refused", slot: unsealed.header.slot, reason });
      return undefined;
    }
    const { header, body } = unsealed;
    this.effects.notify({ type: "sealed", height: header.height, hash: header.hash });
    return { sealed: { header, seal: signature }, body };
  }

  private trySlot(slot: number): Imported[] {
    this.triedSlot = slot;
    if (!this.maySealIn(slot)) return [];
    const { chain, key } = this;
    // A leader's block must be as good as what any voter froze: nothing is held back from it.
    const results = chain.thaw();
    const unsealed =
      this.takePrepared(slot) ?? chain.duties.buildBlock(slot, key, () => this.candidates());
    if (unsealed === undefined) return results;
    const { header, body } = unsealed;
    this.guard.onSigned(header.hash);
    const job = this.effects.sign({
      type: "seal",
      slot,
      blockHash: idBytes(header.hash),
      genesisHash: chain.duties.domainAt(slot),
    });
    this.unsealed = { job, header, body };
    return results;
  }

  private maySealIn(slot: number): boolean {
    const { chain, key } = this;
    if (slot <= this.floor || !this.guard.maySign || chain.halted !== undefined) return false;
    return chain.duties.leads(key, slot) && this.maySeal();
  }

  private prepares(next: number): boolean {
    return this.preparedSlot < next && this.mempool.size >= this.prepareFrom;
  }

  private prepareAtMs(next: number): number {
    return slotStartMs(this.file, next) - Math.floor(this.file.slotMs / aheadParts);
  }

  private prepare(next: number): void {
    if (!this.prepares(next) || this.env.clock.wallMs < this.prepareAtMs(next)) return;
    this.preparedSlot = next;
    this.prepared = undefined;
    if (!this.maySealIn(next)) return;
    const { chain, key, mempool } = this;
    const block = chain.duties.prepareBlock(next, key, () => this.candidates());
    if (block === undefined) return;
    const { bodyBytes, txCount } = block.header;
    const isFull =
      bodyBytes >= fullShare * chainLimits.blockBodyBytesMax ||
      txCount >= fullShare * chainLimits.blockTransactionsMax;
    this.prepared = { slot: next, revision: mempool.revision, isFull };
  }

  private takePrepared(slot: number): UnsealedBlock | undefined {
    const { prepared } = this;
    this.prepared = undefined;
    if (prepared?.slot !== slot) return undefined;
    if (!prepared.isFull && prepared.revision !== this.mempool.revision) return undefined;
    return this.chain.duties.preparedBlock(slot, this.key);
  }

  private candidates(): readonly Transaction[] {
    const { blockBodyBytesMax, blockTransactionsMax } = chainLimits;
    return this.mempool.select(blockBodyBytesMax - 4, blockTransactionsMax);
  }
}
