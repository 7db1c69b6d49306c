/**
 * Care for secret bytes: erasing them and comparing them in constant time. It cannot reach copies
 * that the engine or a library made; so secrets stay in one `Uint8Array`, never in a string.
 * protocol-spec/02-handshake §2.
 */
import { timingSafeEqual } from "node:crypto";

/** Overwrites `bytes` with zeros. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0);
}

/** Equality whose time does not depend on content. The lengths are not secret. */
export function equalSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
