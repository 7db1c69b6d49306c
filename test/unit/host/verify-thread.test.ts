import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { cutCheck } from "../../../src/chain/verify-pieces.ts";
import { verifyProgram } from "../../../src/host/verify-program.ts";
import { type Part, VerifyThread } from "../../../src/host/verify-thread.ts";
import { bodyCheck } from "../../support/signed-bodies.ts";

const program = new URL("../../../src/host/verify-worker.ts", import.meta.url);

test("a thread answers each piece of an order for itself", async () => {
  const bad = [[1], [], [0], []];
  const parts = bad.map((each, work): Part<number> => {
    const drawn = { transactions: 2, bad: each, signers: 0, isCertificateBad: false };
    const [piece] = cutCheck(bodyCheck(drawn), 48);
    return { work, piece: piece! };
  });
  const text = await verifyProgram(program);
  const verdicts: number[] = [];
  // The thread holds no process before it was given something.
  const { port1: held } = new MessageChannel();
  held.ref();
  await new Promise<void>((done) => {
    const thread: VerifyThread<number> = new VerifyThread(text, {
      onVerdict: ({ work }, firstBad) => {
        verdicts[work] = firstBad;
      },
      onRoom: () => {
        if (verdicts.length === 0) thread.give(parts);
        else void thread.close().then(done);
      },
      onCrash: (_, error) => assert.fail(String(error)),
    });
  });
  held.close();
  assert.deepEqual(verdicts, [1, -1, 0, -1]);
});

test("a thread loads no package of others to begin with: each would hold up its start", async () => {
  const text = await verifyProgram(program);
  const loaded = [...text.matchAll(/require\("(.+?)"\)/g)].map(([, name]) => name!);
  assert.ok(loaded.includes("node:worker_threads"));
  assert.deepEqual(
    loaded.filter((name) => !name.startsWith("node:")),
    [],
  );
});
