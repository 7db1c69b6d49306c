import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstBad } from "../../../src/chain/first-bad.ts";
import {
  cutCheck,
  earlierVerdict,
  packedBytes,
  packPiece,
  verdictOfPiece,
} from "../../../src/chain/verify-pieces.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import type { SignatureCheck } from "../../../src/edge/effect.ts";
import { bodyCheck, drawnBody, sealsCheck } from "../../support/signed-bodies.ts";

function inPieces(check: SignatureCheck, max: number) {
  const pieces = cutCheck(check, max);
  const verdicts = pieces.map((piece) => {
    const bytes = new Uint8Array(packedBytes(piece));
    packPiece(piece, bytes, 0);
    return verdictOfPiece(piece, firstBad(ed25519, { ...piece, bytes }));
  });
  return { pieces, verdicts };
}

test("a body gets the same verdict in pieces of any size, put together in any order", () => {
  const property = fc.property(
    drawnBody,
    fc.integer({ min: 1, max: 9 }),
    fc.boolean(),
    (drawn, max, isReversed) => {
      const given = bodyCheck(drawn);
      const whole = firstBad(ed25519, given);
      const { verdicts } = inPieces(given, max);
      if (isReversed) verdicts.reverse();
      assert.equal(verdicts.reduce(earlierVerdict), whole);
    },
  );
  fc.assert(property, { seed: 5, numRuns: 60 });
});

test("pieces hold no more signatures than asked, and every transaction once", () => {
  const drawn = { transactions: 11, bad: [], signers: 3, isCertificateBad: false };
  const { pieces } = inPieces(bodyCheck(drawn), 4);
  assert.deepEqual(
    pieces.map(({ signatures, firstIndex }) => [signatures, firstIndex]),
    [
      [4, 0],
      [4, 1],
      [4, 5],
      [2, 9],
    ],
  );
});

test("a certificate of more signatures than a piece holds is not cut", () => {
  const drawn = { transactions: 2, bad: [], signers: 3, isCertificateBad: false };
  const { pieces } = inPieces(bodyCheck(drawn), 2);
  assert.deepEqual(
    pieces.map(({ signatures }) => signatures),
    [4, 1],
  );
  const alone = inPieces(bodyCheck({ ...drawn, transactions: 0 }), 1).pieces;
  assert.equal(alone.length, 1);
  assert.equal(alone[0]!.signatures, 3);
});

test("the certificate is blamed before any transaction, and the first of those before others", () => {
  assert.equal(earlierVerdict(-1, -1), -1);
  assert.equal(earlierVerdict(-1, 7), 7);
  assert.equal(earlierVerdict(9, 7), 7);
  assert.equal(earlierVerdict(0, -2), -2);
  assert.equal(earlierVerdict(-2, -1), -2);
});

test("seals get the same verdict in pieces of any size: the first that is bad", () => {
  for (const bad of [[], [0], [9], [3, 7], [7, 4, 9]]) {
    const check = sealsCheck(10, bad);
    const expected = bad.length === 0 ? -1 : Math.min(...bad);
    assert.equal(firstBad(ed25519, check), expected);
    for (const max of [1, 3, 4, 10, 48]) {
      const { pieces, verdicts } = inPieces(check, max);
      assert.equal(verdicts.reverse().reduce(earlierVerdict), expected);
      assert.ok(pieces.every(({ signatures }) => signatures <= max));
      assert.equal(pieces.length, Math.ceil(10 / max));
    }
  }
});
