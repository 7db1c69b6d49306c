/** The story of the chain vectors: what happens in which slot, and who signs it. */
import { concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { type Certificate, encodeCertificate } from "../../src/model/certificate.ts";
import { encodeEvidence, evidenceTypes } from "../../src/model/evidence.ts";
import { evidenceTransaction } from "../../src/model/evidence-transaction.ts";
import { approveFields, type ProposedChange, proposeFields } from "../../src/model/governance.ts";
import { type Header, sealPreimage } from "../../src/model/header.ts";
import type { PublicKey } from "../../src/model/ids.ts";
import {
  addressOfKey,
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../../src/model/transaction.ts";
import { quorum, type ValidatorSet, validatorsHash } from "../../src/model/validator-set.ts";
import { encodeVoteData, type VoteData, votePreimage } from "../../src/model/vote.ts";
import { accountKeys, genesis, genesisHash, seeds, validatorKeys } from "./inputs.ts";
import { transfer } from "./signed.ts";

/** A block of the story, with what a certificate for it needs. */
export interface ToldBlock {
  readonly header: Header;
  readonly seal: Uint8Array;
  readonly body: Uint8Array;
  /** In charge of it. */
  readonly set: ValidatorSet;
  /** Final by its branch. */
  readonly finalHeight: number;
}

export interface Step {
  readonly slot: number;
  readonly carries?: boolean;
  readonly transactions?: readonly Transaction[];
}

const newcomer = accountKeys[0]!;
const [v0, v1, v2, v3] = validatorKeys as [PublicKey, PublicKey, PublicKey, PublicKey];
const seedOf = new Map([
  ...validatorKeys.map((key, rank) => [key, seeds.validators[rank]!] as const),
  [newcomer, seeds.accounts[0]!] as const,
]);
const sign = (key: PublicKey, preimage: Uint8Array) => ed25519.sign(seedOf.get(key)!, preimage);
const signed = (fields: TransactionFields) =>
  signTransaction(fields, genesisHash, (preimage) => sign(fields.sender, preimage));

const terms = (sender: PublicKey, nonce: bigint) => ({ sender, nonce, fee: 2n, validUntilSlot: 0 });
const propose = (sender: PublicKey, nonce: bigint, change: Partial<ProposedChange>) => {
  const whole = { action: "add", validator: newcomer, rank: undefined, force: false } as const;
  return signed(proposeFields({ ...whole, ...change }, terms(sender, nonce)));
};
const adding = propose(v1, 0n, {});
const approve = (sender: PublicKey, nonce: bigint) =>
  signed(approveFields(adding.id, terms(sender, nonce)));

const signVote = (data: VoteData, key: PublicKey): Uint8Array =>
  sign(key, votePreimage(genesisHash, encodeVoteData(data)));

/** Validator 2 voted for two blocks of slot 9. */
function fault(): Transaction {
  const zero = genesis.header.parentHash;
  const message = (targetHash: VoteData["targetHash"]) => {
    const data = { sourceSlot: 0, sourceHash: zero, targetSlot: 9, targetHash };
    return concatBytes(encodeVoteData(data), signVote(data, v2));
  };
  const [one, other] = [message(zero), message(genesis.header.hash)];
  const evidence = encodeEvidence(evidenceTypes.doubleVote, v2, one, other);
  if ("code" in evidence) throw new Error(evidence.detail);
  return evidenceTransaction(evidence, addressOfKey(v3));
}

export const steps: readonly Step[] = [
  { slot: 1 },
  {
    slot: 3,
    transactions: [
      transfer(0, { nonce: 0n, fee: 3n, amount: 100n }),
      transfer(1, { nonce: 0n, fee: 2n, amount: 598n, validUntilSlot: 3 }),
      transfer(0, { nonce: 1n, fee: 2n, amount: 1n, payload: Uint8Array.of(1, 2, 3) }),
    ],
  },
  { slot: 8, transactions: [transfer(2, { nonce: 0n, fee: 2n, amount: 0n })] },
  { slot: 9, carries: true },
  // A quorum decides to add a fifth; one approval comes too late and fails.
  {
    slot: 10,
    carries: true,
    transactions: [adding, approve(v3, 0n), approve(v0, 0n), approve(v3, 1n)],
  },
  { slot: 11, carries: true },
  // The block of slot 10 is final by this one: it hands over to five.
  { slot: 12, carries: true },
  {
    slot: 13,
    carries: true,
    transactions: [fault(), propose(v0, 1n, { action: "rerank", validator: newcomer, rank: 0 })],
  },
  // Sealed by the new one.
  { slot: 14, carries: true },
  // The evidence is final: four are left, the cheat not among them.
  { slot: 15, carries: true },
  { slot: 16 },
];

export const kinds: readonly string[] = ["transfer", "data", "propose", "approve", "evidence"];

/** By the quorum of lowest ranks, as everybody who counted these votes first would have it. */
export function certificateFor(
  { header, set }: Pick<ToldBlock, "header" | "set">,
  over: Partial<VoteData> = {},
  ranks: readonly number[] = Array.from({ length: quorum(set.length) }, (_, rank) => rank),
): Certificate {
  const { slot: targetSlot, hash: targetHash } = header;
  const { justifiedSlot: sourceSlot, justifiedHash: sourceHash } = header;
  const data = { sourceSlot, sourceHash, targetSlot, targetHash, ...over };
  return encodeCertificate({
    data,
    validatorsHash: validatorsHash(set),
    validatorCount: set.length,
    signers: ranks.map((rank) => ({ rank, signature: signVote(data, set[rank]!) })),
  });
}

export const sealOf = (header: Header): Uint8Array =>
  sign(header.sealer, sealPreimage(genesisHash, header.hash));

/** What is final by a block that carries the certificate of `target`. */
export function finalHeightBy(target: ToldBlock): number {
  const { justifiedSlot, slot, height } = target.header;
  return justifiedSlot > 0 && slot === justifiedSlot + 1 ? height - 1 : target.finalHeight;
}
