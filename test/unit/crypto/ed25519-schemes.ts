/** The three Ed25519 paths, and the question put to all of them at once. */
import assert from "node:assert/strict";
import { toHex } from "../../../src/base/bytes.ts";
import { nativeEd25519 } from "../../../src/crypto/native-ed25519.ts";
import { nobleEd25519 } from "../../../src/crypto/noble-ed25519.ts";
import { portableEd25519 } from "../../../src/crypto/portable-ed25519.ts";
import type { SignatureScheme } from "../../../src/crypto/signature-scheme.ts";
import { sodium } from "../../../src/crypto/sodium.ts";

const native = sodium === undefined ? undefined : nativeEd25519(sodium);

export const schemes: readonly (readonly [string, SignatureScheme])[] = [
  ...(native === undefined ? [] : ([["native", native]] as const)),
  ["portable", portableEd25519],
  ["noble", nobleEd25519],
];

/** The one verdict of all paths; fails when they differ. */
export function verdict(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const verdicts = schemes.map(([, scheme]) => scheme.verify(signature, message, publicKey));
  const [first] = verdicts;
  const names = schemes.map(([name]) => name).join(", ");
  assert.ok(
    verdicts.every((v) => v === first),
    `${names} say ${verdicts} to ${toHex(signature)} ${toHex(message)} ${toHex(publicKey)}`,
  );
  return first!;
}
