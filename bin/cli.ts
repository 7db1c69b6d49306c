/** Keys, networks, transfers, and what a node is doing: `npx tsx bin/cli.ts --help`. */
import { setTimeout as sleep } from "node:timers/promises";
import { runCli } from "../src/host/cli/run-cli.ts";
import { paintFor } from "../src/host/terminal/paint.ts";

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  paint: paintFor(process.stdout, process.env),
  wallMs: () => Date.now(),
  sleep: (ms) => sleep(ms),
});
