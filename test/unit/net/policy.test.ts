import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AddressBook } from "../../../src/net/address-book.ts";
import { backoffMs } from "../../../src/net/backoff.ts";
import { Dialer, type DialTarget } from "../../../src/net/dialer.ts";
import { survivor } from "../../../src/net/duplicate.ts";
import { dialableOnHearsay, endpoint, endpointOf } from "../../../src/net/endpoint.ts";
import { Misconduct, ofIdentity, ofOrigin } from "../../../src/net/misconduct.ts";
import { Slots } from "../../../src/net/slots.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { formatPeerAddress, parsePeerAddress } from "../../../src/wire/address.ts";
import { idOf, pass, testEnv } from "./net-fixture.ts";

const at = (address: string) => endpointOf(address)!;
const said = (source: string, lastSeenMs = 1_700_000_000_000) => ({
  source,
  nodeId: undefined,
  services: 1,
  lastSeenMs,
});

describe("endpoints", () => {
  test("every spelling of an endpoint gives the address that wire/address prints", () => {
    const spellings = ["[2001:DB8:0:0::1]:80", "[::ffff:1.2.3.4]:80", "1.2.3.4:80", "[::1]:65535"];
    for (const text of spellings) {
      assert.equal(at(text).address, formatPeerAddress(parsePeerAddress(text)!));
    }
    assert.equal(at("[::ffff:1.2.3.4]:80").address, "1.2.3.4:80");
  });

  test("what is no endpoint with a port is none", () => {
    const bad = ["1.2.3.4:0", "1.2.3.4", "1.2.3:80", "host:80", "[1.2.3.4:80", "1.2.3.4:65536", ""];
    for (const text of bad) assert.equal(endpointOf(text), undefined, text);
    assert.equal(endpoint("1.2.3.4", 0), undefined);
  });

  test("caps count an IPv4 address, and a whole /64 of IPv6", () => {
    assert.equal(at("[2001:db8::1]:1").origin, at("[2001:db8::ffff:1]:2").origin);
    assert.notEqual(at("[2001:db8::1]:1").origin, at("[2001:db8:0:1::1]:1").origin);
    assert.equal(at("[::ffff:9.9.9.9]:1").origin, at("9.9.9.9:2").origin);
  });

  test("hearsay makes us dial public addresses, private ones where allowed, low ports never", () => {
    const rows: [string, boolean, boolean][] = [
      ["8.8.8.8:4321", true, true],
      ["8.8.8.8:25", false, false],
      ["10.1.2.3:4321", false, true],
      ["100.64.0.1:4321", false, true],
      ["127.0.0.1:4321", false, true],
      ["[fd00::1]:4321", false, true],
      ["169.254.169.254:4321", false, false],
      ["[fe80::1]:4321", false, false],
      ["224.0.0.1:4321", false, false],
      ["0.0.0.0:4321", false, false],
      ["255.255.255.255:4321", false, false],
    ];
    for (const [address, open, inside] of rows) {
      assert.equal(dialableOnHearsay(at(address), undefined, false), open, address);
      assert.equal(dialableOnHearsay(at(address), undefined, true), inside, address);
    }
  });

  test("loopback is believed only from a teller on this machine", () => {
    assert.equal(dialableOnHearsay(at("127.0.0.1:4321"), at("10.0.0.1:9999"), true), false);
    assert.equal(dialableOnHearsay(at("127.0.0.1:4321"), at("127.0.0.9:9999"), true), true);
  });
});

test("the backoff doubles from 5 s to 300 s, jittered, and never leaves those bounds", () => {
  const { random } = testEnv(3);
  for (let fails = 0; fails < 2_000; fails++) {
    const waitMs = backoffMs(fails, random);
    assert.ok(waitMs >= connectionLimits.backoffMinMs && waitMs <= connectionLimits.backoffMaxMs);
    if (fails >= 1 && fails <= 5) {
      const base = connectionLimits.backoffMinMs * 2 ** (fails - 1);
      assert.ok(waitMs >= base && waitMs <= base * 1.25);
    }
  }
  const waits = new Set(Array.from({ length: 50 }, () => backoffMs(50, random)));
  assert.ok(waits.size > 10, "jitter at the cap too");
});

describe("which duplicate survives", () => {
  const id = fc.integer({ min: 1, max: 2 ** 30 }).map(idOf);

  test("of two crossed dials both ends keep the same one, in whatever order each sees them", () => {
    const property = fc.property(id, id, fc.boolean(), fc.boolean(), (a, b, aSwaps, bSwaps) => {
      fc.pre(a !== b);
      // Link 0 was dialled by a, link 1 by b.
      const keeps = (self: typeof a, other: typeof a, swap: boolean) => {
        const links = [0, 1].map((link) => ({
          link,
          inbound: (link === 0) !== (self === a),
          bootId: "b",
        }));
        const [first, second] = swap ? links.reverse() : links;
        return survivor(self, other, first!, second!) === "standing" ? first!.link : second!.link;
      };
      const kept = keeps(a, b, aSwaps);
      assert.equal(kept, keeps(b, a, bSwaps));
      assert.equal(kept, a < b ? 0 : 1);
    });
    fc.assert(property, { seed: 1, numRuns: 1_000 });
  });

  test("a new process replaces the old connection; a second dial of the same process does not", () => {
    const old = { inbound: true, bootId: "1" };
    assert.equal(survivor(idOf(1), idOf(2), old, { inbound: true, bootId: "2" }), "newcomer");
    assert.equal(survivor(idOf(1), idOf(2), old, { inbound: false, bootId: "2" }), "newcomer");
    assert.equal(survivor(idOf(1), idOf(2), old, { inbound: true, bootId: "1" }), "standing");
  });
});

describe("the address book", () => {
  test("10,000 junk addresses from many tellers stay within the bound, and per teller within its share", () => {
    const env = testEnv(1);
    const book = new AddressBook(env.clock);
    for (let i = 0; i < 10_000; i++) {
      book.add(endpoint(`9.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`, 5000)!, said("junk"));
    }
    assert.equal(book.size, connectionLimits.addressesPerSourceMax);
    for (let i = 0; i < 10_000; i++) {
      const junk = endpoint(`11.0.${(i >> 8) & 255}.${i & 255}`, 5000)!;
      book.add(junk, said(`teller ${i % 100}`));
      assert.ok(book.size <= connectionLimits.addressBookMax);
    }
    assert.equal(book.size, connectionLimits.addressBookMax);
  });

  test("what answered us is not displaced by hearsay until it failed often", () => {
    const env = testEnv(1);
    const book = new AddressBook(env.clock);
    book.onConfirmed(at("1.1.1.1:5000"), idOf(1), 1);
    book.onConfirmed(at("2.2.2.2:5000"), idOf(2), 1);
    book.onFailed("2.2.2.2:5000", 10, 0);
    for (let i = 0; i < 6_000; i++) {
      book.add(endpoint(`9.0.${(i >> 8) & 255}.${i & 255}`, 5000)!, said(`teller ${i % 100}`));
    }
    assert.ok(book.get("1.1.1.1:5000")?.confirmed);
    assert.equal(book.get("2.2.2.2:5000"), undefined);
  });

  test("the most failed goes first, then the one seen longest ago", () => {
    const env = testEnv(1);
    const book = new AddressBook(env.clock);
    const now = env.clock.wallMs;
    const share = connectionLimits.addressesPerSourceMax;
    for (let i = 0; i < share; i++) {
      book.add(endpoint(`9.0.${i >> 8}.${i & 255}`, 5000)!, said("t", now - i * 1_000));
    }
    book.onFailed("9.0.0.7:5000", 2, 0);
    book.add(at("8.0.0.1:5000"), said("t", now));
    assert.equal(book.get("9.0.0.7:5000"), undefined);
    book.add(at("8.0.0.2:5000"), said("t", now));
    assert.equal(book.get(`9.0.${(share - 1) >> 8}.${(share - 1) & 255}:5000`), undefined);
    assert.equal(book.size, share);
  });

  test("our own address never enters, however often it is told", () => {
    const book = new AddressBook(testEnv(1).clock);
    book.add(at("1.1.1.1:5000"), said("x"));
    book.markOwn("1.1.1.1:5000");
    assert.equal(book.add(at("1.1.1.1:5000"), said("y")), false);
    assert.equal(book.size, 0);
  });

  test("claims of the future are not believed, and what nobody saw for 30 days is forgotten", () => {
    const env = testEnv(1);
    const book = new AddressBook(env.clock);
    book.add(at("1.1.1.1:5000"), said("x", Number.MAX_SAFE_INTEGER));
    assert.ok(book.get("1.1.1.1:5000")!.lastSeenMs < env.clock.wallMs);
    const old = env.clock.wallMs - connectionLimits.addressMaxAgeMs;
    assert.equal(book.add(at("1.1.1.2:5000"), said("x", old)), false);
    pass(env, connectionLimits.addressMaxAgeMs);
    book.expire();
    assert.equal(book.size, 0);
  });

  test("survives a restart by way of known and restore, less what may not be kept", () => {
    const { clock } = testEnv(1);
    const book = new AddressBook(clock);
    book.onConfirmed(at("1.1.1.1:5000"), idOf(1), 1);
    book.add(at("10.0.0.1:5000"), said("x"));
    const again = new AddressBook(clock);
    const garbage = { ...book.known()[0]!, address: "nonsense" };
    again.restore([garbage, ...book.known()], (about) => about.reach === "public");
    assert.deepEqual(again.known(), [book.known()[0]]);
  });
});

describe("the dialer", () => {
  const open = { isBusy: () => false, isShunned: () => false };

  test("names manual peers first, whatever the slots, then the book while slots are free", () => {
    const env = testEnv(1);
    const book = new AddressBook(env.clock);
    book.add(at("1.1.1.1:5000"), said("x"));
    const busy = new Set<string>();
    const dialer = new Dialer(env, book, { ...open, isBusy: (address) => busy.has(address) });
    dialer.addManual("seed.example:4321", idOf(9));
    const first = dialer.next(0);
    assert.deepEqual(first, { address: "seed.example:4321", manual: true, pin: idOf(9) });
    busy.add("seed.example:4321");
    assert.equal(dialer.next(0), undefined);
    assert.equal(dialer.next(1)?.address, "1.1.1.1:5000");
  });

  test("never gives an address up, and starts over only after a connection that lasted", () => {
    const env = testEnv(1);
    const book = new AddressBook(env.clock);
    const dialer = new Dialer(env, book, open);
    dialer.addManual("1.2.3.4:5000", undefined);
    let waited = 0;
    for (let i = 0; i < 100; i++) {
      const target = dialer.next(0) as DialTarget;
      assert.ok(target, `dial ${i}`);
      waited = dialer.onEnded(target, i === 50 ? "neutral" : "failed");
      assert.equal(dialer.next(0), undefined);
      assert.equal(dialer.nextAt(0), env.clock.monotonicMs + waited);
      pass(env, waited);
    }
    assert.ok(waited >= 240_000);
    assert.ok(dialer.onEnded(dialer.next(0)!, "lasted") <= connectionLimits.backoffMinMs * 1.25);
  });

  test("chooses among candidates at random, and paces dials to the book", () => {
    const chosen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const env = testEnv(seed);
      const book = new AddressBook(env.clock);
      for (let i = 1; i <= 4; i++) book.add(at(`1.1.1.${i}:5000`), said("x"));
      const dialer = new Dialer(env, book, open);
      chosen.add(dialer.next(8)!.address);
      assert.equal(dialer.next(8), undefined);
      assert.equal(dialer.nextAt(8), connectionLimits.dialIntervalMs);
    }
    assert.equal(chosen.size, 4);
  });

  test("an identity that is only said to be somewhere does not keep us from dialling there", () => {
    const env = testEnv(1);
    const book = new AddressBook(env.clock);
    book.add(at("1.1.1.1:5000"), { ...said("x"), nodeId: idOf(5) });
    const connected = (_: string, nodeId: unknown) => nodeId === idOf(5);
    const dialer = new Dialer(env, book, { ...open, isBusy: connected });
    assert.ok(dialer.next(1));
    book.onConfirmed(at("1.1.1.1:5000"), idOf(5), 1);
    pass(env, 1_000);
    assert.equal(dialer.next(1), undefined);
  });

  test("manual peers are bounded", () => {
    const env = testEnv(1);
    const dialer = new Dialer(env, new AddressBook(env.clock), open);
    const added = Array.from({ length: 100 }, (_, i) =>
      dialer.addManual(`1.1.1.${i}:5000`, undefined),
    );
    assert.equal(added.filter(Boolean).length, connectionLimits.manualPeersMax);
  });
});

describe("misconduct", () => {
  test("points add up, and fade at ten a minute", () => {
    const env = testEnv(1);
    const misconduct = new Misconduct(env.clock);
    const subject = ofIdentity(idOf(1));
    assert.equal(misconduct.add(subject, 30), 30);
    assert.equal(misconduct.add(subject, 30), 60);
    pass(env, 60_000);
    assert.equal(misconduct.scoreOf(subject), 50);
    pass(env, 3_600_000);
    assert.equal(misconduct.scoreOf(subject), 0);
  });

  test("200,000 discouraged addresses stay within the bound, and each expires", () => {
    const env = testEnv(1);
    const misconduct = new Misconduct(env.clock);
    for (let i = 0; i < 200_000; i++) misconduct.discourage(ofOrigin(`${i}`));
    assert.equal(misconduct.discouragedCount, connectionLimits.bannedMax);
    assert.equal(misconduct.isDiscouraged(ofOrigin("199999")), true);
    pass(env, connectionLimits.discourageMs);
    assert.equal(misconduct.isDiscouraged(ofOrigin("199999")), false);
  });
});

test("a node of few slots leaves half of them to those who dial it", () => {
  const few = new Slots({ peersMax: 4, outboundTarget: 8 });
  assert.deepEqual([few.outboundMax, few.inboundMax], [2, 2]);
  const many = new Slots({ peersMax: 1_000, outboundTarget: 8 });
  assert.deepEqual([many.outboundMax, many.inboundMax], [8, 992]);
});
