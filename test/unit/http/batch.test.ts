/** Many transactions in one request: each with its own answer, all within bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { httpLimits } from "../../../src/params/limits.ts";
import { SoloNode } from "../../support/solo-node.ts";
import { appOf, ask, post, postBatch } from "./api-under-test.ts";

function world() {
  const own = new SoloNode();
  const app = appOf(own);
  const [alice, bob] = own.accounts as [(typeof own.accounts)[0], (typeof own.accounts)[0]];
  const transfer = (nonce: bigint) => own.transfer(alice, { to: bob.address, amount: 1n, nonce });
  return { own, app, transfer };
}

test("each transaction of a batch has its own result, in order, as if it came alone", async () => {
  const { own, app, transfer } = world();
  const good = [transfer(0n), transfer(1n)];
  const forged = transfer(2n).bytes.slice();
  forged[forged.length - 1]! ^= 1;
  const texts = [good[0]!.bytes, forged, good[0]!.bytes, good[1]!.bytes].map(toHex);
  const { status, json } = await ask(postBatch([...texts, "00"]), app);
  assert.equal(status, 200);
  const told = json.results.map((each: Record<string, unknown>) => [each["status"], each["id"]]);
  assert.deepEqual(told, [
    ["pending", good[0]!.id],
    ["refused", null],
    ["refused", null],
    ["pending", good[1]!.id],
    ["refused", null],
  ]);
  for (const at of [1, 2, 4]) {
    const text = [...texts, "00"][at];
    const alone = (await ask(post({ transaction: text }), app)).json;
    const { code, detail } = json.results[at];
    assert.deepEqual({ code, detail }, { code: alone.code, detail: alone.detail }, `number ${at}`);
  }
  own.runSlots(1);
  for (const { id } of good) {
    assert.equal((await ask(`/api/transactions/${id}`, app)).json.status, "confirmed");
  }
});

test("a batch is bounded in number and bytes, and refused whole where it cannot be read", async () => {
  const { app, transfer } = world();
  const most = Array.from({ length: httpLimits.batchMax }, (_, i) =>
    toHex(transfer(BigInt(i)).bytes),
  );
  const { json } = await ask(postBatch(most), app);
  assert.equal(json.results.length, httpLimits.batchMax);
  assert.ok(json.results.some(({ code }: { code?: string }) => code === "mempool-account-full"));
  for (const wrong of [[], [...most, most[0]], "00", [7], ["0"], ["zz"], [most[0], "0X00"]]) {
    const answer = await ask(postBatch(wrong), app);
    assert.deepEqual([answer.status, answer.json.code], [400, "bad-parameter"]);
  }
  const large = "00".repeat(60_000);
  const answer = await ask(postBatch([large, large, large]), app);
  assert.deepEqual([answer.status, answer.json.code], [413, "body-too-large"]);
});

test("a batch lets other work of the loop come in between", async () => {
  const { own, transfer } = world();
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  const app = appOf(own);
  setImmediate(turn);
  await ask(postBatch(Array.from({ length: 64 }, (_, i) => toHex(transfer(BigInt(i)).bytes))), app);
  isOver = true;
  assert.ok(turns >= 4, `${turns} turns`);
});
