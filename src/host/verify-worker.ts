/**
 * A thread that checks signatures: says once that it is there, then answers each order in turn.
 * `verify-thread.ts` starts it.
 */
import { parentPort } from "node:worker_threads";
import { firstBad } from "../chain/first-bad.ts";
import { ed25519 } from "../crypto/ed25519.ts";
import type { VerifyAnswer, VerifyOrder } from "./verify-message.ts";

parentPort!.on("message", ({ domain, bytes, checks }: VerifyOrder) => {
  let at = 0;
  const answer: VerifyAnswer = checks.map(({ of, certifiers, length }) => {
    const own = bytes.subarray(at, at + length);
    at += length;
    return firstBad(ed25519, { of, domain, bytes: own, certifiers });
  });
  parentPort!.postMessage(answer);
});
parentPort!.postMessage([]);
