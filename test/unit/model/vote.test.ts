import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, writeU64 } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { tag16 } from "../../../src/crypto/hash.ts";
import { idBytes } from "../../../src/model/ids.ts";
import {
  decodeVote,
  decodeVoteData,
  encodeVoteData,
  votePreimage,
} from "../../../src/model/vote.ts";
import { genesisHash, keyOf, voteData, voteOf } from "./fixtures.ts";

test("a vote has 176 bytes and round-trips", () => {
  const vote = voteOf(voteData(), 2);
  assert.equal(vote.bytes.length, 176);
  const decoded = decodeVote(vote.bytes.slice());
  assert.ok(!("code" in decoded));
  assert.deepEqual(decoded, vote);
  assert.equal(decoded.validator, keyOf(2));
});

test("a vote lays its fields out as specified", () => {
  const data = voteData({ sourceSlot: 1, targetSlot: 0x0102030405 });
  const bytes = encodeVoteData(data);
  const expected = new Uint8Array(80);
  writeU64(expected, 0, 1);
  expected.set(idBytes(data.sourceHash), 8);
  expected.set([0, 0, 0, 1, 2, 3, 4, 5], 40);
  expected.set(idBytes(data.targetHash), 48);
  assert.deepEqual(bytes, expected);
});

test("a vote's signature covers the chain and the data under its own tag", () => {
  const vote = voteOf(voteData(), 1);
  const data = vote.bytes.subarray(0, 80);
  const preimage = concatBytes(tag16("vote/1"), genesisHash, data);
  assert.deepEqual(votePreimage(genesisHash, data), preimage);
  assert.ok(ed25519.verify(vote.signature, preimage, idBytes(keyOf(1))));
});

test("other bytes are no vote", () => {
  const good = voteOf(voteData(), 0).bytes;
  const at = (offset: number, value: number) => {
    const bytes = good.slice();
    bytes[offset] = value;
    return bytes;
  };
  const backwards = good.slice();
  writeU64(backwards, 0, 5);
  const wrong: [string, Uint8Array][] = [
    ["a trailing byte", concatBytes(good, Uint8Array.of(0))],
    ["a byte missing", good.slice(0, -1)],
    ["nothing", new Uint8Array(0)],
    ["a source slot of 2^53", at(1, 0x20)],
    ["a target slot of 2^53", at(41, 0x20)],
    ["a source at the target's slot", backwards],
  ];
  for (const [what, bytes] of wrong) {
    const decoded = decodeVote(bytes);
    assert.ok("code" in decoded && decoded.code === "vote-malformed", what);
  }
  assert.ok("problem" in decodeVoteData(good.subarray(0, 79)));
});
