import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hexBytes } from "../../../src/base/bytes.ts";
import { MsgpackReader } from "../../../src/wire/msgpack-reader.ts";
import { MsgpackWriter } from "../../../src/wire/msgpack-writer.ts";
import { refusal } from "./refusal.ts";

interface SuiteValue {
  readonly msgpack: readonly string[];
  readonly [kind: string]: unknown;
}

const suite = JSON.parse(
  readFileSync(new URL("../../vectors/msgpack/msgpack-test-suite.json", import.meta.url), "utf8"),
) as Readonly<Record<string, readonly SuiteValue[]>>;

/** Type bytes of the subset: nil, bool, integers, bin, str, array. */
function inSubset(type: number): boolean {
  if (type < 0x80 || type >= 0xe0 || (type >= 0x90 && type <= 0xc0)) return true;
  return (
    [0xc2, 0xc3, 0xc4, 0xc5, 0xc6].includes(type) ||
    (type >= 0xcc && type <= 0xd3) ||
    (type >= 0xd9 && type <= 0xdd)
  );
}

function each(check: (value: SuiteValue, bytes: Uint8Array, hex: string, group: string) => void) {
  let count = 0;
  for (const [group, values] of Object.entries(suite)) {
    for (const value of values) {
      for (const hex of value.msgpack) {
        check(value, hexBytes(hex.replaceAll("-", "")), hex, group);
        count++;
      }
    }
  }
  assert.equal(count, 233, "the whole suite was read");
}

function skipAll(bytes: Uint8Array): void {
  const reader = new MsgpackReader(bytes);
  reader.skip(1);
  reader.end();
}

test("of the public suite, all values inside the subset are passed over and no others", () => {
  let outside = 0;
  each((_, bytes, hex, group) => {
    // Two groups hold subset types and others; nested values show theirs one level down.
    const maps = /^4[012]/.test(group) && /(^|-)(8[0-9a-f]|de|df)(-|$)/.test(hex);
    const fits = inSubset(bytes[0]!) && !maps;
    if (!fits) outside++;
    const expected = fits ? "accepted" : "malformed-message";
    assert.equal(
      refusal(() => skipAll(bytes)),
      expected,
      `${group} ${hex}`,
    );
  });
  assert.ok(outside > 60, `${outside} encodings outside`);
});

test("integers of the public suite are read in every width, negative ones and floats refused", () => {
  each(({ number, bignum }, bytes, hex) => {
    if (number === undefined && bignum === undefined) return;
    const value = BigInt(bignum === undefined ? Math.trunc(number as number) : (bignum as string));
    const isInteger = bytes[0] !== 0xca && bytes[0] !== 0xcb;
    const fits = isInteger && value >= 0n && value < 1n << 53n;
    const read = () => new MsgpackReader(bytes).uint(Number.MAX_SAFE_INTEGER);
    if (fits) assert.equal(BigInt(read()), value, hex);
    else assert.notEqual(refusal(read), "accepted", hex);
  });
});

test("bins, nil and ASCII strings of the public suite are read in every width", () => {
  each(({ binary, string, nil }, bytes, hex) => {
    const reader = new MsgpackReader(bytes);
    if (typeof binary === "string") {
      assert.deepEqual(reader.bin(0, 99), hexBytes(binary.replaceAll("-", "")), hex);
      reader.end();
    } else if (typeof string === "string" && /^[\x20-\x7e]*$/.test(string)) {
      assert.equal(reader.str(99), string, hex);
      reader.end();
    } else if (typeof string === "string") {
      assert.equal(
        refusal(() => reader.str(99)),
        "bad-field",
        hex,
      );
    } else if (nil === null) {
      assert.equal(reader.takeNil(), true);
      reader.end();
    }
  });
});

test("the writer's form is the suite's shortest", () => {
  each((value, _, hex) => {
    const notFloat = value.msgpack.filter((form) => !/^c[ab]/.test(form));
    if (notFloat.length === 0) return;
    const shortest = notFloat.reduce((a, b) => (b.length < a.length ? b : a));
    if (hex !== shortest) return;
    const writer = new MsgpackWriter(200);
    if (
      typeof value["number"] === "number" &&
      Number.isInteger(value["number"]) &&
      value["number"] >= 0
    ) {
      writer.uint(value["number"]);
    } else if (typeof value["binary"] === "string") {
      writer.bin(hexBytes(value["binary"].replaceAll("-", "")));
    } else if (typeof value["string"] === "string" && /^[\x20-\x7e]*$/.test(value["string"])) {
      writer.str(value["string"]);
    } else if (value["nil"] === null) writer.nil();
    else return;
    assert.deepEqual(writer.written(0), hexBytes(shortest.replaceAll("-", "")));
  });
});

test("every type byte outside the subset is refused wherever it stands", () => {
  for (let type = 0; type <= 0xff; type++) {
    const bytes = new Uint8Array(70_000).fill(0);
    bytes[0] = type;
    const reads = {
      skip: () => new MsgpackReader(bytes).skip(1),
      uint: () => new MsgpackReader(bytes).uint(Number.MAX_SAFE_INTEGER),
      bin: () => new MsgpackReader(bytes).bin(0, 99),
      str: () => new MsgpackReader(bytes).str(99),
      array: () => new MsgpackReader(bytes).array(),
    };
    const accepts = (name: keyof typeof reads) => refusal(reads[name]) !== "malformed-message";
    assert.equal(accepts("skip"), inSubset(type), `skip 0x${type.toString(16)}`);
    const isUint = type < 0x80 || (type >= 0xcc && type <= 0xd3);
    assert.equal(accepts("uint"), isUint, `uint 0x${type.toString(16)}`);
    assert.equal(accepts("bin"), type >= 0xc4 && type <= 0xc6, `bin 0x${type.toString(16)}`);
    const isStr = (type >= 0xa0 && type <= 0xbf) || (type >= 0xd9 && type <= 0xdb);
    assert.equal(accepts("str"), isStr, `str 0x${type.toString(16)}`);
    const isArray = (type >= 0x90 && type <= 0x9f) || type === 0xdc || type === 0xdd;
    assert.equal(accepts("array"), isArray, `array 0x${type.toString(16)}`);
    assert.equal(new MsgpackReader(bytes).takeNil(), type === 0xc0);
  }
});

test("reading past the end is refused, not undefined", () => {
  for (const hex of ["", "cc", "cd00", "ce000000", "cf00000000000000", "d0", "d3ffffffffffffff"]) {
    const reader = new MsgpackReader(hexBytes(hex));
    assert.equal(
      refusal(() => reader.uint(99)),
      "malformed-message",
      hex,
    );
  }
  for (const hex of ["c4", "c500", "c6000000", "c402ff", "a1", "d9", "dc00", "dd000000", "92c0"]) {
    assert.equal(
      refusal(() => skipAll(hexBytes(hex))),
      "malformed-message",
      hex,
    );
  }
});

test("deep and wide arrays are passed over in bounded steps", () => {
  const deep = new Uint8Array(100_000).fill(0x91);
  assert.equal(
    refusal(() => skipAll(deep)),
    "malformed-message",
  );
  deep[deep.length - 1] = 0xc0;
  assert.equal(
    refusal(() => skipAll(deep)),
    "accepted",
  );
  const bomb = hexBytes("dcffff".repeat(2_000));
  assert.equal(
    refusal(() => skipAll(bomb)),
    "malformed-message",
  );
});

test("the writer never grows beyond what it was told", () => {
  const writer = new MsgpackWriter(4);
  writer.reset(10);
  writer.reserve(10);
  assert.throws(() => writer.reserve(11), { name: "AssertionFailed" });
  assert.throws(() => writer.array(0x10000), { name: "AssertionFailed" });
});

test("what runs over the limit of a message is too large, not cut", () => {
  const reader = new MsgpackReader(hexBytes("c404010203040506"));
  reader.limitTo(0, 5);
  assert.equal(
    refusal(() => reader.bin(0, 99)),
    "message-too-large",
  );
  const cut = new MsgpackReader(hexBytes("c4040102"));
  cut.limitTo(0, 5);
  assert.equal(
    refusal(() => cut.bin(0, 99)),
    "malformed-message",
  );
});
