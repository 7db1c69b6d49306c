/**
 * Ed25519 in JavaScript alone: the judge over the fast paths in tests, and the key tool's. Shares
 * no code with them: where they compare bytes it decodes points and counts in bigints. Too slow
 * (1 ms) and not constant-time: NOT for a running node. protocol-spec/05-objects §0.
 */
import { getPublicKey, hashes, Point, sign } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes } from "../base/bytes.ts";
import type { SignatureScheme } from "./signature-scheme.ts";

hashes.sha512 = sha512;

const groupOrder = Point.CURVE().n;

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** Undefined: not canonical, not on the curve, or of small order. */
function acceptablePoint(bytes: Uint8Array): Point | undefined {
  try {
    const point = Point.fromBytes(bytes, false);
    return point.isSmallOrder() ? undefined : point;
  } catch {
    return undefined;
  }
}

export const nobleEd25519: SignatureScheme = {
  publicKey: (seed) => getPublicKey(seed),
  sign: (seed, message) => sign(message, seed),
  verify(signature, message, publicKey) {
    if (signature.length !== 64 || publicKey.length !== 32) return false;
    const r = signature.slice(0, 32);
    const s = littleEndian(signature.subarray(32));
    const a = acceptablePoint(publicKey.slice());
    if (a === undefined || acceptablePoint(r) === undefined || s >= groupOrder) return false;
    const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % groupOrder;
    // Cofactorless: R = [s]B - [k]A to the byte. The library's own verify multiplies by 8.
    const expected = Point.BASE.multiply(s, false).subtract(a.multiply(k, false));
    return equalBytes(expected.toBytes(), r);
  },
};
