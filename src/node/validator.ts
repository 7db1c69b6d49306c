/**
 * The validator in the node: guard, sealer and voter, and what they sign handed back to the chain.
 * A node without a validator key has none. Holds no secret. protocol-spec/06-validation §8.
 */
import type { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import type { Job, Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Header } from "../model/header.ts";
import type { NetworkFile } from "../model/network-file.ts";
import type { Vote } from "../model/vote.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { ValidatorOptions } from "./node-options.ts";
import { Sealer } from "./sealer.ts";
import { ValidatorGuard } from "./validator-guard.ts";
import { Voter } from "./voter.ts";

export interface ValidatorParts {
  readonly effects: EffectQueue;
  readonly chain: ChainManager;
  readonly mempool: Mempool;
  readonly file: NetworkFile;
  readonly validator: ValidatorOptions;
  /** In step with the network: what we seal and vote for is what others see. */
  readonly isSynced: () => boolean;
}

export class Validator {
  private readonly chain: ChainManager;
  private readonly guard: ValidatorGuard;
  private readonly sealer: Sealer;
  private readonly voter: Voter;

  constructor(env: Env, parts: ValidatorParts) {
    const { effects, chain, mempool, file, validator, isSynced } = parts;
    const { key, floors, prepareFrom } = validator;
    this.chain = chain;
    const count = () => chain.duties.validatorCount;
    const guard = new ValidatorGuard(env, file, validator, count, (event) => effects.notify(event));
    this.guard = guard;
    const floor = floors.sealSlot;
    this.sealer = new Sealer(env, effects, chain, mempool, {
      file,
      key,
      floor,
      prepareFrom,
      guard,
      maySeal: isSynced,
    });
    this.voter = new Voter(env, effects, chain, { file, key, floors, guard, isSynced });
  }

  get deadline(): number {
    return Math.min(this.sealer.deadline, this.voter.deadline);
  }

  /** Called after every step. */
  tick(): Imported[] {
    this.guard.tick();
    return [...this.sealer.tick(), ...this.voter.tick()];
  }

  onDurable(through: Ticket): void {
    this.voter.onDurable(through);
  }

  /** What the signature made of `job` became in the chain. */
  onSigned(job: Job, signature: Uint8Array | undefined, reason: string): Imported[] {
    const block = this.sealer.onSigned(job, signature, reason);
    if (block !== undefined) return this.chain.importBlock(block.sealed, block.body, undefined);
    const vote = this.voter.onSigned(job, signature, reason);
    return vote === undefined ? [] : this.chain.importVote(vote, undefined);
  }

  /** A header with a good seal came: ours, if we made it. */
  onHeader(header: Header): void {
    this.guard.onHeader(header);
  }

  /** A good vote came from a peer. */
  onVote(vote: Vote): void {
    this.guard.onVote(vote);
  }
}
