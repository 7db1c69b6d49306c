import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockHash } from "../../../src/model/ids.ts";
import { Verification } from "../../../src/node/verification.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { conn, pass, testEnv } from "../net/net-fixture.ts";

test("a question costs no look at the chain, and the answer is what was noted", () => {
  const env = testEnv(1);
  const sent: Message[] = [];
  let head = { height: 3, hash: "3".repeat(64) as BlockHash };
  let looks = 0;
  const chain = {
    get head() {
      looks++;
      return head;
    },
    uncheckedHeight: 0,
  };
  const port = {
    send: (_: unknown, message: Message) => sent.push(message) > 0,
    blame: () => assert.fail("nobody is to blame"),
  };
  const verification = new Verification(env.clock, port, chain, () => head);
  verification.onReady(conn(1), true);
  looks = 0;
  head = { height: 4, hash: "4".repeat(64) as BlockHash };
  const answer = () => {
    pass(env, syncLimits.verifiedAnswerMs);
    verification.onGetVerified(conn(1), { type: "get_verified", request: 1 });
    const last = sent.at(-1);
    return last?.type === "verified" ? last.height : undefined;
  };
  assert.deepEqual([answer(), answer(), looks], [3, 3, 0]);
  verification.note();
  assert.equal(answer(), 4);
});
