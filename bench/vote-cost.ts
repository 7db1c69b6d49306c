/**
 * What the votes of many validators cost one node: it receives each from every peer, verifies it
 * once, counts it, forwards it to those who did not have it, and takes a block with the certificate
 * of the one before. Slots of work done back to back, CPU by `process.cpuUsage`; what the peers do
 * (real sessions, which seal, sign and open frames) happens outside of the measured parts.
 * Then many more slots, with signatures that are only hashes, for the memory.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ed25519 } from "../src/crypto/ed25519.ts";
import { CheapSignatures } from "../src/sim/cheap-signatures.ts";
import type { BenchOptions } from "./options.ts";
import { atMost, type BenchLine, median, rounded } from "./report.ts";
import { type StandSizes, VoteStand } from "./vote-stand.ts";

const shareBar = 0.2;
const growthMibBar = 2;
const peers = 8;
/** Against whom memory is compared: what grows here grows without votes. */
const few = 4;
/** Until compiled code is as it stays. */
const warmUpSlots = 5;
/** By then the chain in memory has its full length. */
const fillSlots = 300;
const mib = 1024 * 1024;

export async function voteCost(options: BenchOptions): Promise<BenchLine[]> {
  const { voters: validators, voteSlots: slots } = options;
  const stand = new VoteStand({ validators, peers }, ed25519);
  stand.run(warmUpSlots);
  stand.counts.reset();
  const cpuMs = Array.from({ length: slots }, () => stand.run(1));
  const meanMs = cpuMs.reduce((sum, each) => sum + each, 0) / cpuMs.length;
  const certificateMs = stand.certificateMs();
  const share = rounded((meanMs + certificateMs) / stand.slotMs);
  const memory = memoryOf({ validators, peers: 2 }, options.memorySlots);
  const memoryOfFew = memoryOf({ validators: few, peers: 2 }, options.memorySlots);
  const growthMib = rounded(Math.max(0, memory.growthMib - memoryOfFew.growthMib));
  const figures = {
    ...{ validators, peers, slots },
    cpuMsPerSlot: {
      mean: rounded(meanMs),
      median: rounded(median(cpuMs)),
      worst: rounded(Math.max(...cpuMs)),
    },
    /** As if none of its signatures were known from votes. */
    certificateMs: rounded(certificateMs),
    shareOfOneCore: share,
    perSlot: stand.counts.perSlot(),
    finalBehindHead: stand.finalBehindHead,
    memory,
    /** Blocks that were announced are remembered, up to a bound that takes hours to reach. */
    memoryOfFew,
  };
  const bars = [
    atMost("share of a core for votes and certificates", share, shareBar),
    atMost(`MiB that votes add in ${memory.slots} slots`, growthMib, growthMibBar),
  ];
  return [{ bench: "vote-cost", figures, bars }];
}

/** Memory before and after many slots; the peers and the maker of blocks are in it. */
function memoryOf(sizes: StandSizes, slots: number) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const readMib = () => {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / mib;
  };
  const stand = new VoteStand(sizes, new CheapSignatures());
  stand.run(Math.min(slots, fillSlots));
  const before = readMib();
  stand.run(slots);
  const after = readMib();
  return {
    ...{ ...sizes, slots, beforeMib: rounded(before), afterMib: rounded(after) },
    growthMib: rounded(Math.max(0, after - before)),
    finalBehindHead: stand.finalBehindHead,
  };
}
