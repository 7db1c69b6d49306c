/**
 * `npm run bench`: one JSON line for each bench, a summary of the bars at the end. See README.md.
 *
 *   npm run bench -- --only sync --blocks 2000 --json
 *   npm run bench -- --quick
 *   npm run bench -- --peers DIR
 */
import { type BenchOptions, readOptions } from "./options.ts";
import { type Peers, peersIn } from "./peers.ts";
import { type Bar, type BenchLine, lineText } from "./report.ts";

type Bench = (options: BenchOptions, peers: Peers) => Promise<BenchLine[]>;

/** Loaded when they run, so that none weighs on the memory and the start of another. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  throughput: async () => (await import("./throughput.ts")).throughput,
  handshakes: async () => (await import("./handshakes.ts")).handshakes,
  idle: async () => (await import("./idle.ts")).idle,
  "sync-empty": async () => (await import("./sync.ts")).syncEmpty,
  "sync-certified": async () => (await import("./sync.ts")).syncCertified,
  "sync-long": async () => (await import("./sync.ts")).syncLong,
  "sync-transfers": async () => (await import("./sync.ts")).syncTransfers,
  start: async () => (await import("./start.ts")).start,
  mempool: async () => (await import("./mempool.ts")).mempool,
  codec: async () => (await import("./codec.ts")).codec,
  finality: async () => (await import("./finality.ts")).finality,
  "api-final": async () => (await import("./api-final.ts")).apiFinal,
  propagation: async () => (await import("./propagation.ts")).propagation,
  deflate: async () => (await import("./deflate.ts")).deflate,
  "vote-cost": async () => (await import("./vote-cost.ts")).voteCost,
};

const options = readOptions(process.argv.slice(2));
const chosen = Object.keys(benches).filter(
  (name) => options.only.length === 0 || options.only.some((begin) => name.startsWith(begin)),
);
if (chosen.length === 0) {
  process.stderr.write(`--only: one of ${Object.keys(benches).join(", ")} expected\n`);
  process.exit(2);
}
const peers = peersIn(options.peers);
const bars: Bar[] = [];
for (const name of chosen) {
  const bench = await benches[name]!();
  for (const line of await bench(options, peers)) {
    process.stdout.write(`${lineText(line)}\n`);
    bars.push(...(line.bars ?? []));
  }
}
if (!options.json) {
  for (const { what, ours, against, ratio, bar, passed } of bars) {
    const verdict = passed ? "reached" : "MISSED ";
    process.stdout.write(`${verdict} ${what}: ${ours} / ${against} = ${ratio} (${bar})\n`);
  }
}
process.exit(0);
