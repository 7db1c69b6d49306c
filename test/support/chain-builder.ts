/**
 * Builds blocks on any block, valid and broken ones. It judges nothing: `chain-world.ts` holds the
 * chain that does.
 */
import { concatBytes, emptyBytes, toHex } from "../../src/base/bytes.ts";
import { genesisBlock } from "../../src/chain/genesis.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import type { StateChange } from "../../src/chain/state-machine.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import type { SignatureScheme } from "../../src/crypto/signature-scheme.ts";
import { encodeBody } from "../../src/model/block.ts";
import {
  encodeHeader,
  type HeaderFields,
  type SealedHeader,
  sealPreimage,
} from "../../src/model/header.ts";
import { type BlockHash, idBytes, type PublicKey, publicKeyOf } from "../../src/model/ids.ts";
import { merkleRoot } from "../../src/model/merkle.ts";
import { type NetworkFile, slotStartMs } from "../../src/model/network-file.ts";
import { addressOfKey, signTransaction, type Transaction } from "../../src/model/transaction.ts";

/** A signature is two hashes: deterministic and cheap; forged by anybody, but not by accident. */
export const cheapSignatures: SignatureScheme = {
  publicKey: (seed) => sha256(concatBytes(Uint8Array.of(1), seed)),
  sign: (seed, message) => cheapSignature(cheapSignatures.publicKey(seed), message),
  verify: (signature, message, publicKey) =>
    toHex(signature) === toHex(cheapSignature(publicKey, message)),
};

function cheapSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(publicKey, message));
  return concatBytes(half, sha256(half));
}

export const seedOf = (number: number): Uint8Array =>
  sha256(Uint8Array.of(7, number >> 8, number & 255));
export const keyOf = (seed: Uint8Array): PublicKey => publicKeyOf(cheapSignatures.publicKey(seed));

export const slotMs = 1000;
export const genesisTimeMs = 1_000_000;

/** Validators are seeds 0 …, accounts seeds 1000 …; each account has a million. */
export function networkOf(validatorCount: number, accountCount = 4): NetworkFile {
  return {
    name: "test",
    genesisTimeMs,
    slotMs,
    engine: "poa",
    validators: Array.from({ length: validatorCount }, (_, i) => keyOf(seedOf(i))),
    accounts: Array.from({ length: accountCount }, (_, i) => ({
      address: addressOfKey(keyOf(seedOf(1000 + i))),
      balance: 1_000_000n,
    })),
    blockReward: 5n,
    minFee: 1n,
  };
}

export interface Built {
  readonly sealed: SealedHeader;
  readonly body: Uint8Array;
  readonly hash: BlockHash;
  readonly height: number;
  readonly slot: number;
  readonly transactions: readonly Transaction[];
  readonly parent: Built | undefined;
  /** Undefined: it breaks a rule, so there is no state after it. */
  readonly changes: readonly StateChange[] | undefined;
}

export interface BlockPlan {
  /** Default: the parent's plus one. */
  readonly slot?: number;
  readonly transactions?: readonly Transaction[];
  /** Header fields that lie; the header is sealed all the same. */
  readonly lie?: Partial<HeaderFields>;
  /** Not the leader's. */
  readonly seal?: Uint8Array;
  readonly body?: Uint8Array;
}

export class ChainBuilder {
  readonly file: NetworkFile;
  readonly genesis: Built;
  private readonly ledger: Ledger;
  private at: Built;

  constructor(file: NetworkFile) {
    this.file = file;
    this.ledger = new Ledger(file);
    const sealed = genesisBlock(file, this.ledger);
    this.genesis = {
      sealed,
      body: encodeBody(emptyBytes, []),
      hash: sealed.header.hash,
      height: 0,
      slot: 0,
      transactions: [],
      parent: undefined,
      changes: [],
    };
    this.at = this.genesis;
  }

  get genesisId(): Uint8Array {
    return idBytes(this.genesis.hash);
  }

  /** A transfer of 10 from account `from` to account `to`, with fee 2. */
  transfer(from: number, to: number, nonce: number, bad = false): Transaction {
    const seed = seedOf(1000 + from);
    return signTransaction(
      {
        type: 0,
        sender: keyOf(seed),
        nonce: BigInt(nonce),
        fee: 2n,
        validUntilSlot: 0,
        to: addressOfKey(keyOf(seedOf(1000 + to))),
        amount: 10n,
        payload: emptyBytes,
      },
      this.genesisId,
      (preimage) => (bad ? new Uint8Array(64) : cheapSignatures.sign(seed, preimage)),
    );
  }

  block(parent: Built, plan: BlockPlan = {}): Built {
    const slot = plan.slot ?? parent.slot + 1;
    const leader = slot % this.file.validators.length;
    const sealer = this.file.validators[leader]!;
    const transactions = plan.transactions ?? [];
    const height = parent.height + 1;
    const body = plan.body ?? encodeBody(emptyBytes, transactions);
    const before = parent.sealed.header;
    let changes: readonly StateChange[] | undefined;
    let roots: Pick<HeaderFields, "stateRoot" | "receiptsRoot" | "nextValidatorsHash"> = before;
    if (this.moveTo(parent)) {
      const applied = this.ledger.apply({ height, slot, sealer }, transactions);
      if (!("code" in applied)) {
        roots = applied;
        changes = applied.changes;
        this.ledger.undo(changes);
      }
    }
    const header = encodeHeader({
      version: 1,
      engine: 0,
      txCount: transactions.length,
      height,
      slot,
      timestampMs: slotStartMs(this.file, slot),
      parentHash: parent.hash,
      stateRoot: roots.stateRoot,
      txRoot: merkleRoot(transactions.map((t) => t.bytes)),
      receiptsRoot: roots.receiptsRoot,
      certHash: new Uint8Array(32),
      justifiedSlot: before.justifiedSlot,
      justifiedHash: before.justifiedHash,
      validatorsHash: before.nextValidatorsHash,
      nextValidatorsHash: roots.nextValidatorsHash,
      sealer,
      bodyBytes: body.length,
      extra: new Uint8Array(24),
      ...plan.lie,
    });
    const preimage = sealPreimage(this.genesisId, header.hash);
    const seal = plan.seal ?? cheapSignatures.sign(seedOf(leader), preimage);
    const isLie = plan.lie !== undefined || transactions.some((t) => t.signature[0] === 0);
    return {
      sealed: { header, seal },
      body,
      hash: header.hash,
      height: header.height,
      slot: header.slot,
      transactions,
      parent,
      changes: isLie ? undefined : changes,
    };
  }

  /** `count` empty blocks on `parent`, parents first. */
  chain(parent: Built, count: number, firstSlot?: number): Built[] {
    const blocks: Built[] = [];
    let at = parent;
    for (let i = 0; i < count; i++) {
      const first = i === 0 && firstSlot !== undefined;
      blocks.push((at = this.block(at, first ? { slot: firstSlot } : {})));
    }
    return blocks;
  }

  /** The state root after `block`, by replay. */
  rootAt(block: Built): string {
    if (!this.moveTo(block)) throw new Error("an invalid block has no state");
    return toHex(this.ledger.root);
  }

  /** False when `target` or an ancestor is invalid. */
  private moveTo(target: Built): boolean {
    const path: Built[] = [];
    for (let b: Built | undefined = target; b !== undefined; b = b.parent) path.push(b);
    if (path.some((b) => b.changes === undefined)) return false;
    const isOn = new Set(path);
    while (!isOn.has(this.at)) {
      this.ledger.undo(this.at.changes!);
      this.at = this.at.parent!;
    }
    for (const b of path.slice(0, path.indexOf(this.at)).reverse()) {
      this.ledger.apply(b.sealed.header, b.transactions);
      this.at = b;
    }
    return true;
  }
}
