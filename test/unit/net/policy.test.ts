import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  dialableOnHearsay,
  endpoint,
  endpointOf,
  isOurHttp,
} from "../../../src/net/addresses/endpoint.ts";
import { Misconduct, ofIdentity, ofOrigin } from "../../../src/net/conduct/misconduct.ts";
import { backoffMs } from "../../../src/net/connections/backoff.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { formatPeerAddress, parsePeerAddress } from "../../../src/wire/address.ts";
import { idOf, pass, testEnv } from "./net-fixture.ts";

const at = (address: string) => endpointOf(address)!;

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

  test("a private address is believed only from a teller inside: nobody makes us scan our house", () => {
    const inside = at("192.168.1.5:4321");
    assert.equal(dialableOnHearsay(inside, at("8.8.8.8:9999"), true), false);
    assert.equal(dialableOnHearsay(inside, at("10.0.0.1:9999"), true), true);
  });

  test("our own HTTP port is no peer, at whatever address of this machine", () => {
    const ours = { httpPort: 5321, ownIps: ["8.8.8.8", "2001:db8::1"] };
    const rows: [string, boolean][] = [
      ["127.0.0.1:5321", true],
      ["127.9.9.9:5321", true],
      ["[::1]:5321", true],
      ["8.8.8.8:5321", true],
      ["[2001:db8:0::1]:5321", true],
      ["8.8.8.8:4321", false],
      ["8.8.4.4:5321", false],
    ];
    for (const [address, isOurs] of rows)
      assert.equal(isOurHttp(at(address), ours), isOurs, address);
    assert.equal(isOurHttp(at("127.0.0.1:5321"), {}), false);
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

  test("what a restart hands in again counts on: bans and scores", () => {
    const env = testEnv(1);
    const before = new Misconduct(env.clock);
    before.discourage(ofIdentity(idOf(1)));
    before.scores.onUseful(idOf(2), "block");
    const kept = { bans: before.bans.known(), scores: before.scores.known() };
    const after = new Misconduct(env.clock, kept);
    assert.ok(after.isDiscouraged(ofIdentity(idOf(1))));
    assert.equal(after.scores.valueOf(idOf(2)), before.scores.valueOf(idOf(2)));
    assert.ok(after.scores.valueOf(idOf(2)) > 0);
  });

  test("200,000 discouraged addresses stay within the bound, and each expires", () => {
    const env = testEnv(1);
    const misconduct = new Misconduct(env.clock);
    const origin = (i: number) => ofOrigin(`11.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    for (let i = 0; i < 200_000; i++) misconduct.discourage(origin(i));
    assert.equal(misconduct.discouragedCount, connectionLimits.bannedMax);
    assert.equal(misconduct.isDiscouraged(origin(199_999)), true);
    pass(env, connectionLimits.discourageMs);
    assert.equal(misconduct.isDiscouraged(origin(199_999)), false);
  });
});
