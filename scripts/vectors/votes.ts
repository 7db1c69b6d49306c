/** Votes, certificates, evidence, validator sets. */
import { concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import {
  certificateHash,
  checkCertificate,
  decodeCertificate,
} from "../../src/model/certificate.ts";
import { checkEvidence, decodeEvidence, encodeEvidence } from "../../src/model/evidence.ts";
import {
  decodeValidatorSet,
  encodeValidatorSet,
  leaderOf,
  quorum,
  validatorsHash,
} from "../../src/model/validator-set.ts";
import {
  decodeVote,
  encodeVote,
  encodeVoteData,
  type VoteData,
  votePreimage,
} from "../../src/model/vote.ts";
import {
  fill,
  flipped,
  genesisHash,
  hex,
  keyOfSeed,
  ruleCodeOf,
  type VectorCase,
  type VectorFile,
  validatorKeys,
  withByte,
} from "./inputs.ts";
import { certificate, sealedOf, signVote, voteData } from "./signed.ts";

export function votesFile(): VectorFile {
  const datas = [voteData(3, 4), voteData(0, 1), voteData(0, Number.MAX_SAFE_INTEGER)];
  const good = encodeVote(datas[0]!, validatorKeys[2]!, signVote(datas[0]!, 2)).bytes;
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["175 bytes", good.subarray(0, 175)],
    ["177 bytes", concatBytes(good, fill(0, 1))],
    ["source slot equal to the target slot", withByte(good, 7, 4)],
    ["source slot above the target slot", withByte(good, 7, 5)],
    ["target slot 2^53", withByte(good, 41, 0x20)],
  ];
  return {
    name: "votes",
    description: "Votes with their preimages.",
    spec: "protocol-spec/05-objects §4",
    cases: [
      ...datas.map((data, index) => {
        const signature = signVote(data, index);
        const vote = encodeVote(data, validatorKeys[index]!, signature);
        return {
          name: `from slot ${data.sourceSlot} to ${data.targetSlot}`,
          kind: "vote",
          genesisHash: hex(genesisHash),
          ...data,
          validator: vote.validator,
          preimage: hex(votePreimage(genesisHash, encodeVoteData(data))),
          signature: hex(signature),
          bytes: hex(vote.bytes),
        };
      }),
      ...wrong.map(([name, bytes]) => ({
        name,
        kind: "vote",
        bytes: hex(bytes),
        error: ruleCodeOf(decodeVote(bytes)),
      })),
    ],
  };
}

export function certificatesFile(): VectorFile {
  const set = validatorKeys.map(String);
  const good = certificate().bytes;
  const nine = Array.from({ length: 9 }, (_, i) => keyOfSeed(fill(0x71 + i)));
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["113 bytes", good.subarray(0, 113)],
    ["of no validators", withByte(good, 113, 0)],
    ["of 129 validators", withByte(good, 113, 129)],
    ["a spare bit set", withByte(good, 114, 0x1d)],
    ["a signature too few for its bitmap", withByte(good, 114, 0x0f)],
    ["a byte more", concatBytes(good, fill(0, 1))],
    ["source not before target", withByte(good, 7, 4)],
  ];
  const judged: readonly (readonly [string, Uint8Array])[] = [
    ["three of four", good],
    ["all four", certificate([0, 1, 2, 3]).bytes],
    ["two of four: no quorum", certificate([0, 1]).bytes],
    ["a signature changed", flipped(good, -1)],
    ["of another set", flipped(good, 80)],
    ["the target changed", flipped(good, 79)],
    ["of nine validators", certificate([0, 1, 2, 3, 4, 8], nine).bytes],
  ];
  const decoded = (bytes: Uint8Array) => {
    const result = decodeCertificate(bytes);
    if ("code" in result) throw new Error(result.detail);
    return result;
  };
  return {
    name: "certificates",
    description: "Certificates: layout, hash, and whether a quorum of the set signed.",
    spec: "protocol-spec/05-objects §5",
    cases: [
      ...judged.map(([name, bytes]): VectorCase => {
        const c = decoded(bytes);
        const verdict = checkCertificate(c, validatorKeys, genesisHash, ed25519);
        return {
          name,
          kind: "certificate",
          genesisHash: hex(genesisHash),
          bytes: hex(bytes),
          validatorCount: c.validatorCount,
          ranks: c.signers.map(({ rank }) => rank),
          hash: hex(certificateHash(bytes)),
          set,
          quorum: quorum(set.length),
          verdict: verdict === undefined ? "valid" : verdict.code,
        };
      }),
      ...wrong.map(([name, bytes]) => ({
        name,
        kind: "certificate",
        bytes: hex(bytes),
        error: ruleCodeOf(decodeCertificate(bytes)),
      })),
    ],
  };
}

export function evidenceFile(): VectorFile {
  const validator = validatorKeys[1]!;
  const signed = (data: VoteData) => concatBytes(encodeVoteData(data), signVote(data, 1));
  const make = (type: 1 | 2 | 3, a: Uint8Array, b: Uint8Array) => {
    const evidence = encodeEvidence(type, validator, a, b);
    if ("code" in evidence) throw new Error(evidence.detail);
    return evidence.bytes;
  };
  const seals = make(1, sealedOf({}), sealedOf({ txCount: 4 }));
  const votes = make(2, signed(voteData(3, 5)), signed(voteData(3, 5, "other")));
  const surround = make(3, signed(voteData(1, 9)), signed(voteData(2, 8)));
  const exchanged = concatBytes(
    votes.subarray(0, 33),
    votes.subarray(179),
    votes.subarray(33, 179),
  );
  const faults: readonly (readonly [string, Uint8Array])[] = [
    ["two seals of one slot", seals],
    ["two votes for one target slot", votes],
    ["one vote surrounds the other", surround],
    ["a signature changed", flipped(votes, -1)],
  ];
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["type 0", withByte(votes, 0, 0)],
    ["type 4", withByte(votes, 0, 4)],
    ["votes as seals", withByte(votes, 0, 1)],
    ["a double vote that surrounds nothing", withByte(votes, 0, 3)],
    ["a surround of different targets as double vote", withByte(surround, 0, 2)],
    ["the greater message first", exchanged],
    ["seals of another validator", flipped(seals, 1)],
    ["a byte more", concatBytes(votes, fill(0, 1))],
    ["a length of its own", withByte(votes, 34, 143)],
  ];
  return {
    name: "evidence",
    description: "Two messages of one validator that no honest one signs both.",
    spec: "protocol-spec/05-objects §6",
    cases: [
      ...faults.map(([name, bytes]) => {
        const evidence = decodeEvidence(bytes);
        if ("code" in evidence) throw new Error(evidence.detail);
        const verdict = checkEvidence(evidence, genesisHash, ed25519);
        return {
          name,
          kind: "evidence",
          genesisHash: hex(genesisHash),
          bytes: hex(bytes),
          type: evidence.type,
          validator: evidence.validator,
          verdict: verdict === undefined ? "valid" : verdict.code,
        };
      }),
      ...wrong.map(([name, bytes]) => ({
        name,
        kind: "evidence",
        bytes: hex(bytes),
        error: ruleCodeOf(decodeEvidence(bytes)),
      })),
    ],
  };
}

export function validatorSetsFile(): VectorFile {
  const sets = [validatorKeys.slice(0, 1), validatorKeys, validatorKeys.toReversed()];
  const good = encodeValidatorSet(validatorKeys);
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["1 byte", fill(0, 1)],
    ["none", fill(0, 2)],
    ["129", withByte(good, 1, 129)],
    ["a byte missing", good.subarray(0, -1)],
    ["a byte more", concatBytes(good, fill(0, 1))],
    [
      "one listed twice",
      concatBytes(good.subarray(0, 34), good.subarray(2, 34), good.subarray(66)),
    ],
  ];
  return {
    name: "validator-sets",
    description: "Validator sets in rank order: hash, quorum, leaders.",
    spec: "protocol-spec/05-objects §7",
    cases: [
      ...sets.map((set, index) => ({
        name: `set ${index} of ${set.length}`,
        kind: "set",
        bytes: hex(encodeValidatorSet(set)),
        keys: set,
        hash: hex(validatorsHash(set)),
        quorum: quorum(set.length),
        leaders: [0, 1, 2, 5, 1_000_003].map((slot) => ({ slot, leader: leaderOf(set, slot) })),
      })),
      ...[1, 2, 3, 4, 5, 6, 7, 21, 100, 128].map((n) => ({
        name: `quorum of ${n}`,
        kind: "quorum",
        n,
        quorum: quorum(n),
      })),
      ...wrong.map(([name, bytes]) => ({
        name,
        kind: "set",
        bytes: hex(bytes),
        error: ruleCodeOf(decodeValidatorSet(bytes)),
      })),
    ],
  };
}
