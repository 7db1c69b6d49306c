/**
 * Blocks: a sealed header and its body. The body is `certificate length u32 | certificate |
 * transactions`, each transaction self-delimiting through its payload length.
 * protocol-spec/05-objects §3.
 */
import { assert } from "../base/assert.ts";
import { readU32, writeU32 } from "../base/bytes.ts";
import { chainLimits } from "../params/limits.ts";
import type { SealedHeader } from "./header.ts";
import { type Rejection, rejection } from "./rule-code.ts";
import { decodeTransaction, type Transaction, transactionLayoutProblem } from "./transaction.ts";

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
  let length = 4 + certificate.length;
  for (const { bytes } of transactions) length += bytes.length;
  const body = new Uint8Array(length);
  writeU32(body, 0, certificate.length);
  body.set(certificate, 4);
  let at = 4 + certificate.length;
  for (const { bytes } of transactions) {
    body.set(bytes, at);
    at += bytes.length;
  }
  return body;
}

/** What a body is made of, its transactions as bytes. */
export interface BodyOutline {
  readonly certificate: Uint8Array;
  readonly transactions: readonly Uint8Array[];
}

/** Outside of its function: a closure for each call costs more than the checks. */
const bad = (detail: string) => rejection("body-malformed", detail);

/** All that is wrong with the layout of `bytes` is found here: what passes can be decoded. */
export function outlineBody(bytes: Uint8Array): BodyOutline | Rejection {
  if (bytes.length > chainLimits.blockBodyBytesMax) return bad(`${bytes.length} bytes`);
  if (bytes.length < 4) return bad("certificate length expected");
  const certificateBytes = readU32(bytes, 0);
  if (certificateBytes > bytes.length - 4) return bad("certificate exceeds the body");
  const certificate = bytes.subarray(4, 4 + certificateBytes);
  const transactions: Uint8Array[] = [];
  let at = 4 + certificateBytes;
  while (at < bytes.length) {
    if (transactions.length === chainLimits.blockTransactionsMax)
      return bad("too many transactions");
    if (bytes.length - at < chainLimits.transactionHeadBytes + 64) return bad("cut transaction");
    const length = chainLimits.transactionHeadBytes + 64 + readU32(bytes, at + 100);
    if (length > bytes.length - at) return bad("transaction exceeds the body");
    const transaction = bytes.subarray(at, at + length);
    const problem = transactionLayoutProblem(transaction);
    if (problem !== undefined) return problem;
    transactions.push(transaction);
    at += length;
  }
  return { certificate, transactions };
}

/** The body in exactly `bytes`; keeps `bytes`. Costs no signature check. */
export function decodeBody(bytes: Uint8Array): Body | Rejection {
  const outline = outlineBody(bytes);
  if ("code" in outline) return outline;
  const transactions = outline.transactions.map((each) => {
    const transaction = decodeTransaction(each);
    assert(!("code" in transaction), "its layout is good");
    return transaction;
  });
  return { certificate: outline.certificate, transactions, bytes };
}
