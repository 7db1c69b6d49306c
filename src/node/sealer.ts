/**
 * Seals a block in the slots that belong to our validator key: build, ask the signer, hand the
 * sealed block to the chain. The signature comes back as an input, because the signer writes its
 * floor to disk first. Holds no key and decides no validity. protocol-spec/06-validation §3.
 */

import type { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import type { Job } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Header, SealedHeader } from "../model/header.ts";
import { idBytes, type PublicKey } from "../model/ids.ts";
import { type NetworkFile, slotAt, slotStartMs } from "../model/network-file.ts";
import { chainLimits } from "../params/limits.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { ValidatorGuard } from "./validator-guard.ts";

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
  private triedSlot: number;
  private unsealed: Unsealed | undefined;

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
  }

  /** Start of the first slot not yet tried, now when it has begun. */
  get deadline(): number {
    const { monotonicMs, wallMs } = this.env.clock;
    return monotonicMs + Math.max(0, slotStartMs(this.file, this.triedSlot + 1) - wallMs);
  }

  /** Called after every step: cheap unless a slot has begun. */
  tick(): Imported[] {
    const slot = slotAt(this.file, this.env.clock.wallMs);
    if (slot <= this.triedSlot) return [];
    this.triedSlot = slot;
    const { chain, key } = this;
    if (slot <= this.floor || !this.guard.maySign || chain.halted !== undefined) return [];
    if (!chain.duties.leads(key, slot) || !this.maySeal()) return [];
    // A leader's block must be as good as what any voter froze: nothing is held back from it.
    const results = chain.thaw();
    const unsealed = chain.duties.buildBlock(slot, key, () =>
      this.mempool.select(chainLimits.blockBodyBytesMax - 4, chainLimits.blockTransactionsMax),
    );
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
}
