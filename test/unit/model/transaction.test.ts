import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, emptyBytes, toHex, u32Bytes, writeU32 } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256, tag16 } from "../../../src/crypto/hash.ts";
import { decodeBody, encodeBody } from "../../../src/model/block.ts";
import { addressOf, idBytes } from "../../../src/model/ids.ts";
import {
  addressOfKey,
  decodeTransaction,
  preimageOf,
  signTransaction,
  type TransactionFields,
} from "../../../src/model/transaction.ts";
import { genesisHash, hashOf, keyOf, seedOf } from "./fixtures.ts";

const fields: TransactionFields = {
  type: 0,
  sender: keyOf(0),
  nonce: 5n,
  fee: 10n,
  validUntilSlot: 0,
  to: addressOf(hashOf("to")),
  amount: 1n << 63n,
  payload: emptyBytes,
};
const sign = (over: Partial<TransactionFields> = {}) =>
  signTransaction({ ...fields, ...over }, genesisHash, (p) => ed25519.sign(seedOf(0), p));

test("a transaction round-trips with every amount and payload", () => {
  const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  fc.assert(
    fc.property(
      u64,
      u64,
      u64,
      fc.maxSafeNat(),
      fc.uint8Array({ maxLength: 200 }),
      (nonce, fee, amount, validUntilSlot, payload) => {
        const signature = new Uint8Array(64).fill(9);
        const over = { ...fields, nonce, fee, amount, validUntilSlot, payload };
        const transaction = signTransaction(over, genesisHash, () => signature);
        const { id, from, signature: _, bytes, ...decoded } = transaction;
        assert.deepEqual(decoded, over);
        assert.equal(bytes.length, 168 + payload.length);
        assert.deepEqual(decodeTransaction(bytes.slice()), transaction);
      },
    ),
    { seed: 1, numRuns: 100 },
  );
});

test("the id leaves the signature out, the address is the hash of the key", () => {
  const transaction = sign();
  const unsigned = transaction.bytes.slice(0, -64);
  assert.equal(transaction.id, toHex(sha256(concatBytes(tag16("txid/1"), unsigned))));
  const address = sha256(concatBytes(tag16("addr/1"), idBytes(keyOf(0))));
  assert.equal(transaction.from, toHex(address));
  assert.equal(addressOfKey(keyOf(0)), transaction.from);
  const preimage = concatBytes(tag16("tx/1"), genesisHash, unsigned);
  assert.deepEqual(preimageOf(transaction, genesisHash), preimage);
  assert.ok(ed25519.verify(transaction.signature, preimage, idBytes(keyOf(0))));
});

test("other bytes are no transaction", () => {
  const good = sign({ payload: Uint8Array.of(1, 2, 3) }).bytes;
  const at = (offset: number, value: number) => {
    const bytes = good.slice();
    bytes[offset] = value;
    return bytes;
  };
  const wrong: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "transaction-malformed"],
    ["a trailing byte", concatBytes(good, Uint8Array.of(0)), "transaction-malformed"],
    ["a byte missing", good.slice(0, -1), "transaction-malformed"],
    ["a reserved bit", at(3, 1), "transaction-malformed"],
    ["a longer payload claimed", at(103, 4), "transaction-malformed"],
    ["a payload of 4 GiB claimed", at(100, 255), "transaction-malformed"],
    ["validUntilSlot of 2^53", at(53, 0x20), "transaction-malformed"],
    ["over 64 KiB", new Uint8Array(65537), "transaction-size"],
  ];
  for (const [what, bytes, code] of wrong) {
    const decoded = decodeTransaction(bytes);
    assert.ok("code" in decoded && decoded.code === code, what);
  }
  const largest = sign({ payload: new Uint8Array(65536 - 168) });
  assert.equal(largest.bytes.length, 65536);
});

test("a body is a certificate and transactions, nothing between or after", () => {
  const transactions = [sign(), sign({ nonce: 6n, payload: Uint8Array.of(7) })];
  const certificate = Uint8Array.of(1, 2, 3);
  const bytes = encodeBody(certificate, transactions);
  assert.deepEqual(decodeBody(bytes), { certificate, transactions, bytes });
  assert.equal(encodeBody(emptyBytes, []).length, 4);
  const cut = bytes.slice();
  writeU32(cut, 4 + 3 + 100, 1);
  const wrong: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["a certificate longer than the body", u32Bytes(1)],
    ["a trailing byte", concatBytes(bytes, Uint8Array.of(0))],
    ["a byte missing", bytes.slice(0, -1)],
    ["a payload length that shifts the next transaction", cut],
    ["over 1 MiB", new Uint8Array(1048577)],
  ];
  for (const [what, bad] of wrong) assert.ok("code" in decodeBody(bad), what);
});
