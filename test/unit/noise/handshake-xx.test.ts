import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, concatBytes, hexBytes, isZero, toHex } from "../../../src/base/bytes.ts";
import { x25519, x25519PublicKey } from "../../../src/crypto/x25519.ts";
import { HandshakeXX, noiseProtocolName } from "../../../src/noise/handshake-xx.ts";
import { SymmetricState } from "../../../src/noise/symmetric-state.ts";
import { exchange, heldBytes, noPayload, xxPair } from "./xx-pair.ts";

/** Public keys that force an all-zero DH result (RFC 7748 §6.1 and the usual list). */
const smallOrderKeys = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(hexBytes);

/** Public by nature, or public constants. */
const publicFields = new Set([
  "staticPublic",
  "ephemeralPublic",
  "rs",
  "re",
  "symmetric.h",
  "symmetric.cipher.nonceBytes",
]);

/** Secrets held now; call the result later to see that every one of them is zero. */
function watchSecrets(handshake: HandshakeXX): () => void {
  const secrets = [...heldBytes(handshake)].filter(([path]) => !publicFields.has(path));
  const paths = secrets.map(([path]) => path);
  for (const path of ["s", "e", "symmetric.ck"]) assert.ok(paths.includes(path), path);
  for (const [path, bytes] of secrets) {
    // ee is erased as soon as it is mixed in.
    if (path !== "ee") assert.ok(!isZero(bytes), `${path} holds something`);
  }
  return () => {
    for (const [path, bytes] of secrets) assert.ok(isZero(bytes), `${path} is erased`);
    for (const [path, bytes] of heldBytes(handshake)) {
      if (!publicFields.has(path)) assert.ok(isZero(bytes), `${path} is erased`);
    }
  };
}

test("messages have the lengths of the specification, and both ends learn the same", () => {
  const { initiator, responder } = xxPair();
  const first = initiator.writeMessage(noPayload);
  assert.equal(first.length, 32);
  assert.equal(responder.readMessage(first)?.payload.length, 0);
  assert.equal(toHex(responder.remoteEphemeral!), toHex(first));
  const second = responder.writeMessage(() => asciiBytes("two"));
  assert.equal(second.length, 96 + 3);
  assert.equal(toHex(initiator.readMessage(second)!.payload), toHex(asciiBytes("two")));
  assert.equal(toHex(initiator.remoteStatic!), toHex(responder.staticPublic));
  assert.equal(responder.remoteStatic, undefined);
  assert.equal(responder.isComplete, false);
  const third = initiator.writeMessage(() => asciiBytes("three"));
  assert.equal(third.length, 64 + 5);
  assert.equal(toHex(responder.readMessage(third)!.payload), toHex(asciiBytes("three")));
  assert.equal(toHex(responder.remoteStatic!), toHex(initiator.staticPublic));
  assert.ok(initiator.isComplete && responder.isComplete);
  const [ours, theirs] = [initiator.split(), responder.split()];
  assert.equal(toHex(ours.handshakeHash), toHex(theirs.handshakeHash));
  const sealed = new Uint8Array(18);
  ours.send.encrypt(sealed, noPayload(), asciiBytes("hi"));
  assert.equal(ours.receive.decrypt(new Uint8Array(2), noPayload(), sealed), false, "reflected");
  assert.equal(theirs.receive.decrypt(new Uint8Array(2), noPayload(), sealed), true);
});

test("split erases every secret, the caller's ephemeral too, and spares its static secret", () => {
  const [staticSecret, ephemeralSecret] = [
    new Uint8Array(32).fill(31),
    new Uint8Array(32).fill(32),
  ];
  const { responder } = xxPair();
  const prologue = asciiBytes("p");
  const options = { role: "initiator", prologue, staticSecret, ephemeralSecret } as const;
  const pair = { initiator: new HandshakeXX(options), responder };
  exchange(pair, 3);
  for (const handshake of [pair.initiator, pair.responder]) {
    const check = watchSecrets(handshake);
    const { send } = handshake.split();
    check();
    assert.ok(!isZero(heldBytes(send).get("key")!), "the transport key lives on");
    assert.throws(() => handshake.split());
    assert.equal(handshake.remoteStatic?.length, 32);
  }
  assert.ok(isZero(ephemeralSecret));
  assert.equal(toHex(staticSecret), "1f".repeat(32));
});

test("any flipped bit of message 2 or 3 fails closed and erases the secrets", () => {
  for (const count of [1, 2] as const) {
    for (let at = 0; at < (count === 1 ? 99 : 69); at++) {
      const pair = xxPair();
      exchange(pair, count);
      const [writer, reader] =
        count === 1 ? [pair.responder, pair.initiator] : [pair.initiator, pair.responder];
      const message = writer.writeMessage(() => asciiBytes(count === 1 ? "two" : "three"));
      const right = message.slice();
      message[at]! ^= 1 << (at % 8);
      const check = watchSecrets(reader);
      const outcome = reader.readMessage(message);
      // X25519 ignores bit 255 of e; the hash does not.
      assert.equal(outcome, undefined, `byte ${at} of message ${count + 1}`);
      check();
      assert.equal(reader.remoteStatic, undefined);
      assert.equal(reader.readMessage(right), undefined, "no second try");
      assert.throws(() => reader.writeMessage(noPayload));
      assert.throws(() => reader.split());
    }
  }
});

test("an altered message 1 fails at the latest with message 2", () => {
  for (let at = 0; at < 32; at++) {
    const { initiator, responder } = xxPair();
    const first = initiator.writeMessage(noPayload);
    first[at]! ^= 0x80;
    if (responder.readMessage(first) === undefined) continue;
    assert.equal(initiator.readMessage(responder.writeMessage(noPayload)), undefined);
  }
});

test("messages cut, empty or beyond the Noise limit fail closed", () => {
  for (const count of [0, 1, 2] as const) {
    const shortest = [32, 96, 64][count]!;
    const lengths = [0, 1, shortest - 1, shortest + 1, 65_535, 65_536, 100_000];
    for (const length of lengths) {
      const pair = xxPair();
      exchange(pair, count);
      const reader = count === 1 ? pair.initiator : pair.responder;
      const check = watchSecrets(reader);
      assert.equal(reader.readMessage(new Uint8Array(length).fill(9)), undefined, `${length}`);
      check();
    }
  }
});

test("message 1 carries no payload unless that was allowed", () => {
  const { initiator, responder } = xxPair();
  assert.throws(() => initiator.writeMessage(() => asciiBytes("x")));
  const first = xxPair().initiator.writeMessage(noPayload);
  assert.equal(responder.readMessage(concatBytes(first, asciiBytes("x"))), undefined);
});

test("different prologues make message 2 unreadable", () => {
  const { initiator, responder } = xxPair(["a", "b"]);
  assert.ok(responder.readMessage(initiator.writeMessage(noPayload)));
  assert.equal(initiator.readMessage(responder.writeMessage(noPayload)), undefined);
});

test("an ephemeral key of small order is refused by both roles", () => {
  for (const e of smallOrderKeys) {
    const first = xxPair();
    const checkResponder = watchSecrets(first.responder);
    assert.equal(first.responder.readMessage(e), undefined, toHex(e));
    checkResponder();
    const second = xxPair();
    exchange(second, 1);
    const message = concatBytes(e, second.responder.writeMessage(noPayload).subarray(32));
    const checkInitiator = watchSecrets(second.initiator);
    assert.equal(second.initiator.readMessage(message), undefined, toHex(e));
    checkInitiator();
  }
});

test("a static key of small order is refused even when properly encrypted", () => {
  for (const rs of smallOrderKeys) {
    const { initiator } = xxPair();
    const first = initiator.writeMessage(noPayload);
    const attacker = new SymmetricState(noiseProtocolName);
    const secret = new Uint8Array(32).fill(41);
    attacker.mixHash(asciiBytes("p"));
    attacker.mixHash(first);
    attacker.encryptAndHash(noPayload());
    const e = x25519PublicKey(secret);
    attacker.mixHash(e);
    attacker.mixKey(x25519(secret, first)!);
    const s = attacker.encryptAndHash(rs);
    attacker.mixKey(new Uint8Array(32));
    const payload = attacker.encryptAndHash(asciiBytes("two"));
    assert.equal(initiator.readMessage(concatBytes(e, s, payload)), undefined, toHex(rs));
    assert.equal(initiator.remoteStatic, undefined);
  }
});

test("our own ephemeral key, reflected, is refused", () => {
  const { initiator } = xxPair();
  const first = initiator.writeMessage(noPayload);
  const reflected = new Uint8Array(96).fill(1);
  reflected.set(first);
  assert.equal(initiator.readMessage(reflected), undefined);
  const responder = new HandshakeXX({
    role: "responder",
    prologue: noPayload(),
    staticSecret: new Uint8Array(32).fill(21),
    ephemeralSecret: new Uint8Array(32).fill(12),
  });
  assert.equal(responder.readMessage(first), undefined);
});

test("bytes out of turn fail closed, while writing out of turn is our bug", () => {
  const { initiator, responder } = xxPair();
  assert.throws(() => responder.writeMessage(noPayload));
  assert.throws(() => responder.split());
  assert.equal(initiator.readMessage(new Uint8Array(32).fill(1)), undefined);
  const done = xxPair();
  exchange(done, 3);
  assert.throws(() => done.responder.writeMessage(noPayload));
  assert.equal(done.initiator.readMessage(new Uint8Array(96)), undefined);
});

test("an abandoned handshake holds no secret", () => {
  for (const count of [0, 1, 2, 3] as const) {
    const pair = xxPair();
    exchange(pair, count);
    for (const handshake of [pair.initiator, pair.responder]) {
      const check = watchSecrets(handshake);
      handshake.abandon();
      check();
      assert.equal(handshake.isComplete, false);
    }
  }
});
