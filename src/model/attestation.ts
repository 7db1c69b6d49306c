/**
 * "The node at this end of this session works for this validator": the layout and the preimage. NOT
 * when it is shown or asked for (node/membership.ts). protocol-spec/05-objects §11.
 *
 *   0 validator 32 | 32 signature 64                          attestation, 96
 *
 * The handshake hash makes it worth nothing in any other session, the identities at any other end.
 */
import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { tag16 } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { idBytes, type NodeId, type PublicKey, publicKeyOf } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";

export const attestationBytes = 96;
const signingTag = tag16("attest/1");

/** What is signed for, besides the validator's own key. */
export interface AttestedSession {
  readonly genesisHash: Uint8Array;
  /** 32 bytes: 02-handshake §2. */
  readonly handshakeHash: Uint8Array;
  /** Who shows it. */
  readonly nodeId: NodeId;
  /** To whom. */
  readonly peerNodeId: NodeId;
}

export interface Attestation {
  readonly validator: PublicKey;
  readonly signature: Uint8Array;
}

/** 176 bytes: "attest/1" || genesis hash || handshake hash || validator || node id || other's. */
export function attestationPreimage(session: AttestedSession, validator: PublicKey): Uint8Array {
  const { genesisHash, handshakeHash, nodeId, peerNodeId } = session;
  assert(genesisHash.length === 32 && handshakeHash.length === 32, "a hash has 32 bytes");
  return concatBytes(
    signingTag,
    genesisHash,
    handshakeHash,
    idBytes(validator),
    idBytes(nodeId),
    idBytes(peerNodeId),
  );
}

export function encodeAttestation({ validator, signature }: Attestation): Uint8Array {
  assert(signature.length === 64, "a signature has 64 bytes");
  return concatBytes(idBytes(validator), signature);
}

/** The validator whose key signed `bytes` for `session`; keeps nothing of `bytes`. */
export function checkAttestation(
  bytes: Uint8Array,
  session: AttestedSession,
  signatures: SignatureScheme,
): PublicKey | Rejection {
  assert(bytes.length === attestationBytes, "the codec checks the length");
  const validator = publicKeyOf(bytes.subarray(0, 32));
  const preimage = attestationPreimage(session, validator);
  return signatures.verify(bytes.subarray(32), preimage, bytes.subarray(0, 32))
    ? validator
    : rejection("attest-signature", "not signed by the validator key for this session");
}
