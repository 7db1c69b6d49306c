/** Keys, headers and votes that the tests of consensus objects share. */
import { asciiBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { encodeHeader, type HeaderFields, sealPreimage } from "../../../src/model/header.ts";
import { blockHashOf, publicKeyOf } from "../../../src/model/ids.ts";
import {
  encodeVote,
  encodeVoteData,
  type VoteData,
  votePreimage,
} from "../../../src/model/vote.ts";

export const genesisHash = sha256(asciiBytes("genesis"));
export const hashOf = (text: string) => sha256(asciiBytes(text));
export const blockOf = (text: string) => blockHashOf(hashOf(text));
export const seedOf = (rank: number) => hashOf(`validator ${rank}`);
export const keyOf = (rank: number) => publicKeyOf(ed25519.publicKey(seedOf(rank)));
export const keysOf = (count: number) => Array.from({ length: count }, (_, rank) => keyOf(rank));

export function headerFields(over: Partial<HeaderFields> = {}): HeaderFields {
  return {
    version: 1,
    engine: 0,
    txCount: 3,
    height: 7,
    slot: 9,
    timestampMs: 1_700_000_027_000,
    parentHash: blockOf("parent"),
    stateRoot: hashOf("state"),
    txRoot: hashOf("transactions"),
    receiptsRoot: hashOf("receipts"),
    certHash: new Uint8Array(32),
    justifiedSlot: 5,
    justifiedHash: blockOf("justified"),
    validatorsHash: hashOf("validators"),
    nextValidatorsHash: hashOf("next validators"),
    sealer: keyOf(0),
    bodyBytes: 4,
    extra: new Uint8Array(24),
    ...over,
  };
}

export function sealed(over: Partial<HeaderFields>, rank: number) {
  const header = encodeHeader(headerFields({ sealer: keyOf(rank), ...over }));
  const seal = ed25519.sign(seedOf(rank), sealPreimage(genesisHash, header.hash));
  return { header, seal };
}

export function voteData(over: Partial<VoteData> = {}): VoteData {
  return {
    sourceSlot: 4,
    sourceHash: blockOf("source"),
    targetSlot: 5,
    targetHash: blockOf("target"),
    ...over,
  };
}

export function voteSignature(data: VoteData, rank: number): Uint8Array {
  return ed25519.sign(seedOf(rank), votePreimage(genesisHash, encodeVoteData(data)));
}

export function voteOf(data: VoteData, rank: number) {
  return encodeVote(data, keyOf(rank), voteSignature(data, rank));
}
