import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pack, unpack } from "msgpackr";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { decodeHello, encodeHello } from "../../../src/wire/hello.ts";
import type { Hello } from "../../../src/wire/messages.ts";
import { refusal } from "./refusal.ts";

const hello: Hello = {
  versionMin: 1,
  versionMax: 2,
  agent: "windlass/0.1.0",
  bootId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  services: 1,
  role: "validator",
  listenPort: 9000,
  height: 70_000,
  headHash: new Uint8Array(32).fill(0xaa),
  finalizedHeight: 69_999,
  finalizedHash: new Uint8Array(32).fill(0xbb),
  wallTimeMs: 1_760_000_000_000,
  seenAddress: "127.0.0.1:9001",
  bulkCredit: 262_144,
  features: [
    { id: 1, version: 1 },
    { id: 300, version: 2 },
  ],
};

/** The fields as a foreign encoder would be given them. */
function elements(): unknown[] {
  return unpack(encodeHello(hello)) as unknown[];
}

const changed = (at: number, value: unknown) => pack(elements().with(at, value));

test("the bytes of a HELLO are these", () => {
  assert.equal(
    toHex(encodeHello(hello)),
    `9f0102ae77696e646c6173732f302e312e30c408010203040506070801${"02"}cd2328ce00011170c420` +
      `${"aa".repeat(32)}ce0001116fc420${"bb".repeat(32)}cf00000199c82cc000` +
      "ae3132372e302e302e313a39303031ce000400009292010192cd012c02",
  );
});

test("a HELLO comes back as it was sent, and a foreign decoder reads the same fields", () => {
  assert.deepEqual(decodeHello(encodeHello(hello)), hello);
  const property = fc.property(
    fc.integer({ min: 0, max: 0xffff }),
    fc.maxSafeNat(),
    fc.constantFrom("full", "validator", "light"),
    fc.uniqueArray(fc.integer({ min: 0, max: 0xffff }), { maxLength: 64 }),
    (listenPort, height, role, ids) => {
      const features = ids.sort((a, b) => a - b).map((id) => ({ id, version: id ^ 1 }));
      const other: Hello = { ...hello, listenPort, height, role, features };
      const bytes = encodeHello(other);
      assert.deepEqual(decodeHello(bytes), other);
      const read = unpack(bytes) as unknown[];
      assert.equal(read.length, 15);
      assert.equal(read[6], listenPort);
      assert.equal(Number(read[7]), height);
      assert.deepEqual(
        read[14],
        features.map((f) => [f.id, f.version]),
      );
    },
  );
  fc.assert(property, { seed: 5, numRuns: 100 });
});

test("elements that a later version appends are read over, whatever the subset allows", () => {
  const later = [null, true, -5, 7, "news", new Uint8Array(3), [1, [2, ["deep"]]]];
  for (let count = 1; count <= later.length; count++) {
    const bytes = pack([...elements(), ...later.slice(0, count)]);
    assert.deepEqual(decodeHello(bytes), decodeHello(encodeHello(hello)));
  }
  for (const foreign of [{ a: 1 }, 1.5, new Date(0)]) {
    assert.equal(
      refusal(() => decodeHello(pack([...elements(), foreign]))),
      "bad-hello",
    );
  }
});

test("a HELLO with a field too few, a byte too many, or cut anywhere is refused", () => {
  const bytes = encodeHello(hello);
  assert.equal(
    refusal(() => decodeHello(pack(elements().slice(0, 14)))),
    "bad-hello",
  );
  assert.equal(
    refusal(() => decodeHello(concatBytes(bytes, Uint8Array.of(0)))),
    "bad-hello",
  );
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(
      refusal(() => decodeHello(bytes.subarray(0, length))),
      "bad-hello",
    );
  }
  const claims = concatBytes(Uint8Array.of(0xdc, 0xff, 0xff), bytes.subarray(1));
  assert.equal(
    refusal(() => decodeHello(claims)),
    "bad-hello",
  );
});

test("each field of a HELLO outside its range is refused", () => {
  const many = Array.from({ length: 65 }, (_, id) => [id, 1]);
  const cases: readonly (readonly [number, unknown])[] = [
    [0, 0],
    [0, 3],
    [1, 65_536],
    [2, "x".repeat(65)],
    [2, "tab\t"],
    [2, "é"],
    [3, new Uint8Array(7)],
    [4, 2 ** 32],
    [5, 0],
    [5, 4],
    [6, 65_536],
    [7, -1],
    [8, new Uint8Array(31)],
    [9, 1.5],
    [10, null],
    [11, "now"],
    [12, 5],
    [13, 2 ** 32],
    [14, 0],
    [14, many],
    [14, [[1]]],
    [14, [[1, 2, 3]]],
    [
      14,
      [
        [2, 1],
        [1, 1],
      ],
    ],
    [
      14,
      [
        [1, 1],
        [1, 2],
      ],
    ],
    [14, [[65_536, 1]]],
  ];
  for (const [at, value] of cases) {
    assert.equal(
      refusal(() => decodeHello(changed(at, value))),
      "bad-hello",
      `${at}: ${value}`,
    );
  }
  assert.equal(decodeHello(changed(14, many.slice(1))).features.length, 64);
});

test("a mutated HELLO is refused as one or read without another error", () => {
  const bytes = encodeHello(hello);
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0x00, 0x7f, 0x80, 0x90, 0x9f, 0xc0, 0xc1, 0xc6, 0xcf, 0xd3, 0xdd, 0xff]) {
      const code = refusal(() => decodeHello(bytes.with(at, value)));
      assert.ok(code === "accepted" || code === "bad-hello");
    }
  }
});
