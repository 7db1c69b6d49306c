import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, hexBytes } from "../../../src/base/bytes.ts";
import { type CertificateSigner, encodeCertificate } from "../../../src/model/certificate.ts";
import { encodeEvidence, evidenceTypes } from "../../../src/model/evidence.ts";
import { blockHashOf, publicKeyOf } from "../../../src/model/ids.ts";
import { encodeVote, encodeVoteData, type VoteData } from "../../../src/model/vote.ts";
import { decodePayload, encodePayload } from "../../../src/wire/codec.ts";
import { type Message, messageNumbers, messageRules } from "../../../src/wire/messages.ts";
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
    [`919210c4af${"00".repeat(175)}`, "a vote of 175 bytes"],
    [`919210c4b1${"00".repeat(177)}`, "a vote of 177 bytes"],
    [`919210dab0${"00".repeat(176)}`, "a vote as a string"],
    ["919210c0", "no vote"],
    [`919211c4b2${"00".repeat(178)}`, "a certificate of 178 bytes"],
    ["919211c400", "an empty certificate"],
    [`919212c50144${"00".repeat(324)}`, "evidence of 324 bytes"],
    [`919212c5036e${"00".repeat(878)}`, "evidence of 878 bytes"],
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
    bin("9210", "", 177),
    bin("9211", "", 8_323),
    bin("9212", "", 878),
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

const hashOf = (n: number) => blockHashOf(new Uint8Array(32).fill(n));
const dataOf = (target: number): VoteData => ({
  sourceSlot: 1,
  sourceHash: hashOf(1),
  targetSlot: 2,
  targetHash: hashOf(target),
});
const signature = new Uint8Array(64).fill(7);
const validator = publicKeyOf(new Uint8Array(32).fill(3));

/** Of so many validators, of whom the first `signers` signed. */
function certificateOf(validatorCount: number, signers: number): Uint8Array {
  const all = Array.from(
    { length: signers },
    (_, rank): CertificateSigner => ({ rank, signature }),
  );
  const validatorsHash = new Uint8Array(32).fill(4);
  return encodeCertificate({ data: dataOf(2), validatorsHash, validatorCount, signers: all }).bytes;
}

test("every vote, certificate and piece of evidence that the model makes can be sent", () => {
  const signed = [2, 3].map((n) => concatBytes(encodeVoteData(dataOf(n)), signature));
  const doubleVote = encodeEvidence(evidenceTypes.doubleVote, validator, signed[0]!, signed[1]!);
  assert.ok(!("code" in doubleVote));
  const messages: readonly (readonly [Message, number])[] = [
    [{ type: "vote", vote: encodeVote(dataOf(2), validator, signature).bytes }, 176],
    [{ type: "certificate", certificate: certificateOf(1, 1) }, 179],
    [{ type: "certificate", certificate: certificateOf(4, 3) }, 307],
    [{ type: "certificate", certificate: certificateOf(128, 128) }, 8_322],
    [{ type: "evidence", evidence: doubleVote.bytes }, 325],
  ];
  for (const [message, bytes] of messages) {
    const [value] = Object.values(message).filter((each) => each instanceof Uint8Array);
    assert.equal(value?.length, bytes);
    assert.deepEqual(decodePayload(encodePayload([message])), [message]);
  }
});
