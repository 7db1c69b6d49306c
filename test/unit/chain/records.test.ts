import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBytes } from "../../../src/base/bytes.ts";
import {
  bodyKey,
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
  nodeKey,
  transactionKey,
  transactionWrites,
} from "../../../src/chain/records.ts";
import { blockHashOf, txIdOf } from "../../../src/model/ids.ts";
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
