/** A verifying thread that gives up at its third order, as no real one should. */
import { parentPort } from "node:worker_threads";

let orders = 0;
parentPort!.on("message", () => {
  if (++orders === 3) throw new Error("planted");
});
void import("../../src/host/verify-worker.ts");
