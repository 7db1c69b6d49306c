/** Transactions, headers, votes and certificates with the signatures of the vectors' keys. */
import { emptyBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { encodeCertificate } from "../../src/model/certificate.ts";
import {
  encodeHeader,
  encodeSealedHeader,
  type Header,
  type HeaderFields,
  sealPreimage,
} from "../../src/model/header.ts";
import { blockHashOf, type PublicKey } from "../../src/model/ids.ts";
import {
  addressOfKey,
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../../src/model/transaction.ts";
import { validatorsHash } from "../../src/model/validator-set.ts";
import { encodeVoteData, type VoteData, votePreimage } from "../../src/model/vote.ts";
import { accountKeys, digestOf, fill, genesisHash, seeds, validatorKeys } from "./inputs.ts";

/** Signed by account `from` of the vectors' network. */
export function transfer(from: number, fields: Partial<TransactionFields>): Transaction {
  const whole: TransactionFields = {
    type: 0,
    sender: accountKeys[from]!,
    nonce: 0n,
    fee: 2n,
    validUntilSlot: 0,
    to: addressOfKey(accountKeys[(from + 1) % 3]!),
    amount: 10n,
    payload: emptyBytes,
    ...fields,
  };
  return signTransaction(whole, genesisHash, (preimage) =>
    ed25519.sign(seeds.accounts[from]!, preimage),
  );
}

export const headerFields: HeaderFields = {
  version: 1,
  engine: 0,
  txCount: 3,
  height: 12,
  slot: 17,
  timestampMs: 1_800_000_017_000,
  parentHash: blockHashOf(digestOf("parent")),
  stateRoot: digestOf("state"),
  txRoot: digestOf("transactions"),
  receiptsRoot: digestOf("receipts"),
  certHash: fill(0),
  justifiedSlot: 0,
  justifiedHash: blockHashOf(fill(0)),
  validatorsHash: validatorsHash(validatorKeys),
  nextValidatorsHash: validatorsHash(validatorKeys),
  sealer: validatorKeys[1]!,
  bodyBytes: 600,
  extra: new Uint8Array(24),
};

/** Signed by validator `rank`. */
export function seal(header: Header, rank: number): Uint8Array {
  return ed25519.sign(seeds.validators[rank]!, sealPreimage(genesisHash, header.hash));
}

export const sealedOf = (fields: Partial<HeaderFields>, rank = 1): Uint8Array => {
  const header = encodeHeader({ ...headerFields, ...fields });
  return encodeSealedHeader({ header, seal: seal(header, rank) });
};

export const voteData = (source: number, target: number, name = "target"): VoteData => ({
  sourceSlot: source,
  sourceHash: blockHashOf(digestOf(`source ${source}`)),
  targetSlot: target,
  targetHash: blockHashOf(digestOf(`${name} ${target}`)),
});

export const signVote = (data: VoteData, rank: number): Uint8Array =>
  ed25519.sign(seeds.validators[rank]!, votePreimage(genesisHash, encodeVoteData(data)));

export function certificate(
  ranks: readonly number[] = [0, 2, 3],
  set: readonly PublicKey[] = validatorKeys,
) {
  const data = voteData(3, 4);
  return encodeCertificate({
    data,
    validatorsHash: validatorsHash(set),
    validatorCount: set.length,
    signers: ranks.map((rank) => ({ rank, signature: signVote(data, rank % 4) })),
  });
}
