import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256, tag16 } from "../../../src/crypto/hash.ts";
import {
  decodeHeader,
  decodeSealedHeader,
  encodeHeader,
  encodeSealedHeader,
  sealPreimage,
} from "../../../src/model/header.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { genesisHash, headerFields, keyOf, sealed } from "./fixtures.ts";

test("a header has 356 bytes and round-trips", () => {
  const header = encodeHeader(headerFields());
  assert.equal(header.bytes.length, 356);
  assert.deepEqual(decodeHeader(header.bytes.slice()), header);
  assert.equal(header.hash, toHex(sha256(concatBytes(tag16("hdr/1"), header.bytes))));
});

test("every byte of a header is part of its hash and of one field", () => {
  const header = encodeHeader(headerFields());
  const topBytesOfSafeIntegers = [8, 16, 24, 192];
  for (let at = 0; at < 356; at++) {
    if (topBytesOfSafeIntegers.includes(at)) continue;
    const bytes = header.bytes.slice();
    bytes[at]! ^= 1;
    const decoded = decodeHeader(bytes);
    assert.ok(!("code" in decoded), `byte ${at}`);
    assert.notEqual(decoded.hash, header.hash);
    assert.deepEqual(encodeHeader(decoded).bytes, bytes, `byte ${at}`);
  }
});

test("other bytes are no header", () => {
  const good = encodeHeader(headerFields()).bytes;
  const at = (offset: number) => {
    const bytes = good.slice();
    bytes[offset] = 0x20;
    return bytes;
  };
  const wrong: [string, Uint8Array][] = [
    ["a trailing byte", concatBytes(good, Uint8Array.of(0))],
    ["a byte missing", good.slice(0, -1)],
    ["a height of 2^53", at(9)],
    ["a slot of 2^53", at(17)],
    ["a time of 2^53", at(25)],
    ["a justified slot of 2^53", at(193)],
  ];
  for (const [what, bytes] of wrong) {
    const decoded = decodeHeader(bytes);
    assert.ok("code" in decoded && decoded.code === "header-malformed", what);
  }
});

test("what headers have alike is read as the bytes say, whatever was read before", () => {
  const fields = { txRoot: 96, receiptsRoot: 128, validatorsHash: 232, nextValidatorsHash: 264 };
  const good = encodeHeader(headerFields()).bytes;
  const decode = (bytes: Uint8Array) => {
    const header = decodeHeader(bytes);
    assert.ok(!("code" in header));
    return header;
  };
  for (const at of [96, 127, 128, 159, 232, 263, 264, 295, 332, 355]) {
    for (const change of [1, 2, 0]) {
      const bytes = good.slice();
      bytes[at]! ^= change;
      const header = decode(bytes);
      for (const [name, from] of Object.entries(fields)) {
        assert.deepEqual(header[name as keyof typeof fields], bytes.slice(from, from + 32));
      }
      assert.deepEqual(header.extra, bytes.slice(332));
    }
  }
  const first = decode(good.slice());
  assert.equal(decode(good.slice()).txRoot, first.txRoot, "the same memory");
  assert.notEqual(first.txRoot.buffer, first.bytes.buffer, "which keeps no answer of a peer alive");
});

test("a seal stands beside the header and outside its hash", () => {
  const block = sealed({}, 3);
  const bytes = encodeSealedHeader(block);
  assert.equal(bytes.length, 420);
  assert.deepEqual(decodeSealedHeader(bytes.slice()), block);
  assert.ok("code" in decodeSealedHeader(bytes.slice(1)));
  assert.ok("code" in decodeSealedHeader(concatBytes(bytes, Uint8Array.of(0))));
  const resealed = decodeSealedHeader(concatBytes(block.header.bytes, new Uint8Array(64)));
  assert.ok(!("code" in resealed));
  assert.equal(resealed.header.hash, block.header.hash);
});

test("a seal signs the chain and the hash under its own tag", () => {
  const { header, seal } = sealed({}, 3);
  const preimage = concatBytes(tag16("seal/1"), genesisHash, idBytes(header.hash));
  assert.deepEqual(sealPreimage(genesisHash, header.hash), preimage);
  assert.ok(ed25519.verify(seal, preimage, idBytes(keyOf(3))));
});
