import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { isSignedRecord, recordPreimage } from "../../../src/model/address-record.ts";
import { nodeIdOf } from "../../../src/model/ids.ts";
import {
  type AddressEntry,
  decodeAddressEntries,
  encodeAddressEntries,
  formatPeerAddress,
  ip16Of,
  ipText,
  parsePeerAddress,
} from "../../../src/wire/address.ts";

const identity = "ab".repeat(32);

test("an address is printed in one spelling, whatever spelling it came in", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["127.0.0.1:9000", "127.0.0.1:9000", "ip4"],
    ["[::1]:1", "[::1]:1", "ip6"],
    ["[2001:DB8:0:0:0:0:0:1]:65535", "[2001:db8::1]:65535", "ip6"],
    ["[::ffff:10.0.0.1]:80", "10.0.0.1:80", "ip4"],
    ["Seed.Example.ORG:9000", "seed.example.org:9000", "name"],
    ["localhost:9000", "localhost:9000", "name"],
    [`${identity}@10.0.0.1:9000`, `${identity}@10.0.0.1:9000`, "ip4"],
    [`${identity}@node-1:9000`, `${identity}@node-1:9000`, "name"],
  ];
  for (const [text, canonical, kind] of cases) {
    const address = parsePeerAddress(text);
    assert.ok(address !== undefined, text);
    assert.equal(formatPeerAddress(address), canonical);
    assert.equal(address.kind, kind);
    assert.equal(address.nodeId, text.includes("@") ? identity : undefined);
    assert.deepEqual(parsePeerAddress(canonical), address);
  }
});

test("what is no address is refused", () => {
  const cases = [
    "",
    "9000",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:090",
    "127.0.0.1:9000 ",
    " 127.0.0.1:9000",
    "127.0.0.1:+1",
    "256.0.0.1:1",
    "127.1:1",
    "0x7f.1:1",
    "0x7f000001:1",
    "2130706433:1",
    "1.2.3.4.5:1",
    "::1:9000",
    "[::1]",
    "[::1%eth0]:1",
    "[127.0.0.1]:1",
    "[1::2::3]:1",
    "-a.example:1",
    "a-.example:1",
    "a..b:1",
    "a_b:1",
    "é.example:1",
    "http://a:1",
    "a/b:1",
    `${"a".repeat(64)}:1`,
    `${"a.".repeat(130)}b:1`,
    "@a:1",
    "abcd@a:1",
    `${identity.toUpperCase()}@a:1`,
    `${identity}@${identity}@a:1`,
    "a:1\n",
  ];
  for (const text of cases) assert.equal(parsePeerAddress(text), undefined, JSON.stringify(text));
});

const pieces = [
  "1",
  "0",
  "255",
  "::",
  ":",
  ".",
  "[",
  "]",
  "@",
  "%",
  "a",
  "f",
  "Z",
  "-",
  "_",
  "é",
  identity,
];

test("any text is parsed into an address that prints and parses again, or refused", () => {
  const property = fc.property(
    fc.string({ maxLength: 30, unit: fc.constantFrom(...pieces) }),
    (text) => {
      const address = parsePeerAddress(`${text}:1`);
      if (address !== undefined)
        assert.deepEqual(parsePeerAddress(formatPeerAddress(address)), address);
    },
  );
  fc.assert(property, { seed: 8, numRuns: 2_000 });
});

test("16 bytes of an address and its text are one thing", () => {
  assert.equal(toHex(ip16Of("1.2.3.4")!), "00000000000000000000ffff01020304");
  assert.equal(toHex(ip16Of("2001:db8::7")!), "20010db8000000000000000000000007");
  assert.equal(ip16Of("fe80::1%eth0"), undefined);
  assert.equal(ip16Of("localhost"), undefined);
  assert.equal(ip16Of("127.1"), undefined);
  const property = fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
    assert.deepEqual(ip16Of(ipText(bytes)), bytes);
  });
  fc.assert(property, { seed: 9, numRuns: 500 });
});

const entry: AddressEntry = {
  ip16: ip16Of("1.2.3.4")!,
  port: 9000,
  nodeId: nodeIdOf(hexBytes(identity)),
  services: 5,
  lastSeenMs: 1_760_000_000_000,
  signedAtMs: 1_759_999_999_999,
  signature: new Uint8Array(64).fill(7),
};

test("an entry of `peers` has these 134 bytes and comes back, signed or not", () => {
  const unsigned = { ...entry, port: 1, signedAtMs: 0, signature: undefined };
  const bytes = encodeAddressEntries([entry, unsigned]);
  assert.equal(
    toHex(bytes.subarray(0, 134)),
    `00000000000000000000ffff01020304${"2328"}${identity}${"00000005"}${"00000199c82cc000"}` +
      `${"00000199c82cbfff"}${"07".repeat(64)}`,
  );
  assert.equal(toHex(bytes.subarray(134 + 62)), "00".repeat(72));
  assert.deepEqual(decodeAddressEntries(bytes), [entry, unsigned]);
  assert.deepEqual(decodeAddressEntries(new Uint8Array(0)), []);
});

test("entries with port 0, a time beyond 2^53, half a signature, or a byte missing are none", () => {
  const bytes = encodeAddressEntries([entry]);
  assert.equal(decodeAddressEntries(bytes)?.length, 1);
  assert.equal(decodeAddressEntries(bytes.slice().fill(0, 16, 18)), undefined, "port");
  assert.equal(decodeAddressEntries(bytes.with(55, 0x20)), undefined, "last seen");
  assert.equal(decodeAddressEntries(bytes.with(63, 0x20)), undefined, "signed at");
  assert.equal(decodeAddressEntries(bytes.slice().fill(0, 62, 70)), undefined, "no time");
  assert.equal(decodeAddressEntries(bytes.slice().fill(0, 70)), undefined, "no signature");
  assert.equal(decodeAddressEntries(bytes.slice().fill(0, 18, 50)), undefined, "no owner");
  assert.equal(decodeAddressEntries(bytes.subarray(1)), undefined);
});

test("a record is its owner's word for one place, network and time", () => {
  const seed = new Uint8Array(32).fill(3);
  const networkId = new Uint8Array(32).fill(4);
  const owned = { ...entry, nodeId: nodeIdOf(ed25519.publicKey(seed)) };
  const signature = ed25519.sign(seed, recordPreimage(networkId, owned));
  const isSigned = (record: AddressEntry, network = networkId, by = signature) =>
    isSignedRecord(ed25519, network, record, by);
  assert.ok(isSigned(owned));
  assert.ok(isSigned({ ...owned, lastSeenMs: 0 }), "last seen is the teller's");
  assert.ok(!isSigned({ ...owned, port: 9001 }));
  assert.ok(!isSigned({ ...owned, ip16: ip16Of("1.2.3.5")! }));
  assert.ok(!isSigned({ ...owned, services: 4 }));
  assert.ok(!isSigned({ ...owned, signedAtMs: owned.signedAtMs + 1 }));
  assert.ok(!isSigned(entry), "of another owner");
  assert.ok(!isSigned(owned, new Uint8Array(32)), "of another network");
  assert.ok(!isSigned(owned, networkId, new Uint8Array(64)));
});
