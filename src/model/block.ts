/**
 * Blocks: a sealed header and its body. The body is `certificate length u32 | certificate |
 * transactions`, each transaction self-delimiting through its payload length.
 * protocol-spec/05-objects §3.
 */
import { concatBytes, readU32, u32Bytes } from "../base/bytes.ts";
import { chainLimits } from "../params/limits.ts";
import type { SealedHeader } from "./header.ts";
import { type Rejection, rejection } from "./rule-code.ts";
import { decodeTransaction, type Transaction } from "./transaction.ts";

export interface Body {
  /** Empty: none is carried. */
  readonly certificate: Uint8Array;
  readonly transactions: readonly Transaction[];
  readonly bytes: Uint8Array;
}

export interface Block extends SealedHeader {
  readonly body: Body;
}

export function encodeBody(
  certificate: Uint8Array,
  transactions: readonly Transaction[],
): Uint8Array {
  return concatBytes(
    u32Bytes(certificate.length),
    certificate,
    ...transactions.map((t) => t.bytes),
  );
}

/** The body in exactly `bytes`; keeps `bytes`. Costs no signature check. */
export function decodeBody(bytes: Uint8Array): Body | Rejection {
  const bad = (detail: string) => rejection("body-malformed", detail);
  if (bytes.length > chainLimits.blockBodyBytesMax) return bad(`${bytes.length} bytes`);
  if (bytes.length < 4) return bad("certificate length expected");
  const certificateBytes = readU32(bytes, 0);
  if (certificateBytes > bytes.length - 4) return bad("certificate exceeds the body");
  const certificate = bytes.subarray(4, 4 + certificateBytes);
  const transactions: Transaction[] = [];
  let at = 4 + certificateBytes;
  while (at < bytes.length) {
    if (transactions.length === chainLimits.blockTransactionsMax)
      return bad("too many transactions");
    if (bytes.length - at < chainLimits.transactionHeadBytes + 64) return bad("cut transaction");
    const length = chainLimits.transactionHeadBytes + 64 + readU32(bytes, at + 100);
    if (length > bytes.length - at) return bad("transaction exceeds the body");
    const transaction = decodeTransaction(bytes.subarray(at, at + length));
    if ("code" in transaction) return transaction;
    transactions.push(transaction);
    at += length;
  }
  return { certificate, transactions, bytes };
}
