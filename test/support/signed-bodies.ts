/** Bodies of signed transfers and a certificate, some of whose signatures are bad, drawn at random. */
import fc from "fast-check";
import { asciiBytes, emptyBytes } from "../../src/base/bytes.ts";
import { packSeals } from "../../src/chain/first-bad.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import type { SignatureCheck } from "../../src/edge/effect.ts";
import { encodeBody } from "../../src/model/block.ts";
import { encodeCertificate } from "../../src/model/certificate.ts";
import { encodeHeader, type SealedHeader, sealPreimage } from "../../src/model/header.ts";
import { addressOf, blockHashOf, publicKeyOf } from "../../src/model/ids.ts";
import { signTransaction } from "../../src/model/transaction.ts";
import { validatorsHash } from "../../src/model/validator-set.ts";
import { encodeVoteData, votePreimage } from "../../src/model/vote.ts";

export interface DrawnBody {
  readonly transactions: number;
  /** Indices of transactions whose signature is bad. */
  readonly bad: readonly number[];
  /** Of the certificate; 0: none is carried. */
  readonly signers: number;
  readonly isCertificateBad: boolean;
}

const domain = sha256(asciiBytes("genesis"));
const seeds = Array.from({ length: 4 }, (_, i) => sha256(Uint8Array.of(i)));
const keys = seeds.map((seed) => publicKeyOf(ed25519.publicKey(seed)));
/** Signing is what costs: of each kind one is made. */
const signed = Array.from({ length: 40 }, (_, index) =>
  signTransaction(
    {
      type: 0,
      sender: keys[index % keys.length]!,
      nonce: BigInt(index),
      fee: 1n,
      validUntilSlot: 0,
      to: addressOf(sha256(domain)),
      amount: 1n,
      payload: new Uint8Array(index % 7),
    },
    domain,
    (preimage) => ed25519.sign(seeds[index % keys.length]!, preimage),
  ),
);
const data = {
  sourceSlot: 4,
  sourceHash: blockHashOf(sha256(asciiBytes("source"))),
  targetSlot: 5,
  targetHash: blockHashOf(sha256(asciiBytes("target"))),
};
const vote = votePreimage(domain, encodeVoteData(data));
const votes = seeds.map((seed) => ed25519.sign(seed, vote));

function certificateOf(signers: number, isBad: boolean): Uint8Array {
  if (signers === 0) return emptyBytes;
  return encodeCertificate({
    data,
    validatorsHash: validatorsHash(keys),
    validatorCount: keys.length,
    signers: votes.slice(0, signers).map((signature, rank) => ({
      rank,
      signature: isBad && rank === signers - 1 ? votes[signers % votes.length]! : signature,
    })),
  }).bytes;
}

export function bodyCase({ transactions, bad, signers, isCertificateBad }: DrawnBody) {
  const all = Array.from({ length: transactions }, (_, index) => {
    const transaction = signed[index % signed.length]!;
    if (!bad.includes(index)) return transaction;
    const bytes = transaction.bytes.slice();
    bytes[bytes.length - 1 - (index % 64)]! ^= 1;
    return { ...transaction, bytes };
  });
  const body = encodeBody(certificateOf(signers, isCertificateBad), all);
  return { domain, body, certifiers: keys.slice(0, signers) };
}

/** The same, as a job is asked for it. */
export function bodyCheck(drawn: DrawnBody): SignatureCheck {
  const { domain, body, certifiers } = bodyCase(drawn);
  return { of: "body", domain, bytes: body, certifiers };
}

/** Seals of so many headers, those at `bad` not their sealer's. */
export function sealsCheck(count: number, bad: readonly number[]): SignatureCheck {
  const headers = Array.from({ length: count }, (_, index): SealedHeader => {
    const seed = seeds[index % seeds.length]!;
    const header = encodeHeader({
      ...{ version: 1, engine: 0, txCount: 0, height: index, slot: index, timestampMs: index },
      ...{ parentHash: blockHashOf(domain), stateRoot: domain, txRoot: domain },
      ...{ receiptsRoot: domain, certHash: domain, justifiedSlot: 0 },
      ...{ justifiedHash: blockHashOf(domain), validatorsHash: domain },
      ...{ nextValidatorsHash: domain, sealer: keys[index % keys.length]! },
      ...{ bodyBytes: 4, extra: new Uint8Array(24) },
    });
    const seal = ed25519.sign(seed, sealPreimage(domain, header.hash));
    if (bad.includes(index)) seal[index % 64]! ^= 1;
    return { header, seal };
  });
  return { of: "seals", domain, bytes: packSeals(headers, domain), certifiers: [] };
}

export const drawnBody: fc.Arbitrary<DrawnBody> = fc.record({
  transactions: fc.integer({ min: 0, max: 25 }),
  bad: fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 3 })),
  signers: fc.constantFrom(0, 3, 4),
  isCertificateBad: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
});
