/** Signed addresses, greetings and budgets. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connectionLimits } from "../../../src/params/limits.ts";
import { addressOf, entry, ownerOf, exchangeSetup as setup, signed } from "./exchange-fixture.ts";
import { pass } from "./net-fixture.ts";

describe("signed addresses", () => {
  test("an owner's word is kept and told on; one that is not its own is bad-field", () => {
    const { exchange, book, peer, tell, told } = setup();
    const teller = peer(1);
    exchange.ask(teller.conn);
    assert.equal(tell(teller, signed(2, "8.8.8.8:5000"), entry("8.8.4.4:5000")), undefined);
    assert.equal(book.get("8.8.8.8:5000")?.nodeId, ownerOf(2));
    told();
    exchange.onGetPeers(peer(3), 64);
    const answer = told();
    const [good, plain] = answer;
    assert.deepEqual(good?.signature, signed(2, "8.8.8.8:5000").signature, "signed ones first");
    assert.equal(plain?.signature, undefined);
    const wrongs = [
      { ...signed(2, "8.8.8.8:5001"), port: 5002 },
      { ...signed(2, "8.8.8.8:5001"), nodeId: ownerOf(4) },
      { ...signed(2, "8.8.8.8:5001"), services: 3 },
      { ...signed(2, "8.8.8.8:5001"), signature: new Uint8Array(64).fill(1) },
    ];
    for (const wrong of wrongs) {
      exchange.ask(teller.conn);
      assert.equal(tell(teller, wrong), "bad-field");
    }
    assert.equal(book.get("8.8.8.8:5001"), undefined);
  });

  test("what we know already is not checked again, and nothing beyond the budget is", () => {
    const { exchange, peer, tell, checks } = setup();
    const teller = peer(1);
    const full = Array.from({ length: 64 }, (_, i) => signed(2, `8.${i + 1}.8.8:5000`));
    exchange.ask(teller.conn);
    assert.equal(tell(teller, ...full), undefined);
    assert.equal(checks.count, 64);
    exchange.ask(teller.conn);
    tell(teller, ...full);
    const known = checks.count;
    assert.ok(known <= 64 + 8, `${known}: only those that found no place`);
    const other = peer(3);
    exchange.ask(other.conn);
    exchange.ask(other.conn);
    tell(other, ...Array.from({ length: 64 }, (_, i) => signed(2, `9.${i + 1}.8.8:5000`)));
    tell(other, ...Array.from({ length: 64 }, (_, i) => signed(2, `11.${i + 1}.8.8:5000`)));
    const { addressesBurst } = connectionLimits;
    assert.ok(checks.count <= known + 64 + addressesBurst, `${checks.count} checks`);
  });

  test("words of the far future and of long ago are ignored, and blamed on nobody", () => {
    const { env, exchange, book, peer, tell } = setup();
    const teller = peer(1);
    exchange.ask(teller.conn);
    const { addressMaxAgeMs, recordAheadMs } = connectionLimits;
    const early = signed(2, "8.8.8.8:5000", env.clock.wallMs + recordAheadMs + 1);
    const late = signed(2, "8.8.4.4:5000", env.clock.wallMs - addressMaxAgeMs - 1);
    assert.equal(tell(teller, early, late), undefined);
    assert.equal(book.size, 0);
  });
});

describe("greetings", () => {
  test("a peer may tell its own signed address unasked, and nothing else", () => {
    const { exchange, book, peer, tell } = setup();
    const one = peer(1);
    assert.equal(tell(one, signed(1, "8.8.8.8:5000")), undefined);
    assert.equal(book.get("8.8.8.8:5000")?.nodeId, ownerOf(1));
    assert.equal(tell(one, signed(2, "8.8.8.9:5000")), "unsolicited", "of another");
    assert.equal(
      tell(one, entry("8.8.8.9:5000", { nodeId: ownerOf(1) })),
      "unsolicited",
      "unsigned",
    );
    assert.equal(tell(one, signed(1, "8.8.8.9:5000"), signed(1, "8.8.8.10:5000")), "unsolicited");
    assert.equal(tell(one), "unsolicited", "nothing");
    assert.equal(tell(one, { ...signed(1, "8.8.8.9:5000"), port: 6000 }), "bad-field");
    exchange.ask(one.conn);
    assert.equal(tell(one, signed(1, "8.8.8.9:5000")), undefined);
    assert.equal(tell(one, entry("8.8.8.11:5000")), undefined, "the answer is still owed");
    assert.equal(tell(one), "unsolicited");
  });

  test("1,000 greetings of one peer leave a few addresses and cost a few checks", () => {
    const { env, book, peer, tell, checks } = setup();
    const one = peer(1);
    for (let i = 0; i < 1_000; i++) {
      assert.equal(tell(one, signed(1, `8.${i >> 8}.${i & 255}.8:5000`)), undefined);
      pass(env, 100);
    }
    assert.ok(checks.count <= 20, `${checks.count}`);
    assert.ok(book.size <= 20);
  });

  test("our own address is told once to each peer, again when it is signed anew, and first in answers", () => {
    const { env, exchange, peer, told } = setup({ advertise: "8.8.4.4:4321" });
    const one = peer(1);
    exchange.greet(one);
    exchange.greet(one);
    const [greeting, ...more] = told();
    assert.deepEqual([addressOf(greeting!), more.length], ["8.8.4.4:4321", 0]);
    exchange.onGetPeers(one, 64);
    assert.deepEqual(told().map(addressOf), ["8.8.4.4:4321"]);
    pass(env, connectionLimits.ownRecordMs);
    exchange.greet(one);
    assert.equal(told().length, 1);
  });

  test("nothing is told of ourselves until two netgroups see us at one IP", () => {
    const { exchange, peer, told } = setup();
    const one = peer(1, "1.7.7.7:5000", "8.8.8.8:1");
    exchange.learnDialled(one);
    exchange.greet(one);
    assert.deepEqual(told(), []);
    exchange.learnDialled(peer(2, "2.7.7.7:5000", "8.8.8.8:2"));
    exchange.greet(one);
    assert.deepEqual(told().map(addressOf), ["8.8.8.8:4321"]);
  });

  test("a private address of ours is not told outside", () => {
    const { exchange, peer, told } = setup({ advertise: "10.0.0.5:4321" });
    exchange.greet(peer(1));
    assert.deepEqual(told(), []);
    exchange.greet(peer(2, "10.0.0.9:4321"));
    assert.equal(told().length, 1);
  });
});
