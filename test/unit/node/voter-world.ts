/** A validator's voter and guard over a chain whose clock, disk and signer a test moves. */
import type { Imported } from "../../../src/chain/imported.ts";
import type { Ticket } from "../../../src/edge/conn.ts";
import type { VoteRequest } from "../../../src/edge/effect.ts";
import type { NodeEvent } from "../../../src/edge/event.ts";
import type { SignerFloors } from "../../../src/edge/signer-floors.ts";
import { decodeVoteData, type Vote, type VoteData } from "../../../src/model/vote.ts";
import { EffectQueue } from "../../../src/node/effect-queue.ts";
import { ValidatorGuard } from "../../../src/node/validator-guard.ts";
import { Voter } from "../../../src/node/voter.ts";
import type { Built } from "../../support/built.ts";
import type { ChainBuilder } from "../../support/chain-builder.ts";
import { slotMs } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

export interface VoterSetup {
  /** In the genesis set. */
  readonly rank?: number;
  readonly slot?: number;
  readonly floors?: Partial<SignerFloors>;
  readonly isFresh?: boolean;
}

const noFloors: SignerFloors = { sealSlot: 0, sourceSlot: 0, targetSlot: 0 };

export class VoterWorld {
  readonly world: ChainWorld;
  readonly effects = new EffectQueue();
  readonly guard: ValidatorGuard;
  readonly voter: Voter;
  /** What the voter said about itself. */
  readonly events: NodeEvent[] = [];
  /** Votes that were asked for and are not signed yet. */
  readonly asked: (VoteData & { readonly job: Parameters<Voter["onSigned"]>[0] })[] = [];
  isSynced = true;
  private readonly builder: ChainBuilder;

  constructor(builder: ChainBuilder, setup: VoterSetup = {}) {
    const { rank = 0, slot = 1, floors = {}, isFresh = true } = setup;
    this.builder = builder;
    this.world = new ChainWorld(builder, { slot });
    const { env, chain } = this.world;
    const { file } = builder;
    const key = file.validators[rank] ?? file.validators[0]!;
    const validator = { key, floors: { ...noFloors, ...floors }, isFresh };
    const count = () => chain.duties.validatorCount;
    const notify = (event: NodeEvent) => this.effects.notify(event);
    this.guard = new ValidatorGuard(env, file, validator, count, notify);
    const isSynced = () => this.isSynced;
    const options = { file, key, floors: validator.floors, guard: this.guard, isSynced };
    this.voter = new Voter(env, this.effects, chain, options);
  }

  /** The clock shows `ms` after the start of `slot`; the validator ticks. */
  at(slot: number, ms: number): Imported[] {
    const { clock } = this.world;
    const wallMs = this.builder.file.genesisTimeMs + slot * slotMs + ms;
    clock.monotonicMs += wallMs - clock.wallMs;
    clock.wallMs = wallMs;
    return this.tick();
  }

  tick(): Imported[] {
    this.guard.tick();
    const results = this.voter.tick();
    this.read();
    return results;
  }

  /** A block of a peer, and the tick after it. */
  block(built: Built): Imported[] {
    return [...this.world.block(built, 9 as never), ...this.tick()];
  }

  /** All that was written is durable. */
  durable(): void {
    this.world.persisted();
    this.voter.onDurable(this.world.batches.length as Ticket);
    this.read();
  }

  /** A block of a peer `ms` after the start of `slot`, durable at once. */
  comes(built: Built, slot: number, ms: number): void {
    this.at(slot, ms);
    this.block(built);
    this.durable();
  }

  /** Times of `slot`, with all durable at each. */
  passes(slot: number, ...times: readonly number[]): void {
    for (const ms of times) {
      this.at(slot, ms);
      this.durable();
    }
  }

  /** The signer's answer to the oldest request. */
  sign(reason = ""): Vote | undefined {
    const { job, ...data } = this.asked.shift()!;
    const signature = reason === "" ? new Uint8Array(64).fill(data.targetSlot) : undefined;
    const vote = this.voter.onSigned(job, signature, reason);
    this.read();
    return vote;
  }

  /** Hashes of the targets that were asked to be signed and not answered. */
  get targets() {
    return this.asked.map(({ targetHash }) => targetHash);
  }

  private read(): void {
    for (const effect of this.effects.drain()) {
      if (effect.type === "notify") this.events.push(effect.event);
      if (effect.type !== "sign") continue;
      const data = decodeVoteData((effect.request as VoteRequest).data);
      if ("problem" in data) throw new Error(data.problem);
      this.asked.push({ ...data, job: effect.job });
    }
  }
}
