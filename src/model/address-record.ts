/**
 * What an owner signs about an address of its own: "this identity listens there and offers these
 * services, as of this instant". Knows preimage and signature, not the entries of `peers` that
 * carry them (wire/address.ts), and proves nothing about who answers there.
 *
 * Invariant: a record of one network is none of another. protocol-spec/04-messages §3
 *
 *   0 tag16("wl/address/1") | 16 network id 32 | 48 node id 32 | 80 IP 16 | 96 port u16 |
 *   98 services u32 | 102 signed at, ms, u64                                      preimage, 110
 */
import { assert } from "../base/assert.ts";
import { writeU16, writeU32, writeU64 } from "../base/bytes.ts";
import { tag16 } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { idBytes, type NodeId } from "./ids.ts";

export interface AddressRecord {
  /** IPv6, or IPv4 as ::ffff:a.b.c.d. */
  readonly ip16: Uint8Array;
  /** 1 to 65,535. */
  readonly port: number;
  /** The owner: its key signs. */
  readonly nodeId: NodeId;
  /** Bits as in HELLO. */
  readonly services: number;
  /** The owner's wall clock; of two records the later one counts. */
  readonly signedAtMs: number;
}

export const recordSignatureBytes = 64;
const recordPreimageBytes = 110;
const signingTag = tag16("wl/address/1");

export function recordPreimage(networkId: Uint8Array, record: AddressRecord): Uint8Array {
  assert(networkId.length === 32 && record.ip16.length === 16, "fields of fixed length");
  const bytes = new Uint8Array(recordPreimageBytes);
  bytes.set(signingTag, 0);
  bytes.set(networkId, 16);
  bytes.set(idBytes(record.nodeId), 48);
  bytes.set(record.ip16, 80);
  writeU16(bytes, 96, record.port);
  writeU32(bytes, 98, record.services);
  writeU64(bytes, 102, record.signedAtMs);
  return bytes;
}

export function isSignedRecord(
  signatures: Pick<SignatureScheme, "verify">,
  networkId: Uint8Array,
  record: AddressRecord,
  signature: Uint8Array,
): boolean {
  return signatures.verify(signature, recordPreimage(networkId, record), idBytes(record.nodeId));
}
