/**
 * A thread that checks signatures: says once that it is there, then answers each order in turn.
 * `verify-thread.ts` starts it.
 */
import { parentPort } from "node:worker_threads";
import { firstBadSignature } from "../chain/verify-body.ts";
import { ed25519 } from "../crypto/ed25519.ts";
import type { VerifyAnswer, VerifyOrder } from "./verify-message.ts";

parentPort!.on("message", ({ domain, bodies, lengths, certifiers }: VerifyOrder) => {
  let at = 0;
  const answer: VerifyAnswer = lengths.map((length, index) => {
    const body = bodies.subarray(at, at + length);
    at += length;
    return firstBadSignature(ed25519, domain, body, certifiers[index]!);
  });
  parentPort!.postMessage(answer);
});
parentPort!.postMessage([]);
