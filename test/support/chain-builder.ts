/**
 * Builds blocks on any block, valid and broken ones. It judges nothing: `chain-world.ts` holds the
 * chain that does.
 */
import { emptyBytes, toHex } from "../../src/base/bytes.ts";
import { genesisBlock } from "../../src/chain/genesis.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import { basisOf } from "../../src/chain/recoveries.ts";
import type { BlockContext } from "../../src/chain/state-machine.ts";
import { encodeBody } from "../../src/model/block.ts";
import {
  type Certificate,
  certificateHash,
  encodeCertificate,
} from "../../src/model/certificate.ts";
import { encodeHeader, sealPreimage } from "../../src/model/header.ts";
import { idBytes, type PublicKey } from "../../src/model/ids.ts";
import { merkleRoot } from "../../src/model/merkle.ts";
import { type NetworkFile, slotStartMs } from "../../src/model/network-file.ts";
import type { Recovery } from "../../src/model/recovery.ts";
import { domainAt, signingDomain } from "../../src/model/signing-domain.ts";
import {
  addressOfKey,
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../../src/model/transaction.ts";
import { quorum, type ValidatorSet, validatorsHash } from "../../src/model/validator-set.ts";
import {
  encodeVote,
  encodeVoteData,
  type Vote,
  type VoteData,
  votePreimage,
} from "../../src/model/vote.ts";
import {
  ancestorNamed,
  type BlockPlan,
  type Built,
  dataFor,
  finalizedBy,
  isForged,
} from "./built.ts";
import { cheapSignatures, keyOf, seedOf } from "./chain-network.ts";

export class ChainBuilder {
  readonly file: NetworkFile;
  readonly genesis: Built;
  private readonly ledger: Ledger;
  private readonly seeds = new Map<PublicKey, Uint8Array>();
  private readonly recoveries: Recovery[] = [];
  private at: Built;

  constructor(file: NetworkFile) {
    this.file = file;
    this.ledger = new Ledger(file);
    for (let number = 0; number < 128; number++) {
      for (const seed of [seedOf(number), seedOf(1000 + number)]) this.seeds.set(keyOf(seed), seed);
    }
    const sealed = genesisBlock(file, this.ledger);
    const genesis = {
      sealed,
      body: encodeBody(emptyBytes, []),
      hash: sealed.header.hash,
      height: 0,
      slot: 0,
      transactions: [],
      parent: undefined,
      validators: file.validators,
      justified: undefined,
      context: { ...sealed.header, finalizedHeight: 0, voters: [] },
      changes: [],
    };
    this.genesis = Object.assign(genesis, { final: genesis as unknown as Built });
    this.at = this.genesis;
  }

  /** From now on blocks on its block, and signatures of its slots, are made as it wants them. */
  recover(recovery: Recovery): void {
    this.recoveries.push(recovery);
  }

  get genesisId(): Uint8Array {
    return idBytes(this.genesis.hash);
  }

  /** A transfer of 10 from account `from` to account `to`, with fee 2. */
  transfer(from: number, to: number, nonce: number, bad = false): Transaction {
    const fields = {
      type: 0,
      sender: keyOf(seedOf(1000 + from)),
      nonce: BigInt(nonce),
      fee: 2n,
      validUntilSlot: 0,
      to: addressOfKey(keyOf(seedOf(1000 + to))),
      amount: 10n,
      payload: emptyBytes,
    };
    if (!bad) return this.signed(fields);
    return signTransaction(fields, this.genesisId, () => new Uint8Array(64));
  }

  /** By its sender, a validator or an account of ours. */
  signed(fields: TransactionFields): Transaction {
    return signTransaction(fields, this.genesisId, (preimage) =>
      this.sign(fields.sender, preimage),
    );
  }

  /** Of the validator `rank` of the block; `lie`: not what the block says. */
  vote(block: Built, rank: number, lie: Partial<VoteData> = {}): Vote {
    const data = { ...dataFor(block), ...lie };
    const key = block.validators[rank]!;
    return encodeVote(data, key, this.voteSignature(data, key));
  }

  /** By a bare quorum unless told by whom; `lie`: not what the block says. */
  certificateFor(
    block: Built,
    ranks: readonly number[] = firstOf(quorum(block.validators.length)),
    lie: Partial<VoteData> = {},
  ): Certificate {
    return this.certificateOf({ ...dataFor(block), ...lie }, block.validators, ranks);
  }

  certificateOf(data: VoteData, set: ValidatorSet, ranks: readonly number[]): Certificate {
    return encodeCertificate({
      data,
      validatorsHash: validatorsHash(set),
      validatorCount: set.length,
      signers: ranks.map((rank) => ({ rank, signature: this.voteSignature(data, set[rank]!) })),
    });
  }

  block(parent: Built, plan: BlockPlan = {}): Built {
    const slot = plan.slot ?? parent.slot + 1;
    const { transactions = [], certificate } = plan;
    const height = parent.height + 1;
    const body = plan.body ?? encodeBody(certificate?.bytes ?? emptyBytes, transactions);
    const before = parent.sealed.header;
    const hasState = this.moveTo(parent);
    const recovery = this.recoveries.find(({ block }) => block.hash === parent.hash);
    const recovered = recovery && {
      set: recovery.validators,
      setHash: validatorsHash(recovery.validators),
    };
    const basis = basisOf(before, recovered);
    const validators =
      recovery?.validators ?? (hasState ? this.ledger.validators() : parent.validators);
    const sealer = validators[slot % validators.length]!;
    const target = certificate && ancestorNamed(parent, certificate.data.targetHash);
    const final =
      (target && finalizedBy(target)) ?? (recovery === undefined ? parent.final : parent);
    const voters = certificate?.signers.map(({ rank }) => target?.validators[rank]) ?? [];
    const context: BlockContext = {
      height,
      slot,
      sealer,
      finalizedHeight: final.height,
      voters: voters.filter((key) => key !== undefined),
      recoveredSet: recovery?.validators,
    };
    const applied = hasState ? this.ledger.apply(context, transactions) : undefined;
    const result = applied === undefined || "code" in applied ? undefined : applied;
    if (result !== undefined) this.ledger.undo(result.changes);
    const { stateRoot, receiptsRoot, nextValidatorsHash } = result ?? before;
    const header = encodeHeader({
      version: 1,
      engine: 0,
      txCount: transactions.length,
      height,
      slot,
      timestampMs: slotStartMs(this.file, slot),
      parentHash: parent.hash,
      stateRoot,
      txRoot: merkleRoot(transactions.map((t) => t.bytes)),
      receiptsRoot,
      certHash: certificate ? certificateHash(certificate.bytes) : new Uint8Array(32),
      justifiedSlot: certificate?.data.targetSlot ?? basis.justifiedSlot,
      justifiedHash: certificate?.data.targetHash ?? basis.justifiedHash,
      validatorsHash: basis.validatorsHash,
      nextValidatorsHash,
      sealer,
      bodyBytes: body.length,
      extra: new Uint8Array(24),
      ...plan.lie,
    });
    const seal = plan.seal ?? this.sign(sealer, sealPreimage(this.signedFor(slot), header.hash));
    return {
      sealed: { header, seal },
      body,
      hash: header.hash,
      height: header.height,
      slot: header.slot,
      transactions,
      parent,
      validators,
      justified: target ?? (recovery === undefined ? parent.justified : parent),
      final,
      context,
      changes: plan.lie !== undefined || transactions.some(isForged) ? undefined : result?.changes,
    };
  }

  /** `count` empty blocks on `parent`, parents first. */
  chain(parent: Built, count: number, firstSlot?: number): Built[] {
    return this.run(parent, count, firstSlot, () => undefined);
  }

  /** As `chain`; each block but a child of genesis carries the certificate of its parent. */
  certified(parent: Built, count: number, firstSlot?: number): Built[] {
    return this.run(parent, count, firstSlot, (at) =>
      at === this.genesis ? undefined : this.certificateFor(at),
    );
  }

  /** The state root after `block`, by replay. */
  rootAt(block: Built): string {
    if (!this.moveTo(block)) throw new Error("an invalid block has no state");
    return toHex(this.ledger.root);
  }

  sign(key: PublicKey, preimage: Uint8Array): Uint8Array {
    const seed = this.seeds.get(key);
    if (seed === undefined) throw new Error(`nobody has the seed of ${key}`);
    return cheapSignatures.sign(seed, preimage);
  }

  private signedFor(slot: number): Uint8Array {
    return domainAt(signingDomain(this.genesisId, this.recoveries), slot);
  }

  private voteSignature(data: VoteData, key: PublicKey): Uint8Array {
    return this.sign(key, votePreimage(this.signedFor(data.targetSlot), encodeVoteData(data)));
  }

  private run(
    parent: Built,
    count: number,
    firstSlot: number | undefined,
    carriedOn: (at: Built) => Certificate | undefined,
  ): Built[] {
    const blocks: Built[] = [];
    let at = parent;
    for (let i = 0; i < count; i++) {
      const slot = i === 0 && firstSlot !== undefined ? firstSlot : at.slot + 1;
      blocks.push((at = this.block(at, { slot, certificate: carriedOn(at) })));
    }
    return blocks;
  }

  /** False when `target` or an ancestor is invalid. */
  private moveTo(target: Built): boolean {
    const path: Built[] = [];
    const isOn = new Set<Built>();
    for (let b: Built | undefined = this.at; b !== undefined; b = b.parent) isOn.add(b);
    let fork = target;
    for (; !isOn.has(fork); fork = fork.parent!) {
      if (fork.changes === undefined) return false;
      path.push(fork);
    }
    while (this.at !== fork) {
      this.ledger.undo(this.at.changes!);
      this.at = this.at.parent!;
    }
    for (const b of path.reverse()) {
      this.ledger.apply(b.context, b.transactions);
      this.at = b;
    }
    return true;
  }
}

const firstOf = (count: number) => Array.from({ length: count }, (_, rank) => rank);
