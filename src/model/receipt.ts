/**
 * Receipts: what a block did with a transaction. The leaves of `receiptsRoot`.
 * protocol-spec/05-objects §8.
 *
 *  0 status 1 | 1 fee 8
 */
import { readU64, writeU64 } from "../base/bytes.ts";
import { merkleRoot } from "./merkle.ts";

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

/** 32 bytes. */
export function receiptsRoot(receipts: readonly Receipt[]): Uint8Array {
  return merkleRoot(receipts.map(encodeReceipt));
}
