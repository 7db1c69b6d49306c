import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "../../../src/base/token-bucket.ts";

describe("a token bucket", () => {
  test("lets a burst through at once, then its rate", () => {
    const bucket = new TokenBucket(200, 64);
    for (let n = 0; n < 64; n++) {
      assert.equal(bucket.has(1_000), true);
      bucket.charge(1_000);
    }
    assert.equal(bucket.has(1_000), false);
    assert.equal(bucket.availableAt, 1_005);
    assert.equal(bucket.has(1_004.9), false);
    assert.equal(bucket.has(1_005), true);
  });

  test("fills up to its burst, never beyond", () => {
    const bucket = new TokenBucket(1_000, 3);
    for (let n = 0; n < 3; n++) bucket.charge(0);
    for (let n = 0; n < 3; n++) bucket.charge(1_000_000);
    assert.equal(bucket.has(1_000_000), false);
  });

  test("goes into debt and works it off", () => {
    const bucket = new TokenBucket(100, 1);
    for (let n = 0; n < 10; n++) bucket.charge(0);
    assert.equal(bucket.availableAt, 100);
  });

  test("always has a token at the instant it names", () => {
    const gaps = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 60 });
    const property = fc.property(gaps, fc.integer({ min: 1, max: 999 }), (list, rate) => {
      const bucket = new TokenBucket(rate, 4);
      let now = 0;
      for (const gap of list) {
        now += gap;
        bucket.charge(now);
        assert.equal(bucket.has(bucket.availableAt), true);
        assert.equal(bucket.has(now), bucket.availableAt <= now);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 100 });
  });
});
