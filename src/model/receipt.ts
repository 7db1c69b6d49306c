/**
 * Receipts: what a block did with a transaction. The leaves of `receiptsRoot`.
 * protocol-spec/05-objects §8.
 *
 *  0 status 1 | 1 fee 8
 */
import { readU64, writeU64 } from "../base/bytes.ts";
import { foldedRoot, merkleLeafHash, merkleRoot } from "./merkle.ts";

export interface Receipt {
  /** 1 done; 0 the fee was taken and the action failed (proposals and approvals only). */
  readonly status: 0 | 1;
  /** What the sender paid to the sealer. */
  readonly fee: bigint;
}

export const receiptBytes = 9;

export function encodeReceipt(receipt: Receipt): Uint8Array {
  const bytes = new Uint8Array(receiptBytes);
  bytes[0] = receipt.status;
  writeU64(bytes, 1, receipt.fee);
  return bytes;
}

/** The receipt in exactly 9 bytes, or undefined. Receipts are computed, never received. */
export function decodeReceipt(bytes: Uint8Array): Receipt | undefined {
  const status = bytes[0];
  if (bytes.length !== receiptBytes || (status !== 0 && status !== 1)) return undefined;
  return { status, fee: readU64(bytes, 1) };
}

/** 32 bytes: the root of RFC 6962 above the encoded receipts. Most of a block's are equal. */
export function receiptsRoot(receipts: readonly Receipt[]): Uint8Array {
  if (receipts.length === 0) return merkleRoot([]);
  const level = new Uint8Array(32 * receipts.length);
  let last: Receipt | undefined;
  for (let index = 0; index < receipts.length; index++) {
    const receipt = receipts[index]!;
    const at = 32 * index;
    if (last !== undefined && receipt.fee === last.fee && receipt.status === last.status) {
      level.copyWithin(at, at - 32, at);
    } else {
      level.set(merkleLeafHash(encodeReceipt(receipt)), at);
    }
    last = receipt;
  }
  return foldedRoot(level);
}
