import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import type { Verifier } from "../../../src/host/host-parts.ts";
import { VerifyInline } from "../../../src/host/verify-inline.ts";
import { openVerifier, VerifyPool } from "../../../src/host/verify-pool.ts";
import { chainLimits, syncLimits } from "../../../src/params/limits.ts";
import { bodyCheck, type DrawnBody, drawnBody, sealsCheck } from "../../support/signed-bodies.ts";

const crashing = new URL("../../support/crashing-verify-worker.ts", import.meta.url);
const silent = () => assert.fail("nothing is to be said");

function verdictOf(verifier: Verifier, drawn: DrawnBody): Promise<number> {
  return new Promise((resolve) => verifier.verify(bodyCheck(drawn), resolve));
}

/** Keeps `verifier` as busy as the core may. */
async function verdictsOf(verifier: Verifier, bodies: readonly DrawnBody[]): Promise<number[]> {
  const verdicts: number[] = [];
  const rest = bodies.entries();
  const work = async () => {
    for (const [index, drawn] of rest) verdicts[index] = await verdictOf(verifier, drawn);
  };
  await Promise.all(Array.from({ length: chainLimits.verifyJobsMax }, work));
  return verdicts;
}

const bodies = fc.sample(drawnBody, { seed: 7, numRuns: 150 });
const inline = new VerifyInline(ed25519);
const expected = verdictsOf(inline, bodies);

test("threads and the main thread give the verdicts that the main thread alone gives", async () => {
  const pool = new VerifyPool(2, silent);
  assert.deepEqual(await verdictsOf(pool, bodies), await expected);
  assert.deepEqual(new Set((await expected).map(Math.sign)), new Set([-1, 0, 1]));
  assert.ok((await expected).includes(-2), "some certificates are bad");
  await pool.close();
});

test("of many seals the first bad one is named, wherever the pieces were checked", async () => {
  const pool = new VerifyPool(2, silent);
  for (const bad of [[], [200], [500, 130, 131]]) {
    const verdict = new Promise((resolve) => pool.verify(sealsCheck(512, bad), resolve));
    assert.equal(await verdict, bad.length === 0 ? -1 : Math.min(...bad));
  }
  await pool.close();
});

test("a thread that crashes costs no verdict, and is spoken of aloud", async () => {
  const said: string[] = [];
  const pool = new VerifyPool(2, (level, text) => said.push(`${level} ${text}`), crashing);
  // Both give up at their third order, which a busy pool reaches once they have begun.
  do assert.deepEqual(await verdictsOf(pool, bodies), await expected);
  while (said.length < 2);
  assert.deepEqual(said, [
    "error a thread that checks signatures crashed, 1 are left: planted",
    "error a thread that checks signatures crashed, the main thread checks alone: planted",
  ]);
  await pool.close();
});

test("a thread that cannot start costs no verdict", async () => {
  const said: string[] = [];
  const nowhere = new URL("./no-such-program.ts", import.meta.url);
  const pool = new VerifyPool(1, (_level, text) => said.push(text), nowhere);
  do assert.deepEqual(await verdictsOf(pool, bodies), await expected);
  while (said.length === 0);
  assert.match(said[0]!, /the main thread checks alone: .*no-such-program/);
  await pool.close();
});

test("a few signatures are checked without a thread, later than they were asked for", async () => {
  const pool = new VerifyPool(1, silent, new URL("./no-such-program.ts", import.meta.url));
  const few = { transactions: 3, bad: [1], signers: 0, isCertificateBad: false };
  let isDone = false;
  const verdict = verdictOf(pool, few).then((firstBad) => {
    isDone = true;
    return firstBad;
  });
  assert.equal(isDone, false);
  assert.equal(await verdict, 1);
  await pool.close();
});

test("nothing is answered after the end, and more than the core may ask is our own bug", async () => {
  const pool = new VerifyPool(1, silent);
  const check = bodyCheck(bodies[0]!);
  const ask = () => pool.verify(check, () => assert.fail("it was closed"));
  for (let i = 0; i < chainLimits.verifyJobsMax + syncLimits.headerPeersMax; i++) ask();
  assert.throws(ask, /so many at once/);
  await pool.close();
  await new Promise((resolve) => setImmediate(resolve));
});

test("without threads the main thread checks alone", () => {
  assert.ok(openVerifier(0, silent) instanceof VerifyInline);
  assert.ok(openVerifier(1, silent) instanceof VerifyPool);
});
