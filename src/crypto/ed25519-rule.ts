/**
 * The part of the Ed25519 rule that bytes alone decide: S < L; A and R canonical encodings, not of
 * small order. NOT a verification: the cofactorless equation is still to be checked. Put before a
 * verifier of that equation, it pins the verdict to libsodium's. protocol-spec/05-objects §0.
 *
 *   public key  A 32        y little-endian, bit 255 = sign of x
 *   signature   R 32 | S 32
 */
import { hexBytes } from "../base/bytes.ts";

export const seedBytes = 32;
export const publicKeyBytes = 32;
export const signatureBytes = 64;

const littleEndian = (hex: string): Uint8Array => hexBytes(hex).reverse();

/** p = 2^255 - 19. */
const fieldPrime = littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
/** L = 2^252 + 27742317777372353535851937790883648493. */
const groupOrder = littleEndian("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");

/** The y of all eight points of small order; the sign of x is masked before comparing. */
const smallOrderYs = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000001",
  "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
  "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
  "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
].map(littleEndian);

/** `length` little-endian bytes at `at`, the top bit of the last masked by `topMask`, below `bound`. */
function below(bytes: Uint8Array, at: number, topMask: number, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = bytes[at + i]! & (i === 31 ? topMask : 0xff);
    if (byte !== bound[i]!) return byte < bound[i]!;
  }
  return false;
}

function hasY(bytes: Uint8Array, at: number, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (bytes[at + i] !== y[i]) return false;
  return (bytes[at + 31]! & 0x7f) === y[31];
}

/**
 * The 32 bytes at `at` are canonical (y < p) and not of small order. Whether they are on the curve
 * is left to the equation. "x = 0 with sign 1" has y = 1 or -1, which is of small order.
 */
function acceptablePoint(bytes: Uint8Array, at: number): boolean {
  return below(bytes, at, 0x7f, fieldPrime) && !smallOrderYs.some((y) => hasY(bytes, at, y));
}

/** False when lengths, S, R or A break the rule; true says nothing about the equation. */
export function passesByteRule(signature: Uint8Array, publicKey: Uint8Array): boolean {
  return (
    signature.length === signatureBytes &&
    publicKey.length === publicKeyBytes &&
    below(signature, 32, 0xff, groupOrder) &&
    acceptablePoint(publicKey, 0) &&
    acceptablePoint(signature, 0)
  );
}
