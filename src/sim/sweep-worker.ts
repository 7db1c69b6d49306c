/**
 * The other process of a sweep: runs the seeds it is sent, one by one. NOT a program of its own
 * (`sweep.ts` starts it). Ctrl-C reaches it with its parent, which wants the seed at hand.
 */
import { runSeed } from "./run-seed.ts";
import type { Order } from "./sweep.ts";

process.on("SIGINT", () => {});
process.on("message", ({ seed, options }: Order) => {
  process.send?.(runSeed(seed, options));
});
