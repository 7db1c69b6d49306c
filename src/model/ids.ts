/**
 * Branded identifiers. Inside they are lower-case hex, so that they serve as Map keys that nobody
 * can flood; bytes appear only in `wire`, `crypto` and stored records.
 */
import { assert } from "../base/assert.ts";
import type { Brand } from "../base/brand.ts";
import { hexBytes, partToHex, toHex } from "../base/bytes.ts";

/** SHA-256 under the tag "hdr/1" of a header's 356 bytes. */
export type BlockHash = Brand<string, "BlockHash">;
/** SHA-256 under the tag "txid/1" of a transaction without its signature. */
export type TxId = Brand<string, "TxId">;
/** An Ed25519 public key of an account or a validator. */
export type PublicKey = Brand<string, "PublicKey">;
/** SHA-256 under the tag "addr/1" of an account's public key. */
export type Address = Brand<string, "Address">;
/** An Ed25519 public key of a node: its identity on the wire. */
export type NodeId = Brand<string, "NodeId">;

type Id = BlockHash | TxId | PublicKey | Address | NodeId;

function hex32<T extends Id>(bytes: Uint8Array): T {
  if (bytes.length !== 32) assert(false, `32 bytes expected, got ${bytes.length}`);
  return toHex(bytes) as string as T;
}

export const blockHashOf = (bytes: Uint8Array): BlockHash => hex32<BlockHash>(bytes);
export const txIdOf = (bytes: Uint8Array): TxId => hex32<TxId>(bytes);
export const publicKeyOf = (bytes: Uint8Array): PublicKey => hex32<PublicKey>(bytes);
export const addressOf = (bytes: Uint8Array): Address => hex32<Address>(bytes);
export const nodeIdOf = (bytes: Uint8Array): NodeId => hex32<NodeId>(bytes);

/** Of the 32 bytes in `bytes` from `at` on. */
export function blockHashAt(bytes: Uint8Array, at: number): BlockHash {
  assert(at + 32 <= bytes.length, "32 bytes inside the buffer");
  return partToHex(bytes, at, at + 32) as string as BlockHash;
}

/** The 32 bytes of any id. */
export function idBytes(id: Id): Uint8Array {
  return hexBytes(id);
}

let own: { readonly id: Id; readonly bytes: Uint8Array } | undefined;

/** `idBytes` of the id of this process: the same memory each time, for whoever keeps it. */
export function ownIdBytes(id: Id): Uint8Array {
  if (own?.id !== id) own = { id, bytes: idBytes(id) };
  return own.bytes;
}

/** True for 64 lower-case hex digits, the only spelling of an id. */
export function isHex32(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
