import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstBadSignature } from "../../../src/chain/verify-body.ts";
import {
  cutBody,
  earlierVerdict,
  packedBytes,
  packPiece,
  verdictOfPiece,
} from "../../../src/chain/verify-pieces.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { bodyCase, drawnBody } from "../../support/signed-bodies.ts";

function inPieces({ domain, body, certifiers }: ReturnType<typeof bodyCase>, max: number) {
  const pieces = cutBody(body, certifiers, max);
  const verdicts = pieces.map((piece) => {
    const packed = new Uint8Array(packedBytes(piece));
    packPiece(piece, packed, 0);
    return verdictOfPiece(piece, firstBadSignature(ed25519, domain, packed, piece.certifiers));
  });
  return { pieces, verdicts };
}

test("a body gets the same verdict in pieces of any size, put together in any order", () => {
  const property = fc.property(
    drawnBody,
    fc.integer({ min: 1, max: 9 }),
    fc.boolean(),
    (drawn, max, isReversed) => {
      const given = bodyCase(drawn);
      const whole = firstBadSignature(ed25519, given.domain, given.body, given.certifiers);
      const { verdicts } = inPieces(given, max);
      if (isReversed) verdicts.reverse();
      assert.equal(verdicts.reduce(earlierVerdict), whole);
    },
  );
  fc.assert(property, { seed: 5, numRuns: 60 });
});

test("pieces hold no more signatures than asked, and every transaction once", () => {
  const drawn = { transactions: 11, bad: [], signers: 3, isCertificateBad: false };
  const { pieces } = inPieces(bodyCase(drawn), 4);
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
  const { pieces } = inPieces(bodyCase(drawn), 2);
  assert.deepEqual(
    pieces.map(({ signatures }) => signatures),
    [4, 1],
  );
  const alone = inPieces(bodyCase({ ...drawn, transactions: 0 }), 1).pieces;
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
