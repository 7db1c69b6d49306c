/**
 * The bodies decoded last, by the bytes that they were decoded from: a block's is looked at when it
 * is executed and when it is buried. A cache of a pure function: what it holds never
 * shows. NOT a store: all bodies decoded would take six times the memory of their bytes.
 *
 * Invariant: at most `bodiesMax` bodies with `transactionsMax` transactions in all; no body has more.
 */
import { assert } from "../base/assert.ts";
import { type Body, decodeBody } from "../model/block.ts";

const bodiesMax = 128;
const transactionsMax = 8192;

const decoded = new Map<Uint8Array, Body>();
let held = 0;

/** `body` is what `decodeBody` says of its bytes, which are not changed any more. */
export function rememberDecoded(body: Body): void {
  const { bytes, transactions } = body;
  if (transactions.length === 0 || decoded.has(bytes)) return;
  decoded.set(bytes, body);
  held += transactions.length;
  for (const [oldest, { transactions: gone }] of decoded) {
    if (decoded.size <= bodiesMax && held <= transactionsMax) break;
    decoded.delete(oldest);
    held -= gone.length;
  }
}

/** The body in `bytes`, which were found to hold one and are not changed any more. */
export function decodedBody(bytes: Uint8Array): Body {
  const known = decoded.get(bytes);
  if (known !== undefined) return known;
  const body = decodeBody(bytes);
  assert(!("code" in body), "it was decoded when it came");
  rememberDecoded(body);
  return body;
}

/** For tests of the bound. */
export function decodedSizes() {
  return { bodies: decoded.size, transactions: held, bodiesMax, transactionsMax };
}
