/**
 * The Ed25519 of this process: libsodium when its binary loads and keeps the rule, else Node's
 * OpenSSL behind the byte rule. The verdict is the same. protocol-spec/05-objects §0.
 */
import { nativeEd25519 } from "./native-ed25519.ts";
import { portableEd25519 } from "./portable-ed25519.ts";
import type { SignatureScheme } from "./signature-scheme.ts";
import { sodium } from "./sodium.ts";

export const ed25519: SignatureScheme =
  (sodium === undefined ? undefined : nativeEd25519(sodium)) ?? portableEd25519;
