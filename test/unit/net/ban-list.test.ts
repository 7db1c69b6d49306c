import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseSubnet, SubnetMap } from "../../../src/net/addresses/subnet.ts";
import { AccessList } from "../../../src/net/conduct/access-list.ts";
import { BanList, type BanSubject, parseBanSubject } from "../../../src/net/conduct/ban-list.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { idOf, pass, testEnv } from "./net-fixture.ts";

const subjectOf = (text: string): BanSubject => {
  const subject = parseBanSubject(text);
  assert.ok(subject, text);
  return subject;
};
const { bannedMax, discourageMs } = connectionLimits;

describe("ranges of addresses", () => {
  test("every spelling of a range is one, with the bits beyond its length cleared", () => {
    const rows: [string, string | undefined][] = [
      ["10.1.2.3/8", "10.0.0.0/8"],
      ["10.1.2.3/32", "10.1.2.3/32"],
      ["0.0.0.0/0", "0.0.0.0/0"],
      ["2001:DB8:0:0::1/32", "2001:db8::/32"],
      ["::1/128", "::1/128"],
      ["10.0.0.0/33", undefined],
      ["10.0.0.0/08", undefined],
      ["10.0.0/8", undefined],
      ["::ffff:1.2.3.4/120", undefined],
      ["host/8", undefined],
      ["10.0.0.0/", undefined],
    ];
    for (const [text, wanted] of rows) assert.equal(parseSubnet(text)?.text, wanted, text);
  });

  test("a map of ranges finds what a search through all of them finds", () => {
    const octet = fc.integer({ min: 0, max: 3 });
    const range = fc.tuple(octet, octet, fc.integer({ min: 0, max: 32 }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), octet, octet, (ranges, a, b) => {
        const map = new SubnetMap<string>();
        const texts = ranges.map(([x, y, bits]) => parseSubnet(`${x * 64}.${y * 64}.0.0/${bits}`)!);
        for (const subnet of texts) map.set(subnet, subnet.text);
        const value = ((a * 64) << 24) | ((b * 64) << 16);
        const holds = ({ ip, bits }: (typeof texts)[number]) => {
          const [x, y] = ip.split(".").map(Number);
          const base = (x! << 24) | (y! << 16);
          return bits === 0 || value >> (32 - bits) === base >> (32 - bits);
        };
        const longest = texts.filter(holds).sort((p, q) => q.bits - p.bits)[0]?.text;
        assert.equal(map.find(`${a * 64}.${b * 64}.0.0`), longest);
        for (const subnet of texts) map.delete(subnet);
        assert.equal(map.find(`${a * 64}.${b * 64}.0.0`), undefined);
      }),
    );
  });
});

describe("the ban list", () => {
  test("an address, a range and an identity are turned away until the time is over", () => {
    const env = testEnv(1);
    const bans = new BanList(env.clock);
    assert.ok(bans.ban(subjectOf("9.9.9.9"), "spam", 60_000, "operator"));
    assert.ok(bans.ban(subjectOf("8.8.0.0/16"), "a bad network", undefined, "operator"));
    assert.ok(bans.ban(subjectOf(idOf(7)), "liar", 60_000, "rule"));
    assert.equal(bans.refusalOf("9.9.9.9", undefined)?.reason, "spam");
    assert.equal(bans.refusalOf("8.8.200.1", undefined)?.value, "8.8.0.0/16");
    assert.equal(bans.refusalOf("1.1.1.1", idOf(7))?.leftMs, 60_000);
    assert.equal(bans.refusalOf("1.1.1.1", idOf(8)), undefined);
    pass(env, 60_000);
    assert.equal(bans.refusalOf("9.9.9.9", idOf(7)), undefined);
    assert.deepEqual(
      bans.list().map(({ value, leftMs }) => [value, leftMs]),
      [["8.8.0.0/16", undefined]],
    );
    assert.equal(bans.lift("8.8.0.0/16"), true);
    assert.equal(bans.lift("8.8.0.0/16"), false);
    assert.equal(bans.refusalOf("8.8.200.1", undefined), undefined);
    assert.equal(bans.size, 0);
  });

  test("a rule bans no address of this machine, shortens no ban of the operator, lifts none", () => {
    const bans = new BanList(testEnv(1).clock);
    assert.equal(bans.ban(subjectOf("127.0.0.1"), "", 1000, "rule"), false);
    assert.equal(bans.ban(subjectOf("::1"), "", 1000, "rule"), false);
    bans.ban(subjectOf("9.9.9.9"), "mine", undefined, "operator");
    bans.ban(subjectOf("9.9.9.9"), "rule", 1000, "rule");
    assert.deepEqual(
      bans.list().map(({ by, leftMs }) => [by, leftMs]),
      [["operator", undefined]],
    );
    for (let i = 0; i < 3 * bannedMax; i++) {
      bans.ban(subjectOf(`11.0.${i >> 8}.${i & 255}`), "flood", discourageMs, "rule");
    }
    assert.equal(bans.size, bannedMax + 1);
    assert.equal(bans.refusalOf("9.9.9.9", undefined)?.reason, "mine");
  });

  test("the operator's bans are bounded, and one more is refused instead of another forgotten", () => {
    const bans = new BanList(testEnv(1).clock);
    for (let i = 0; i < bannedMax; i++) {
      assert.ok(bans.ban(subjectOf(`11.0.${i >> 8}.${i & 255}`), "", undefined, "operator"));
    }
    assert.equal(bans.ban(subjectOf("9.9.9.9"), "", undefined, "operator"), false);
    assert.ok(bans.ban(subjectOf("11.0.0.1"), "anew", 1000, "operator"), "one that stands already");
  });

  test("ranges of bans that were pushed out turn nobody away", () => {
    const bans = new BanList(testEnv(1).clock);
    bans.ban(subjectOf("2001:db8::/64"), "", discourageMs, "rule");
    for (let i = 0; i < bannedMax; i++) {
      bans.ban(subjectOf(`11.0.${i >> 8}.${i & 255}`), "", discourageMs, "rule");
    }
    assert.equal(bans.refusalOf("2001:db8::5", undefined), undefined);
  });

  test("a restart keeps reason and end; a wall clock that steps lifts nothing while it runs", () => {
    const env = testEnv(1);
    const bans = new BanList(env.clock);
    bans.ban(subjectOf("9.9.9.9"), "spam", 60_000, "operator");
    bans.ban(subjectOf("8.0.0.0/8"), "for ever", undefined, "operator");
    bans.ban(subjectOf(idOf(1)), "liar", discourageMs, "rule");
    const kept = bans.known();
    pass(env, 20_000);
    const next = new BanList(env.clock);
    next.restore(kept);
    assert.deepEqual(
      next.list().map(({ leftMs, reason }) => [reason, leftMs]),
      [
        ["spam", 40_000],
        ["for ever", undefined],
        ["liar", discourageMs - 20_000],
      ],
    );
  });

  test("what a damaged file says is no subject, and no rule bans for longer than it may", () => {
    const env = testEnv(1);
    const bans = new BanList(env.clock);
    const some = { reason: "x", by: "rule", sinceMs: 0 } as const;
    bans.restore([
      { ...some, type: "address", value: "nonsense", untilMs: undefined },
      { ...some, type: "identity", value: "9.9.9.9", untilMs: undefined },
      { ...some, type: "address", value: "127.0.0.1", untilMs: undefined },
      { ...some, type: "address", value: "9.9.9.9", untilMs: undefined },
      { ...some, type: "address", value: "9.9.9.8", untilMs: 1 },
    ]);
    assert.deepEqual(
      bans.list().map(({ value, leftMs }) => [value, leftMs]),
      [["9.9.9.9", discourageMs]],
    );
  });
});

describe("lists of the operator", () => {
  test("one address, range or identity a line; comments and empty lines are none", () => {
    const list = AccessList.parse(`# my friends\n9.9.9.9 # a\r\n\n10.0.0.0/8\n${idOf(3)}\n::1\n`);
    assert.ok(list instanceof AccessList);
    assert.equal(list.size, 4);
    assert.equal(list.hasAddress("10.7.7.7"), true);
    assert.equal(list.hasAddress("::1"), true);
    assert.equal(list.hasAddress("11.7.7.7"), false);
    assert.equal(list.hasIdentity(idOf(3)), true);
    assert.equal(list.hasIdentity(idOf(4)), false);
  });

  test("a line that is none refuses the file and is named", () => {
    const list = AccessList.parse("9.9.9.9\nexample.org\n10.0.0.0/99\n");
    assert.ok(!(list instanceof AccessList));
    assert.deepEqual(
      list.errors.map((text) => text.slice(0, 7)),
      ["line 2:", "line 3:"],
    );
    assert.match(list.errors[0]!, /example\.org/);
  });

  test("no text makes more entries or errors than there may be", () => {
    const long = Array.from(
      { length: 65_540 },
      (_, i) => `11.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    );
    const list = AccessList.parse(long.join("\n"));
    assert.ok(!(list instanceof AccessList));
    assert.ok(list.errors.length <= 10);
    assert.match(list.errors[0]!, /line 65537: more than/);
  });
});
