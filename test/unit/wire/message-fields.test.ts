import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, hexBytes } from "../../../src/base/bytes.ts";
import { decodePayload } from "../../../src/wire/codec.ts";
import { messageNumbers, messageRules } from "../../../src/wire/messages.ts";
import { elementsOf, oneOfEach } from "./arbitrary-message.ts";
import { refusal } from "./refusal.ts";

test("what exceeds the cap of its type is refused before its fields are looked at", () => {
  for (const message of oneOfEach) {
    const cap = messageRules[message.type].bytesMax;
    const head = Uint8Array.of(
      0x91,
      0x90 | elementsOf(message).length,
      messageNumbers[message.type],
    );
    // A first field that claims one byte more than the cap leaves.
    const field = Buffer.alloc(5 + cap, 0xc6);
    field.writeUInt32BE(cap - 6, 1);
    const code = refusal(() => decodePayload(concatBytes(head, field)));
    assert.ok(["bad-field", "malformed-message", "message-too-large"].includes(code), code);
  }
  const text = hexBytes(`9193db00000003${"00".repeat(300)}`);
  assert.equal(
    refusal(() => decodePayload(text)),
    "malformed-message",
  );
  const wide = concatBytes(hexBytes("9192dd00"), new Uint8Array(40));
  assert.equal(
    refusal(() => decodePayload(wide)),
    "malformed-message",
  );
  const manyCredits = hexBytes(`91dd0000002a04${"00".repeat(60)}`);
  assert.equal(
    refusal(() => decodePayload(manyCredits)),
    "malformed-message",
  );
});

test("fields out of their range are refused", () => {
  const u8 = "c40800000000000000";
  const cases: readonly (readonly [string, string])[] = [
    [`919301${u8}00cf0020000000000000`, "time of 2^53"],
    ["919301c407000000000000000100", "nonce of 7 bytes"],
    ["919301a8000000000000000000", "nonce as a string"],
    ["91930300a0", "disconnect code 0"],
    ["9193030aa0", "disconnect code 10"],
    ["91930301a10a", "a line feed in a reason"],
    ["91930301a2c3a9", "a reason beyond ASCII"],
    [`91930301d981${"20".repeat(129)}`, "a reason of 129 bytes"],
    ["91920500", "no addresses asked"],
    ["91920541", "65 addresses asked"],
    ["919204ff", "a negative count"],
    ["919204d0ff", "a negative int8"],
    ["919204d3ffffffffffffffff", "a negative int64"],
    ["919204cb4000000000000000", "a float"],
    ["919207c400", "no items"],
    [`919207c421${"00".repeat(33)}`, "inventory kind 0"],
    [`919207c420${"01".repeat(32)}`, "32 bytes of items"],
    [`919206c43e${"00".repeat(62)}`, "an address with port 0"],
    [`919206c43e${"01".repeat(62)}`, "last seen beyond 2^53"],
    [`91930cce00000000c400`, "no hashes"],
    [`91930ccf0000000100000000c420${"00".repeat(32)}`, "request 2^32"],
    [`91940d00c420${"00".repeat(32)}c40100`, "a body of one byte"],
    [`91940d00c420${"00".repeat(32)}c3`, "true for a body"],
    [`91920fc4a7${"00".repeat(167)}`, "a transaction of 167 bytes"],
  ];
  for (const [hex, what] of cases) {
    const code = refusal(() => decodePayload(hexBytes(hex)));
    assert.ok(code === "bad-field" || code === "malformed-message", `${what}: ${code}`);
  }
});

test("a count beyond the cap of a list is refused", () => {
  const bin = (type: string, before: string, bytes: number, after = "") => {
    const head = Buffer.alloc(5, 0xc6);
    head.writeUInt32BE(bytes, 1);
    return concatBytes(
      hexBytes(`91${type}${before}`),
      head,
      new Uint8Array(bytes).fill(1),
      hexBytes(after),
    );
  };
  const stop = `c420${"00".repeat(32)}`;
  const cases = [
    bin("9207", "", 33 * 1025),
    bin("930b", "00", 420 * 513),
    bin("950a", "00", 32 * 65, `${stop}01`),
    bin("930c", "00", 32 * 129),
    bin("920f", "", 65_537),
    bin("9206", "", 62 * 65),
  ];
  for (const payload of cases)
    assert.equal(
      refusal(() => decodePayload(payload)),
      "bad-field",
    );
  const counts = (count: string) => hexBytes(`91950a00${stop}${stop}${count}`);
  assert.equal(
    refusal(() => decodePayload(counts("cd0200"))),
    "accepted",
  );
  assert.equal(
    refusal(() => decodePayload(counts("cd0201"))),
    "bad-field",
  );
  assert.equal(
    refusal(() => decodePayload(counts("00"))),
    "bad-field",
  );
});
