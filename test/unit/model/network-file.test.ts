import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { addressOf, publicKeyOf } from "../../../src/model/ids.ts";
import {
  formatNetworkFile,
  type NetworkFile,
  networkFileHash,
  parseNetworkFile,
  slotAt,
  slotStartMs,
} from "../../../src/model/network-file.ts";
import { hashOf } from "./fixtures.ts";

const file: NetworkFile = {
  name: "harbour",
  genesisTimeMs: 1_800_000_000_000,
  slotMs: 3000,
  engine: "poa",
  validators: [publicKeyOf(hashOf("v0")), publicKeyOf(hashOf("v1"))],
  accounts: ["a", "b", "c"].map((name, i) => ({
    address: addressOf(hashOf(name)),
    balance: 2n ** 53n + BigInt(i),
  })),
  blockReward: 50n,
  minFee: 1n,
};
const json = (): Record<string, unknown> => JSON.parse(formatNetworkFile(file));

function errorsOf(change: (file: Record<string, unknown>) => void): string[] {
  const changed = json();
  change(changed);
  const parsed = parseNetworkFile(JSON.stringify(changed));
  return "errors" in parsed ? parsed.errors : [];
}

test("a file round-trips through its canonical text", () => {
  const parsed = parseNetworkFile(formatNetworkFile(file));
  assert.ok(!("errors" in parsed));
  assert.equal(formatNetworkFile(parsed), formatNetworkFile(file));
  const byAddress = file.accounts.toSorted((a, b) => (a.address < b.address ? -1 : 1));
  assert.deepEqual(parsed, { ...file, accounts: byAddress });
});

test("the canonical text does not depend on layout, field order or account order", () => {
  const shuffled = Object.fromEntries(Object.entries(json()).reverse());
  shuffled["accounts"] = (shuffled["accounts"] as unknown[]).toReversed();
  const parsed = parseNetworkFile(JSON.stringify(shuffled, undefined, 7));
  assert.ok(!("errors" in parsed));
  assert.equal(formatNetworkFile(parsed), formatNetworkFile(file));
});

test("the canonical text is fixed", () => {
  const small = { ...file, validators: [file.validators[0]!], accounts: [file.accounts[0]!] };
  assert.equal(
    formatNetworkFile(small),
    `{
  "name": "harbour",
  "genesisTimeMs": 1800000000000,
  "slotMs": 3000,
  "engine": "poa",
  "validators": [
    "${toHex(hashOf("v0"))}"
  ],
  "accounts": [
    {
      "address": "${toHex(hashOf("a"))}",
      "balance": "9007199254740992"
    }
  ],
  "blockReward": "50",
  "minFee": "1"
}
`,
  );
});

test("every problem is reported at once, with the name of its field", () => {
  const errors = errorsOf((f) => {
    f["name"] = "";
    f["slotMs"] = 99;
    f["genesisTimeMs"] = -1;
    f["engine"] = "pos";
    f["validators"] = [(f["validators"] as string[])[0], (f["validators"] as string[])[0], "AB"];
    const accounts = f["accounts"] as Record<string, unknown>[];
    accounts[1]!["balance"] = "01";
    accounts[2]!["address"] = accounts[0]!["address"];
    f["blockReward"] = 5;
    delete f["minFee"];
    f["colour"] = "red";
  });
  const fields = errors.map((error) => error.slice(0, error.indexOf(":"))).sort();
  const expected = [
    "accounts.1.balance",
    "accounts.2.address",
    "blockReward",
    "engine",
    "file",
    "genesisTimeMs",
    "minFee",
    "name",
    "slotMs",
    "validators.1",
    "validators.2",
  ];
  assert.deepEqual(fields, expected, errors.join("\n"));
  assert.match(errors.find((error) => error.startsWith("file"))!, /colour/);
});

const refusals: [string, RegExp, (file: Record<string, unknown>) => void][] = [
  ["an unknown key", /^file: .*"minFees"/, (f) => Object.assign(f, { minFees: "1" })],
  [
    "an unknown key of an account",
    /^accounts\.0: .*"nonce"/,
    (f) => Object.assign((f["accounts"] as object[])[0]!, { nonce: 1 }),
  ],
  ["no validators", /^validators: /, (f) => Object.assign(f, { validators: [] })],
  [
    "129 validators",
    /^validators: /,
    (f) => Object.assign(f, { validators: Array.from({ length: 129 }, (_, i) => key(i)) }),
  ],
  [
    "a validator in upper case",
    /^validators\.0: /,
    (f) => Object.assign(f, { validators: [key(0).toUpperCase()] }),
  ],
  [
    "balances of 2^63 in all",
    /^accounts: .*2\^63/,
    (f) => Object.assign(f, { accounts: balances([2n ** 62n, 2n ** 62n]) }),
  ],
  [
    "a balance of 2^63",
    /^accounts\.0\.balance: /,
    (f) => Object.assign(f, { accounts: balances([2n ** 63n]) }),
  ],
  ["a negative amount", /^minFee: /, (f) => Object.assign(f, { minFee: "-1" })],
  ["an amount with a point", /^minFee: /, (f) => Object.assign(f, { minFee: "1.5" })],
  ["slots of 99 ms", /^slotMs: /, (f) => Object.assign(f, { slotMs: 99 })],
  ["slots of 600,001 ms", /^slotMs: /, (f) => Object.assign(f, { slotMs: 600_001 })],
  ["slots of half milliseconds", /^slotMs: /, (f) => Object.assign(f, { slotMs: 100.5 })],
  ["a name with a line feed", /^name: /, (f) => Object.assign(f, { name: "a\nb" })],
];
const key = (i: number) => toHex(hashOf(`key ${i}`));
const balances = (amounts: bigint[]) =>
  amounts.map((balance, i) => ({ address: key(i), balance: balance.toString() }));

for (const [what, message, change] of refusals) {
  test(`${what}: refused by name`, () => {
    const errors = errorsOf(change);
    assert.equal(errors.length, 1, errors.join("\n"));
    assert.match(errors[0]!, message);
  });
}

test("the bounds themselves are accepted", () => {
  const accepted = (change: (file: Record<string, unknown>) => void) =>
    assert.deepEqual(errorsOf(change), []);
  accepted((f) => Object.assign(f, { slotMs: 100 }));
  accepted((f) => Object.assign(f, { slotMs: 600_000 }));
  accepted((f) => Object.assign(f, { accounts: [], blockReward: "0", minFee: "0" }));
  accepted((f) => Object.assign(f, { accounts: balances([2n ** 62n, 2n ** 62n - 1n, 0n]) }));
  accepted((f) => Object.assign(f, { validators: Array.from({ length: 128 }, (_, i) => key(i)) }));
});

test("what is no JSON object is refused with a reason", () => {
  for (const text of ["", "{", "null", "[]", "7", '"text"']) {
    const parsed = parseNetworkFile(text);
    assert.ok("errors" in parsed && parsed.errors.length > 0, text);
  }
});

test("a file that could not be sent to a joiner is refused", () => {
  const padded = parseNetworkFile(formatNetworkFile(file).padEnd(262_145));
  assert.ok("errors" in padded && padded.errors.length === 1);
  const accounts = balances(Array.from({ length: 2500 }, () => 1n));
  const errors = errorsOf((f) => Object.assign(f, { accounts }));
  assert.match(errors.join(), /^file: .*canonical text/);
});

test("every parameter changes the hash", () => {
  const changes: Partial<NetworkFile>[] = [
    { name: "haven" },
    { genesisTimeMs: file.genesisTimeMs + 1 },
    { slotMs: 3001 },
    { validators: file.validators.toReversed() },
    { validators: file.validators.slice(1) },
    { accounts: file.accounts.slice(1) },
    { blockReward: 51n },
    { minFee: 2n },
  ];
  const hashes = changes.map((change) => toHex(networkFileHash({ ...file, ...change })));
  assert.equal(new Set([toHex(networkFileHash(file)), ...hashes]).size, changes.length + 1);
});

test("slots are counted from genesis, and none comes before it", () => {
  const at = (ms: number) => slotAt(file, file.genesisTimeMs + ms);
  assert.deepEqual([-5000, -1, 0, 2999, 3000, 3000.5, 6001].map(at), [0, 0, 0, 0, 1, 1, 2]);
  assert.equal(slotStartMs(file, 2), file.genesisTimeMs + 6000);
  for (const slot of [0, 1, 12345]) assert.equal(slotAt(file, slotStartMs(file, slot)), slot);
});
