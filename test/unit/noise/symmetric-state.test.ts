import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, isZero, toHex } from "../../../src/base/bytes.ts";
import { SymmetricState } from "../../../src/noise/symmetric-state.ts";
import { heldBytes } from "./xx-pair.ts";

const name = "Noise_XX_25519_ChaChaPoly_SHA256";
const secret = (): Uint8Array => new Uint8Array(32).fill(5);

test("before a key is mixed in, text passes in clear and is hashed", () => {
  const [writer, reader] = [new SymmetricState(name), new SymmetricState(name)];
  assert.equal(toHex(writer.handshakeHash), toHex(asciiBytes(name)));
  const sent = writer.encryptAndHash(asciiBytes("clear"));
  assert.equal(toHex(sent), toHex(asciiBytes("clear")));
  assert.equal(toHex(reader.decryptAndHash(sent)!), toHex(sent));
  assert.equal(toHex(reader.handshakeHash), toHex(writer.handshakeHash));
  assert.notEqual(toHex(writer.handshakeHash), toHex(asciiBytes(name)));
});

test("a failed decryption leaves the hash, and the right text is still accepted", () => {
  const [writer, reader] = [new SymmetricState(name), new SymmetricState(name)];
  writer.mixKey(secret());
  reader.mixKey(secret());
  const sent = writer.encryptAndHash(asciiBytes("text"));
  const before = toHex(reader.handshakeHash);
  const wrong = sent.slice();
  wrong[0]! ^= 1;
  assert.equal(reader.decryptAndHash(wrong), undefined);
  assert.equal(reader.decryptAndHash(sent.subarray(0, 15)), undefined);
  assert.equal(toHex(reader.handshakeHash), before);
  assert.equal(toHex(reader.decryptAndHash(sent)!), toHex(asciiBytes("text")));
  assert.equal(toHex(reader.handshakeHash), toHex(writer.handshakeHash));
});

test("mixing a key erases the secret and the key before it; split erases the rest", () => {
  const state = new SymmetricState(name);
  const mixed = secret();
  state.mixKey(mixed);
  assert.ok(isZero(mixed));
  const firstKey = heldBytes(state).get("cipher.key")!;
  assert.ok(!isZero(firstKey));
  state.mixKey(secret());
  assert.ok(isZero(firstKey));
  const secrets = ["ck", "cipher.key"].map((path) => heldBytes(state).get(path)!);
  const hash = toHex(state.handshakeHash);
  const [first, second] = state.split();
  assert.ok(secrets.every(isZero));
  assert.equal(toHex(state.handshakeHash), hash);
  assert.notEqual(toHex(heldBytes(first).get("key")!), toHex(heldBytes(second).get("key")!));
});

test("a protocol name of another length than 32 is our bug", () => {
  assert.throws(() => new SymmetricState("Noise_XX"));
});
