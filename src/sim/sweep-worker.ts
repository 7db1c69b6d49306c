/**
 * The other process of a sweep: runs the seeds it is sent, one by one. NOT a program of its own
 * (`sweep.ts` starts it). Ctrl-C reaches it with its parent, which wants the seed at hand. When the
 * parent is gone nobody wants it, and this one ends without a word.
 */
import { runSeed } from "./run-seed.ts";
import type { Order } from "./sweep.ts";

process.on("SIGINT", () => {});
process.on("message", ({ seed, options }: Order) => {
  const report = runSeed(seed, options);
  // With somebody to tell, a parent that is gone is no error of this process.
  process.send?.(report, () => {});
});
