/**
 * X25519 (RFC 7748): keys and shared secrets of 32 bytes. An all-zero result, which a public key
 * of small order forces, is never handed out. protocol-spec/02-handshake §2.
 */
import { assert } from "../base/assert.ts";
import { portableX25519, portableX25519PublicKey } from "./portable-x25519.ts";
import { equalSecret } from "./secret.ts";
import { sodium } from "./sodium.ts";

export const x25519KeyBytes = 32;

/** The public key of 32 secret bytes, which need no clamping. */
export function x25519PublicKey(secret: Uint8Array): Uint8Array {
  assert(secret.length === x25519KeyBytes, "an X25519 secret has 32 bytes");
  if (sodium === undefined) return portableX25519PublicKey(secret);
  const publicKey = new Uint8Array(x25519KeyBytes);
  sodium.crypto_scalarmult_base(publicKey, secret);
  return publicKey;
}

/** Of secrets that serve many handshakes; with a copy, for the caller may overwrite its own. */
const lasting = new WeakMap<
  Uint8Array,
  { readonly secret: Uint8Array; readonly key: Uint8Array }
>();

/** `x25519PublicKey` of a secret that is asked for again and again: made once for each object. */
export function lastingX25519PublicKey(secret: Uint8Array): Uint8Array {
  const known = lasting.get(secret);
  if (known !== undefined && equalSecret(known.secret, secret)) return known.key;
  const key = x25519PublicKey(secret);
  lasting.set(secret, { secret: secret.slice(), key });
  return key;
}

/**
 * The shared secret; the caller wipes it. Undefined: it would be all zeros, and the peer MUST be
 * refused. Whether that happens depends on `publicKey` alone.
 */
export function x25519(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  assert(secret.length === x25519KeyBytes, "an X25519 secret has 32 bytes");
  assert(publicKey.length === x25519KeyBytes, "an X25519 public key has 32 bytes");
  if (sodium === undefined) return portableX25519(secret, publicKey);
  const shared = new Uint8Array(x25519KeyBytes);
  try {
    sodium.crypto_scalarmult(shared, secret, publicKey);
  } catch {
    // With the lengths right, libsodium throws on the all-zero result only.
    return undefined;
  }
  return shared;
}
