/**
 * What Noise messages 2 and 3 carry: who the sender is, its signature over this very handshake, and
 * its HELLO. NOT the HELLO itself (`hello.ts`) and no cryptography: bytes in, bytes out.
 * Invariant: what is signed has a tag, a fixed length, and names both sides, so it is of no use in
 * another handshake or for another purpose. protocol-spec/02-handshake §3.
 *
 *   payload:   node id 32 | signature 64 | HELLO
 *   preimage:  tag "wl/auth/1" 16 | genesis hash 32 | role 1 | 0 | version 2 | h 32
 *              | noise static key 32 | node id 32 | peer's node id 32 | SHA-256(HELLO) 32
 */
import { assert } from "../base/assert.ts";
import { concatBytes, writeU16 } from "../base/bytes.ts";
import { sha256, tag16 } from "../crypto/hash.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "./errors.ts";
import { type OpeningRole, roleByte } from "./opening.ts";

export interface AuthFields {
  readonly genesisHash: Uint8Array;
  /** Of the signer. */
  readonly role: Exclude<OpeningRole, "genesis-request">;
  /** The wire version chosen. */
  readonly version: number;
  /** Handshake hash just before the payload is encrypted. */
  readonly h: Uint8Array;
  /** The signer's. */
  readonly noiseStatic: Uint8Array;
  readonly nodeId: Uint8Array;
  /** Undefined in message 2, whose sender does not know it yet: 32 zeros. */
  readonly peerNodeId: Uint8Array | undefined;
  readonly helloBytes: Uint8Array;
}

export interface HandshakePayload {
  readonly nodeId: Uint8Array;
  readonly signature: Uint8Array;
  readonly helloBytes: Uint8Array;
}

export const authPreimageBytes = 212;
const fixedBytes = 32 + 64;
const unknownNodeId = new Uint8Array(32);
const authTag = tag16("wl/auth/1");

/** The 212 bytes that the node key signs in a handshake; into `out` when given (all are written). */
export function authPreimage(
  fields: AuthFields,
  out: Uint8Array = new Uint8Array(authPreimageBytes),
): Uint8Array {
  assert(out.length === authPreimageBytes, "a preimage has 212 bytes");
  out.set(authTag);
  put32(out, 16, fields.genesisHash);
  out[48] = roleByte(fields.role);
  out[49] = 0;
  writeU16(out, 50, fields.version);
  put32(out, 52, fields.h);
  put32(out, 84, fields.noiseStatic);
  put32(out, 116, fields.nodeId);
  put32(out, 148, fields.peerNodeId ?? unknownNodeId);
  put32(out, 180, sha256(fields.helloBytes));
  return out;
}

export function encodeHandshakePayload(payload: HandshakePayload): Uint8Array {
  const { nodeId, signature, helloBytes } = payload;
  assert(nodeId.length === 32 && signature.length === 64, "32 bytes of id, 64 of signature");
  const bytes = concatBytes(nodeId, signature, helloBytes);
  assert(bytes.length <= wireLimits.handshakePayloadBytesMax, "our HELLO fits into a handshake");
  return bytes;
}

/** Views into `bytes`. Throws "handshake-failed" when the length is impossible. */
export function decodeHandshakePayload(bytes: Uint8Array): HandshakePayload {
  if (bytes.length <= fixedBytes || bytes.length > wireLimits.handshakePayloadBytesMax) {
    throw new WireError("handshake-failed", `a handshake payload of ${bytes.length} bytes`);
  }
  return {
    nodeId: bytes.subarray(0, 32),
    signature: bytes.subarray(32, fixedBytes),
    helloBytes: bytes.subarray(fixedBytes),
  };
}

function put32(out: Uint8Array, at: number, value: Uint8Array): void {
  assert(value.length === 32, "32 bytes of a signed field");
  out.set(value, at);
}
