/** What the book keeps, who gives way, and what survives a restart. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AddressBook } from "../../../src/net/addresses/address-book.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { at, far, said, word } from "./address-fixture.ts";
import { idOf, pass, type TestEnv, testEnv } from "./net-fixture.ts";

/** Fills the tried table until a newcomer finds its place taken by one not heard of lately. */
function collide(env: TestEnv, book: AddressBook): { standing: string; newcomer: string } {
  for (let i = 0; i < 1_000; i++) book.onConfirmed(far(i), idOf(i + 1), 1);
  pass(env, connectionLimits.triedSafeMs);
  for (let i = 1_000; i < 3_000; i++) {
    const { address } = far(i);
    book.onConfirmed(far(i), idOf(i + 1), 1);
    if (book.get(address)?.triedPlace !== undefined) continue;
    const standing = book.takeTest();
    if (standing !== undefined) return { standing: standing.endpoint.address, newcomer: address };
  }
  throw new Error("no collision");
}

describe("who gives way", () => {
  test("a place goes to a newcomer only when its holder is useless", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    for (let i = 0; i < 3_000; i++) book.add(far(i), said("9.9"));
    const held = [...book.values()].map((entry) => entry.endpoint.address);
    for (let i = 3_000; i < 6_000; i++) book.add(far(i), said("9.9"));
    for (const address of held) assert.ok(book.get(address), "hearsay displaces no hearsay");
    for (const address of held) book.onFailed(address, 3, 0);
    for (let i = 6_000; i < 12_000; i++) book.add(far(i), said("9.9"));
    const left = held.filter((address) => book.get(address) !== undefined).length;
    assert.ok(left < held.length / 10, `${left} useless ones left`);
  });

  test("what an owner signed takes the place of hearsay, and never the other way round", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < 6_000; i++) book.add(far(i), said("9.9"));
    for (let i = 6_000; i < 12_000; i++) {
      book.add(far(i), { ...said("9.9"), nodeId: idOf(i), word: word(1) });
    }
    const signed = [...book.values()].filter((entry) => entry.word !== undefined);
    assert.ok(signed.length > book.size * 0.9, `${signed.length} of ${book.size}`);
    for (let i = 12_000; i < 18_000; i++) book.add(far(i), said("9.9"));
    for (const { endpoint: one } of signed) assert.ok(book.get(one.address));
  });

  test("an address that many tell has several places, and leaves one to who has none", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < 500; i++) book.add(at("8.8.8.8:5000"), said(`g${i}`));
    const places = book.get("8.8.8.8:5000")!.newPlaces.length;
    assert.ok(places >= 4 && places <= connectionLimits.addressPlacesMax, `${places}`);
  });

  test("who answered lately is not even tested for a newcomer", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    for (let i = 0; i < 3_000; i++) book.onConfirmed(far(i), idOf(i + 1), 1);
    assert.equal(book.takeTest(), undefined);
  });

  test("who is found alive keeps its place; the newcomer stays among the unproven", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    const { standing, newcomer } = collide(env, book);
    book.onTested(standing, true);
    assert.notEqual(book.get(standing)?.triedPlace, undefined);
    assert.equal(book.get(newcomer)?.triedPlace, undefined);
    assert.ok(book.get(newcomer));
    assert.equal(book.takeTest(), undefined, "asked once");
  });

  test("who is found dead gives its place to the newcomer", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    const { standing, newcomer } = collide(env, book);
    const place = book.get(standing)?.triedPlace;
    book.onTested(standing, false);
    assert.equal(book.get(newcomer)?.triedPlace, place);
    assert.equal(book.get(standing)?.triedPlace, undefined);
    assert.equal(book.get(standing)?.confirmed, false);
  });

  test("a test that nobody made is dropped, and so is the claim to the place", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    const { standing, newcomer } = collide(env, book);
    pass(env, connectionLimits.addressTestMs + 1);
    assert.equal(book.takeTest(), undefined);
    book.onTested(standing, false);
    assert.equal(book.get(newcomer)?.triedPlace, undefined);
  });
});

describe("what is believed", () => {
  test("our own address never enters, however often it is told", () => {
    const book = new AddressBook(testEnv(1), { isOurs: ({ port }) => port === 5321 });
    book.add(at("1.1.1.1:5000"), said("x"));
    book.markOwn("1.1.1.1:5000");
    assert.equal(book.add(at("1.1.1.1:5000"), said("y")), false);
    assert.equal(book.add(at("127.0.0.1:5321"), said("y")), false);
    book.onConfirmed(at("1.1.1.1:5000"), idOf(1), 1);
    assert.equal(book.size, 0);
  });

  test("claims of the future are not believed, and what nobody saw for 30 days is forgotten", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    book.add(at("1.1.1.1:5000"), said("x", Number.MAX_SAFE_INTEGER));
    assert.ok(book.get("1.1.1.1:5000")!.lastSeenMs < env.clock.wallMs);
    const old = env.clock.wallMs - connectionLimits.addressMaxAgeMs;
    assert.equal(book.add(at("1.1.1.2:5000"), said("x", old)), false);
    pass(env, connectionLimits.addressMaxAgeMs);
    book.expire();
    assert.equal(book.size, 0);
  });

  test("of two records of one address the later counts, and of a proven owner only its own", () => {
    const book = new AddressBook(testEnv(1));
    const one = at("8.8.8.8:5000");
    const owned = (id: number, ms: number) => ({ ...said("x"), nodeId: idOf(id), word: word(ms) });
    book.add(one, said("x"));
    book.add(one, owned(1, 5));
    book.add(one, owned(2, 4));
    assert.equal(book.get(one.address)?.nodeId, idOf(1));
    book.add(one, owned(2, 6));
    assert.equal(book.get(one.address)?.nodeId, idOf(2));
    book.onConfirmed(one, idOf(1), 1);
    assert.equal(book.get(one.address)?.word, undefined, "of whom we did not meet");
    book.add(one, owned(2, 9));
    assert.equal(book.get(one.address)?.nodeId, idOf(1));
    book.add(one, owned(1, 7));
    assert.equal(book.get(one.address)?.word?.signedAtMs, 7);
  });
});

describe("choosing from the book", () => {
  test("what failed often comes less often, and never never", () => {
    const env = testEnv(1);
    const book = new AddressBook(env);
    book.add(at("8.8.8.8:5000"), { ...said("x"), word: word(1), nodeId: idOf(1) });
    book.add(at("9.9.9.9:5000"), { ...said("y"), word: word(1), nodeId: idOf(2) });
    book.onFailed("9.9.9.9:5000", 8, 0);
    let failed = 0;
    for (let i = 0; i < 2_000; i++) {
      if (book.select("any", () => true)?.endpoint.ip === "9.9.9.9") failed++;
    }
    assert.ok(failed > 5 && failed < 300, `${failed} of 2,000`);
  });

  test("hearsay comes less often than what its owner signed", () => {
    const book = new AddressBook(testEnv(1));
    book.add(at("8.8.8.8:5000"), { ...said("x"), word: word(1), nodeId: idOf(1) });
    book.add(at("9.9.9.9:5000"), said("y"));
    let hearsay = 0;
    for (let i = 0; i < 2_000; i++) {
      if (book.select("new", () => true)?.word === undefined) hearsay++;
    }
    assert.ok(hearsay > 200 && hearsay < 600, `${hearsay} of 2,000`);
  });

  test("the only one that fits is found among few, and nobody when none fits", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < connectionLimits.smallBook; i++) book.add(far(i), said(`g${i}`));
    const only = far(77).address;
    assert.equal(
      book.select("any", (entry) => entry.endpoint.address === only)?.endpoint.address,
      only,
    );
    assert.equal(
      book.select("any", () => false),
      undefined,
    );
  });

  test("a netgroup that fills its share is drawn no more often than its buckets", () => {
    const book = new AddressBook(testEnv(1));
    for (let i = 0; i < 240; i++) book.add(far(i), said(`honest${i}`));
    for (let i = 1_000; i < 6_000; i++) book.add(far(i), said("9.9"));
    let bought = 0;
    for (let i = 0; i < 2_000; i++) if (book.select("new", () => true)?.source === "9.9") bought++;
    const share = book.size - 240;
    assert.ok(share > 2 * 240, `${share} of ${book.size} are the attacker's`);
    assert.ok(bought < 500, `and ${bought} of 2,000 draws`);
  });
});
