/**
 * Every signature of a validator that was heard of, and whether two of one validator contradict each
 * other. Independent of the node's own pools: keeps everything, forgives nothing, and knows no chain.
 */
import { defined } from "../../src/base/assert.ts";
import { hexBytes, toHex } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { decodeBody } from "../../src/model/block.ts";
import { decodeCertificate } from "../../src/model/certificate.ts";
import {
  checkEvidence,
  decodeEvidence,
  type Evidence,
  encodeEvidence,
  evidenceSlot,
  evidenceTypes,
  type SignedVote,
  voteFault,
} from "../../src/model/evidence.ts";
import { decodeSealedHeader, sealPreimage } from "../../src/model/header.ts";
import { idBytes, type PublicKey } from "../../src/model/ids.ts";
import { decodeVote, encodeVoteData, votePreimage } from "../../src/model/vote.ts";

interface OfOne {
  /** Vote data in hex -> vote. */
  readonly votes: Map<string, SignedVote>;
  /** By slot: sealed headers, one unless it cheated. */
  readonly seals: Map<number, Uint8Array[]>;
  newestSeal: number;
  newestVote: number;
}

export class SeenSignatures {
  seals = 0;
  votes = 0;
  /** Signatures that are not the validator's: a fault of whoever sent them. */
  bad = 0;
  /** One of each kind, validator and slot. */
  readonly equivocations = new Map<string, Evidence>();
  private readonly genesisHash: Uint8Array;
  private readonly ranked: readonly PublicKey[];
  private readonly byValidator = new Map<PublicKey, OfOne>();
  private readonly certificates = new Set<string>();

  constructor(genesisHash: string, validators: readonly PublicKey[]) {
    this.genesisHash = hexBytes(genesisHash);
    this.ranked = validators;
    for (const key of validators) {
      this.byValidator.set(key, {
        votes: new Map(),
        seals: new Map(),
        newestSeal: -1,
        newestVote: -1,
      });
    }
  }

  /** Highest slots that it sealed and voted for. */
  newestOf(validator: PublicKey): { readonly sealSlot: number; readonly targetSlot: number } {
    const { newestSeal, newestVote } = this.of(validator);
    return { sealSlot: newestSeal, targetSlot: newestVote };
  }

  onBlock(header: Uint8Array, body: Uint8Array): void {
    this.onSealed(header);
    const decoded = decodeBody(body);
    if (!("code" in decoded) && decoded.certificate.length > 0) {
      this.onCertificate(decoded.certificate);
    }
  }

  onSealed(bytes: Uint8Array): void {
    const sealed = decodeSealedHeader(bytes.slice());
    if ("code" in sealed) throw new Error(`a node sent a bad header: ${sealed.code}`);
    const { header, seal } = sealed;
    const own = this.of(header.sealer);
    const known = own.seals.get(header.slot) ?? [];
    // Two seals of one header are the same block.
    if (known.some((other) => toHex(other.subarray(0, -64)) === toHex(bytes.subarray(0, -64)))) {
      return;
    }
    const preimage = sealPreimage(this.genesisHash, header.hash);
    if (!this.isGood(seal, preimage, header.sealer)) return;
    this.seals++;
    own.newestSeal = Math.max(own.newestSeal, header.slot);
    for (const other of known) {
      const found = encodeEvidence(evidenceTypes.doubleSeal, header.sealer, other, bytes.slice());
      if (!("code" in found)) this.note(found);
    }
    own.seals.set(header.slot, [...known, bytes.slice()]);
  }

  onVote(bytes: Uint8Array): void {
    const vote = decodeVote(bytes.slice());
    if ("code" in vote) throw new Error(`a node sent a bad vote: ${vote.code}`);
    this.take(vote.validator, vote);
  }

  /** Its lines are votes too, perhaps such as never travelled alone. */
  onCertificate(bytes: Uint8Array): void {
    const id = toHex(bytes);
    if (this.certificates.has(id)) return;
    this.certificates.add(id);
    const certificate = decodeCertificate(bytes.slice());
    if ("code" in certificate) throw new Error(`a node sent a bad certificate`);
    for (const { rank, signature } of certificate.signers) {
      const validator = defined(this.ranked[rank], "the set does not change here");
      this.take(validator, { ...certificate.data, signature });
    }
  }

  /** What a node found out by itself. */
  onEvidence(bytes: Uint8Array): void {
    const evidence = decodeEvidence(bytes.slice());
    if ("code" in evidence) throw new Error(`a node sent bad evidence: ${evidence.code}`);
    if (checkEvidence(evidence, this.genesisHash, ed25519) === undefined) this.note(evidence);
    else this.bad++;
  }

  private take(validator: PublicKey, vote: SignedVote): void {
    const own = this.of(validator);
    const data = encodeVoteData(vote);
    const id = toHex(data);
    if (own.votes.has(id)) return;
    if (!this.isGood(vote.signature, votePreimage(this.genesisHash, data), validator)) return;
    this.votes++;
    own.newestVote = Math.max(own.newestVote, vote.targetSlot);
    for (const other of own.votes.values()) {
      const found = voteFault(validator, other, vote);
      if (found !== undefined) this.note(found);
    }
    own.votes.set(id, vote);
  }

  private note(evidence: Evidence): void {
    const { type, validator } = evidence;
    this.equivocations.set(`${type} ${validator} ${evidenceSlot(evidence)}`, evidence);
  }

  private isGood(signature: Uint8Array, preimage: Uint8Array, validator: PublicKey): boolean {
    if (ed25519.verify(signature, preimage, idBytes(validator))) return true;
    this.bad++;
    return false;
  }

  private of(validator: PublicKey): OfOne {
    return defined(this.byValidator.get(validator), `${validator} is a validator`);
  }
}
