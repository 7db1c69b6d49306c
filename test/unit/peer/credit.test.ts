import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { wireLimits } from "../../../src/params/limits.ts";
import { ReceivingCredit, SendingCredit } from "../../../src/peer/credit.ts";
import { WireError } from "../../../src/wire/errors.ts";

const fails = (code: string) => (error: unknown) =>
  error instanceof WireError && error.code === code;

describe("credit", () => {
  test("is raised when half the window was consumed, by what was consumed", () => {
    const credit = new ReceivingCredit(100_000);
    const grants: (number | undefined)[] = [];
    for (let n = 0; n < 4; n++) {
      credit.onHeader(25_000);
      grants.push(credit.onConsumed(25_000, 0, undefined));
    }
    assert.deepEqual(grants, [undefined, 150_000, undefined, 200_000]);
  });

  test("that is overrun is a violation, at the header", () => {
    const credit = new ReceivingCredit(100_000);
    credit.onHeader(60_000);
    assert.throws(() => credit.onHeader(40_001), fails("credit-exceeded"));
    credit.onHeader(40_000);
  });

  test("that is not consumed is not granted again", () => {
    const credit = new ReceivingCredit(100_000);
    for (let n = 0; n < 10; n++) credit.onHeader(10_000);
    assert.throws(() => credit.onHeader(83), fails("credit-exceeded"));
  });

  test("may not be taken back by the peer", () => {
    const credit = new SendingCredit(1_000);
    credit.spend(400);
    assert.equal(credit.leftBytes, 600);
    credit.onCredit(1_000);
    credit.onCredit(1_500);
    assert.equal(credit.leftBytes, 1_100);
    assert.throws(() => credit.onCredit(1_499), fails("bad-field"));
  });

  test("grows with a fast long path and shrinks with a slow one, inside its bounds", () => {
    const run = (bytesPerMs: number, pingMs: number): number => {
      const credit = new ReceivingCredit(wireLimits.bulkCreditBytes);
      let granted = wireLimits.bulkCreditBytes;
      let consumed = 0;
      for (let now = 0; now < 5_000; now += 10) {
        credit.onHeader(10 * bytesPerMs);
        consumed += 10 * bytesPerMs;
        granted = credit.onConsumed(10 * bytesPerMs, now, pingMs) ?? granted;
      }
      return granted - consumed;
    };
    assert.ok(run(12_500, 200) > 1_500_000, "100 Mbit/s, 200 ms: about 3 MB in flight");
    assert.ok(run(100, 20) <= wireLimits.bulkCreditBytesMin);
  });

  test("never stalls a sender who sends whenever 32 KiB or all of it may go", () => {
    const window = fc.integer({
      min: wireLimits.bulkCreditBytesMin,
      max: wireLimits.bulkCreditBytesMax,
    });
    const frames = fc.array(fc.integer({ min: 32_768, max: 524_280 }), { minLength: 30 });
    const property = fc.property(window, frames, (windowBytes, sizes) => {
      const receiving = new ReceivingCredit(windowBytes);
      const sending = new SendingCredit(windowBytes);
      for (const [now, size] of sizes.entries()) {
        assert.ok(sending.leftBytes >= 32_768, "never stuck");
        const bytes = Math.min(size, sending.leftBytes);
        sending.spend(bytes);
        receiving.onHeader(bytes);
        const granted = receiving.onConsumed(bytes, 7 * now, now % 3 === 0 ? undefined : 10);
        if (granted !== undefined) sending.onCredit(granted);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 100 });
  });
});
