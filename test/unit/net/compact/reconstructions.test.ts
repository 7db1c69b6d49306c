import assert from "node:assert/strict";
import { test } from "node:test";
import { PartialBlock } from "../../../../src/net/compact/partial-block.ts";
import { Reconstructions } from "../../../../src/net/compact/reconstructions.ts";
import { relayLimits } from "../../../../src/params/limits.ts";
import { conn, pass, testEnv } from "../net-fixture.ts";
import { blockOf, toldOf, transactionOf } from "./compact-fixture.ts";

const { blockTxsMs, requestMs, reconstructionsMax } = relayLimits;

function setup() {
  const env = testEnv(1);
  const waiting = new Reconstructions(env.clock);
  const begin = (peer: number, block: number) => {
    const sample = blockOf([transactionOf(block)]);
    const told = toldOf(sample);
    waiting.begin(PartialBlock.of(env.random, conn(peer), sample.sealed, told)!);
    return sample.sealed.header.hash;
  };
  return { env, waiting, begin };
}

test("of a block three copies wait at most, the third only of a peer that we chose", () => {
  const { waiting, begin } = setup();
  const hash = begin(1, 1);
  assert.equal(waiting.mayBegin(hash, false), true);
  begin(2, 1);
  assert.equal(waiting.mayBegin(hash, false), false);
  assert.equal(waiting.mayBegin(hash, true), true);
  begin(3, 1);
  assert.equal(waiting.mayBegin(hash, true), false);
});

test("a late answer has others asked, is still taken, and is given up in the end", () => {
  const { env, waiting, begin } = setup();
  const hash = begin(1, 1);
  assert.equal(waiting.deadline, env.clock.monotonicMs + blockTxsMs);
  pass(env, blockTxsMs);
  assert.deepEqual(waiting.expire(), [hash]);
  assert.deepEqual(waiting.expire(), []);
  assert.ok(waiting.deadline > env.clock.monotonicMs);
  assert.equal(waiting.size, 1);
  pass(env, requestMs - blockTxsMs);
  assert.deepEqual(waiting.expire(), []);
  assert.equal(waiting.size, 0);
  assert.equal(waiting.deadline, Number.POSITIVE_INFINITY);
  assert.equal(waiting.take(conn(1), hash), undefined);
  assert.equal(waiting.excuse(conn(1), hash), true, "it was asked for");
  assert.equal(waiting.excuse(conn(1), hash), false, "once");
});

test("no number of blocks makes more wait than there is room for", () => {
  const { waiting, begin } = setup();
  const first = begin(1, 0);
  for (let n = 1; n <= reconstructionsMax; n++) begin(1, n);
  assert.equal(waiting.size, reconstructionsMax);
  assert.equal(waiting.has(first), false);
  assert.equal(waiting.excuse(conn(1), first), true);
});

test("all of a peer go with it, and what hung on it alone is named", () => {
  const { waiting, begin } = setup();
  const [alone, shared] = [begin(1, 1), begin(1, 2)];
  begin(2, 2);
  assert.deepEqual(waiting.onClosed(conn(1)), [alone]);
  assert.equal(waiting.has(shared), true);
  waiting.onObtained(shared);
  assert.equal(waiting.size, 0);
});

test("a question is open until its answer came, also when nobody waits for it any more", () => {
  const { env, waiting, begin } = setup();
  const hash = begin(1, 1);
  assert.equal(waiting.questionTo(conn(1), hash), "waited-for");
  assert.equal(waiting.questionTo(conn(2), hash), "none");
  assert.throws(() => begin(1, 1), /one question at a time/);
  pass(env, requestMs);
  waiting.expire();
  assert.equal(waiting.questionTo(conn(1), hash), "forgotten");
  assert.equal(waiting.excuse(conn(1), hash), true);
  assert.equal(waiting.questionTo(conn(1), hash), "none");
  begin(1, 1);
  assert.ok(waiting.take(conn(1), hash));
  assert.equal(waiting.questionTo(conn(1), hash), "none");
});
