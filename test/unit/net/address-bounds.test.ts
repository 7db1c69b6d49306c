/** How much of the book anybody can fill, at once, over time and over a restart. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AddressBook } from "../../../src/net/addresses/address-book.ts";
import { endpoint } from "../../../src/net/addresses/endpoint.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { at, far, said, word } from "./address-fixture.ts";
import { idOf, pass, testEnv } from "./net-fixture.ts";

const { bucketSlots, newBuckets, newBucketsPerSource, triedBuckets, triedBucketsPerGroup } =
  connectionLimits;

describe("bounds of the book", () => {
  test("whatever one netgroup tells stays within its sixteenth of the new table", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < 8_000; i++) book.add(far(i), said("9.9"));
    const share = newBucketsPerSource * bucketSlots;
    assert.ok(book.size <= share && book.size > share / 2, `${book.size}`);
  });

  test("30,000 addresses of many tellers never exceed the tables", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < 30_000; i++) book.add(far(i), said(`g${i % 997}`));
    assert.ok(book.size <= newBuckets * bucketSlots);
    assert.ok(book.size > (newBuckets * bucketSlots) / 2, `${book.size}`);
  });

  test("addresses of one netgroup that answer hold at most their sixteenth of the tried table", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < 3_000; i++) {
      book.onConfirmed(endpoint(`7.7.${i >> 8}.${i & 255}`, 5000)!, idOf(i + 1), 1);
    }
    assert.ok(book.triedSize <= triedBucketsPerGroup * bucketSlots, `${book.triedSize}`);
    for (let i = 0; i < 8_000; i++) book.onConfirmed(far(i), idOf(i + 1), 1);
    assert.ok(book.triedSize <= triedBuckets * bucketSlots);
  });

  test("a private network is not squeezed into one netgroup's share", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < 200; i++) book.onConfirmed(at(`10.0.0.${i + 1}:5000`), idOf(i + 1), 1);
    assert.equal(book.size, 200);
    assert.ok(book.triedSize > 180, `${book.triedSize}`);
  });

  test("another key makes others compete: nobody outside knows who", () => {
    const kept = (seed: number) => {
      const book = new AddressBook(testEnv(seed));
      for (let i = 0; i < 5_000; i++) book.add(far(i), said("9.9"));
      return new Set([...book.values()].map((entry) => entry.endpoint.address));
    };
    const one = kept(1);
    const other = kept(2);
    const shared = [...one].filter((address) => other.has(address)).length;
    assert.ok(shared < one.size / 2, `${shared} of ${one.size}`);
    assert.deepEqual(kept(1), one);
  });
});

describe("over a restart", () => {
  test("known and restore keep what answered, failures, words and places, less what may not be kept", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    book.onConfirmed(at("1.1.1.1:5000"), idOf(1), 1);
    book.add(at("1.1.1.1:5000"), { ...said("x"), nodeId: idOf(1), word: word(3) });
    book.onFailed("1.1.1.1:5000", 2, 9_999);
    book.add(at("10.0.0.1:5000"), said("x"));
    const again = new AddressBook(env, { key: book.key });
    const garbage = { ...book.known()[0]!, address: "nonsense" };
    again.restore([garbage, ...book.known()], (about) => about.reach === "public");
    assert.deepEqual(again.known(), [book.known()[0]]);
    assert.equal(again.get("1.1.1.1:5000")?.triedPlace, book.get("1.1.1.1:5000")?.triedPlace);
    assert.equal(again.get("1.1.1.1:5000")?.retryAt, 0);
  });

  test("a teller's share is no larger after the restart than before", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    for (let i = 0; i < 5_000; i++) book.add(far(i), said("9.9"));
    const again = new AddressBook(env, { key: book.key });
    again.restore(book.known(), () => true);
    assert.equal(again.size, book.size);
    for (let i = 5_000; i < 10_000; i++) again.add(far(i), said("9.9"));
    assert.ok(again.size <= newBucketsPerSource * bucketSlots);
  });
});

test("no sequence of inputs breaks a place: each is held by who names it, and bounds hold", () => {
  const step = fc.record({
    what: fc.constantFrom(
      "add",
      "add",
      "signed",
      "confirm",
      "fail",
      "test",
      "own",
      "pass",
      "expire",
    ),
    which: fc.nat(400),
    source: fc.nat(3),
    days: fc.nat(12),
  });
  const property = fc.property(fc.nat(500), fc.array(step, { maxLength: 400 }), (seed, steps) => {
    const env = testEnv(seed);
    const book = new AddressBook(env);
    for (const { what, which, source, days } of steps) {
      // Two netgroups: their places collide often.
      const one = endpoint(`7.${which & 1}.0.${which % 250}`, 5000 + (which >> 6))!;
      const now = env.clock.wallMs;
      if (what === "add") book.add(one, said(`g${source}`, now));
      else if (what === "signed") {
        book.add(one, { ...said(`g${source}`, now), nodeId: idOf(which), word: word(now) });
      } else if (what === "confirm") book.onConfirmed(one, idOf(which + 1), 1);
      else if (what === "fail") book.onFailed(one.address, source * 4, 0);
      else if (what === "test") {
        const tested = book.takeTest();
        if (tested) book.onTested(tested.endpoint.address, source > 1);
      } else if (what === "own" && which < 20) book.markOwn(one.address);
      else if (what === "pass") pass(env, days * 86_400_000);
      else if (what === "expire") book.expire();
      const taken = new Set<string>();
      for (const entry of book.values()) {
        const { newPlaces, triedPlace } = entry;
        assert.equal(
          newPlaces.length > 0,
          triedPlace === undefined,
          "one table, at least one place",
        );
        assert.ok(newPlaces.length <= connectionLimits.addressPlacesMax);
        for (const place of newPlaces) taken.add(`n${place}`);
        if (triedPlace !== undefined) taken.add(`t${triedPlace}`);
        assert.ok(!book.isOwn(entry.endpoint.address));
      }
      const places = [...book.values()].reduce(
        (sum, { newPlaces, triedPlace }) =>
          sum + newPlaces.length + (triedPlace === undefined ? 0 : 1),
        0,
      );
      assert.equal(taken.size, places, "no place held twice");
      const drawn = book.select("any", () => true);
      assert.equal(drawn === undefined, book.size === 0);
      if (drawn) assert.equal(book.get(drawn.endpoint.address), drawn);
    }
  });
  fc.assert(property, { seed: 3, numRuns: 60 });
});
