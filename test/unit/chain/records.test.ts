import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  asciiBytes,
  compareBytes,
  concatBytes,
  u32Bytes,
  u64Bytes,
} from "../../../src/base/bytes.ts";
import {
  bodyKey,
  canonicalKey,
  decodeAnchor,
  decodeBlockKey,
  decodeCanonical,
  decodeFinalized,
  decodeHeight,
  decodeNode,
  decodeRef,
  decodeTransactionRef,
  encodeAnchor,
  encodeCanonical,
  encodeFinalized,
  encodeHeight,
  encodeNode,
  encodeRef,
  finalityKey,
  indexKey,
  nodeKey,
  transactionKey,
  transactionWrites,
} from "../../../src/chain/records.ts";
import { blockHashOf, idBytes, txIdOf } from "../../../src/model/ids.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";

const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(blockHashOf);
const anyId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(txIdOf);
const anyHeight = fc.nat(Number.MAX_SAFE_INTEGER);
const plain = { noNullPrototype: true };
const anyRef = fc.record({ height: anyHeight, hash: anyHash }, plain);
const anyFinal = fc.record({ height: anyHeight, slot: anyHeight, hash: anyHash }, plain);
const runs = { seed: 1, numRuns: 200 };
const { sealed } = new ChainBuilder(networkOf(2)).genesis;

test("references come back as they were written", () => {
  fc.assert(
    fc.property(anyRef, anyHeight, (ref, slot) => {
      assert.deepEqual(decodeRef(encodeRef(ref)), ref);
      assert.deepEqual(decodeBlockKey(nodeKey(ref)), ref);
      assert.deepEqual(decodeBlockKey(bodyKey(ref)), ref);
      assert.deepEqual(decodeFinalized(encodeFinalized({ ...ref, slot })), { ...ref, slot });
      assert.equal(decodeHeight(encodeHeight(ref.height)), ref.height);
    }),
    runs,
  );
});

test("keys and values are laid out as the table says", () => {
  const joined = (letter: string, ...parts: Uint8Array[]) =>
    concatBytes(asciiBytes(letter), ...parts);
  fc.assert(
    fc.property(anyRef, anyHeight, anyId, (ref, slot, id) => {
      const [height, hash] = [u64Bytes(ref.height), idBytes(ref.hash)];
      assert.deepEqual(nodeKey(ref), joined("N", height, hash));
      assert.deepEqual(bodyKey(ref), joined("B", height, hash));
      assert.deepEqual(canonicalKey(ref.height), joined("C", height));
      assert.deepEqual(indexKey(ref.hash), joined("I", hash));
      assert.deepEqual(transactionKey(id), joined("T", idBytes(id)));
      assert.deepEqual(finalityKey(ref.height), joined("Q", height));
      assert.deepEqual(encodeRef(ref), concatBytes(height, hash));
      const final = concatBytes(height, u64Bytes(slot), hash);
      assert.deepEqual(encodeFinalized({ ...ref, slot }), final);
      const place = transactionWrites(ref, [id, id])[1]?.value;
      assert.deepEqual(place, concatBytes(height, hash, u32Bytes(1)));
    }),
    runs,
  );
  const { header, seal } = sealed;
  const canonical = concatBytes(idBytes(header.hash), header.bytes, seal);
  assert.deepEqual(encodeCanonical(sealed), canonical);
});

test("each transaction of a buried block is found under its id, at its place", () => {
  fc.assert(
    fc.property(anyRef, fc.array(anyId, { maxLength: 8 }), (ref, ids) => {
      const writes = transactionWrites(ref, ids);
      assert.equal(writes.length, ids.length);
      for (const [index, { key, value }] of writes.entries()) {
        assert.deepEqual(key, transactionKey(ids[index]!));
        assert.deepEqual(decodeTransactionRef(value!), { ...ref, index });
      }
    }),
    runs,
  );
});

test("keys of blocks stand in the order of their heights", () => {
  fc.assert(
    fc.property(anyRef, anyRef, (a, b) => {
      if (a.height < b.height) assert.ok(compareBytes(nodeKey(a), nodeKey(b)) < 0);
    }),
    runs,
  );
});

const anySide = fc.option(fc.uint8Array({ maxLength: 80 }), { nil: undefined });
const anyChanges = fc.array(
  fc.record({ key: fc.uint8Array({ maxLength: 40 }), before: anySide, after: anySide }, plain),
  { maxLength: 5 },
);

test("a node is its header, its seal, what is final, and the changes one by one", () => {
  const sideOf = (value: Uint8Array | undefined) =>
    value === undefined
      ? Uint8Array.of(0)
      : concatBytes(Uint8Array.of(1), u32Bytes(value.length), value);
  fc.assert(
    fc.property(anyChanges, anyFinal, (changes, final) => {
      const { header, seal } = sealed;
      const each = changes.map(({ key, before, after }) =>
        concatBytes(Uint8Array.of(0, key.length), key, sideOf(before), sideOf(after)),
      );
      const head = concatBytes(header.bytes, seal, encodeFinalized(final));
      const expected = concatBytes(head, u32Bytes(changes.length), ...each);
      assert.deepEqual(encodeNode({ sealed, final, changes }), expected);
    }),
    runs,
  );
});

test("a node comes back with its changes, and not at all when it is cut or longer", () => {
  fc.assert(
    fc.property(anyChanges, anyFinal, fc.nat(), (changes, final, at) => {
      const bytes = encodeNode({ sealed, final, changes });
      assert.deepEqual(decodeNode(bytes), { sealed, final, changes });
      assert.equal(decodeNode(bytes.subarray(0, at % bytes.length)), undefined);
      assert.equal(decodeNode(new Uint8Array([...bytes, 0])), undefined);
    }),
    runs,
  );
});

test("an anchor comes back with what it knows to be final, and not at all when it is cut", () => {
  fc.assert(
    fc.property(anyFinal, fc.option(anyFinal, { nil: undefined }), fc.nat(), (...args) => {
      const [final, finalizes, at] = args;
      const bytes = encodeAnchor({ sealed, final, finalizes });
      assert.deepEqual(decodeAnchor(bytes), { sealed, final, finalizes });
      const cut = at % bytes.length;
      if (finalizes === undefined || cut !== bytes.length - 48) {
        assert.equal(decodeAnchor(bytes.subarray(0, cut)), undefined);
      }
      assert.equal(decodeAnchor(new Uint8Array([...bytes, 0])), undefined);
    }),
    runs,
  );
});

test("a canonical record must be of the hash it names", () => {
  const bytes = encodeCanonical(sealed);
  assert.deepEqual(decodeCanonical(bytes), sealed);
  assert.equal(decodeCanonical(bytes.subarray(1)), undefined);
  bytes[0]! ^= 1;
  assert.equal(decodeCanonical(bytes), undefined);
});

test("cut references are refused", () => {
  const ref = { height: 1, hash: sealed.header.hash };
  for (const decode of [decodeRef, decodeFinalized, decodeTransactionRef, decodeHeight]) {
    assert.equal(decode(encodeRef(ref).subarray(1)), undefined);
  }
  assert.equal(decodeBlockKey(nodeKey(ref).subarray(1)), undefined);
  assert.equal(decodeRef(new Uint8Array(40).fill(255)), undefined);
});
