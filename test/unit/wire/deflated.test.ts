/** DEFLATED payloads: what comes back is what went in, and nothing else is ever inflated. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { concatBytes, writeU32 } from "../../../src/base/bytes.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { wireLimits } from "../../../src/params/limits.ts";
import { deflatePayload, inflatedBytesOf, inflatePayload } from "../../../src/wire/deflated.ts";
import { refusal } from "./refusal.ts";

/** `bytes`, of which about one in `density` says something new. */
function compressible(bytes: number, density = 2): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 32 * density) {
    out.set(sha256(Uint8Array.of(at, at >> 8, at >> 16)).subarray(0, bytes - at), at);
  }
  return out;
}

function claiming(inflatedBytes: number, stream: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  writeU32(length, 0, inflatedBytes);
  return concatBytes(length, stream);
}

const plain = compressible(20_000);
const stream = new Uint8Array(deflateRawSync(plain, { level: 1 }));

describe("a payload", () => {
  test("comes back whole from being deflated, whatever is in it and however large", () => {
    const sizes = fc.integer({ min: 64, max: 300_000 });
    const property = fc.property(sizes, fc.integer({ min: 2, max: 8 }), (bytes, density) => {
      const payload = compressible(bytes, density);
      const deflated = deflatePayload(payload);
      if (deflated === undefined) return;
      assert.ok(deflated.length <= 0.95 * bytes);
      assert.equal(inflatedBytesOf(deflated), bytes);
      const inflated = inflatePayload(deflated);
      assert.deepEqual(inflated, payload);
      assert.equal(Object.getPrototypeOf(inflated), Uint8Array.prototype, "`slice` copies");
    });
    fc.assert(property, { numRuns: 40, seed: 5 });
    const most = compressible(wireLimits.inflatedBytesMax);
    assert.deepEqual(inflatePayload(deflatePayload(most)!), most);
  });

  test("stays as it is when that saves less than a twentieth", () => {
    assert.equal(deflatePayload(compressible(20_000, 1)), undefined);
  });

  test("stays as it is when nobody would inflate so little to so much", () => {
    assert.equal(deflatePayload(new Uint8Array(100_000)), undefined);
  });
});

describe("refused as bad-deflate is", () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(1_000_000)));
  const unfinished = new Uint8Array(deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH }));
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["nothing", new Uint8Array(0)],
    ["a length without a stream", claiming(20_000, new Uint8Array(0))],
    ["a length of 0", claiming(0, stream)],
    ["a length above any payload", claiming(wireLimits.inflatedBytesMax + 1, stream)],
    ["a length of 2^32 - 1", claiming(2 ** 32 - 1, stream)],
    ["a length that is one short", claiming(19_999, stream)],
    ["a length that is one too long", claiming(20_001, stream)],
    ["a stream without its last byte", claiming(20_000, stream.subarray(0, -1))],
    ["half a stream", claiming(20_000, stream.subarray(0, stream.length >> 1))],
    ["a stream that was flushed and not finished", claiming(20_000, unfinished)],
    ["a byte after the stream", claiming(20_000, concatBytes(stream, Uint8Array.of(0)))],
    ["a second stream", claiming(20_000, concatBytes(stream, stream).subarray(0, 19_000))],
    ["a zlib header", claiming(20_000, concatBytes(Uint8Array.of(0x78, 0x01), stream))],
    ["bytes that are no stream", claiming(20_000, new Uint8Array(9_000).fill(0xff))],
    ["what was not made smaller", claiming(100, stream)],
    ["a bomb by its own word", claiming(1_000_000, bomb)],
    ["a bomb that says little", claiming(16 * bomb.length, bomb)],
  ];
  for (const [name, deflated] of cases) {
    test(name, () =>
      assert.equal(
        refusal(() => inflatePayload(deflated)),
        "bad-deflate",
      ),
    );
  }

  test("and nothing is inflated of what says too much", () => {
    const heard: number[] = [];
    for (const [name, deflated] of cases) {
      if (!/above|2\^32|own word|not made smaller/.test(name)) continue;
      refusal(() => inflatePayload(deflated, (bytes) => heard.push(bytes)));
    }
    assert.equal(heard.length, 0);
    inflatePayload(claiming(20_000, stream), (bytes) => heard.push(bytes));
    assert.deepEqual(heard, [20_000]);
  });
});

test("whatever comes is refused as bad-deflate or inflates to what it said, at most 16 times it", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const junk = fc.tuple(fc.integer({ min: 0, max: 5_000 }), bytes).map(([n, b]) => claiming(n, b));
  const changed = fc
    .tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(3))
    .map(([where, by, kind]) => {
      const out = claiming(20_000, stream);
      const at = where % out.length;
      if (kind === 0) return out.slice(0, at);
      if (kind === 1) return concatBytes(out.subarray(0, at), out.subarray(at + 1));
      if (kind === 2) return concatBytes(out.subarray(0, at), Uint8Array.of(by), out.subarray(at));
      return out.with(at, out[at]! ^ by);
    });
  const property = fc.property(fc.oneof(bytes, junk, changed), (deflated) => {
    const said = refusal(() => {
      const payload = inflatePayload(deflated);
      assert.equal(payload.length, inflatedBytesOf(deflated));
      assert.ok(payload.length <= 16 * deflated.length);
    });
    assert.ok(said === "accepted" || said === "bad-deflate", said);
  });
  fc.assert(property, { numRuns: 3_000, seed: 6 });
});
