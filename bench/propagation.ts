/**
 * How a block spreads: simulated, over 1,000 nodes with 8 outbound lines each, every line 50 ms, a
 * random publisher for each block, processing counted; with mempools in step and half in step (each
 * node has half of the transactions, each another half). And over five real nodes, likewise.
 */
import { ed25519 } from "../src/crypto/ed25519.ts";
import { systemRandom } from "../src/host/system.ts";
import { Child } from "./child.ts";
import type { BenchOptions } from "./options.ts";
import type { Propagated, PropagationPlan } from "./propagation-child.ts";
import type { Costs } from "./propagation-network.ts";
import { amongRealNodes } from "./propagation-real.ts";
import { atLeast, atMost, type Bar, type BenchLine, median, rounded } from "./report.ts";

const [withinMs, withinPart] = [350, 0.98];
const copiesBar = 4.5;
const compactBar = 0.15;
const lines = { dials: 8, delayMs: 50 };
/**
 * Of a node's work on a frame and on a block, without signatures: more than the median of what the
 * simulated nodes took (`usedMs`) on a quiet machine.
 */
const work = { frameMs: 0.15, blockMs: 1 };
/** Until who pushes to whom has settled. */
const warmUpBlocks = 12;
const transactionsPerBlock = 40;
const signatureRounds = 200;
/** What is on its way between 1,000 nodes is garbage soon after: it should not grow old before. */
const heapFlags = ["--max-old-space-size=12000", "--max-semi-space-size=128"];

type Plan = Omit<PropagationPlan, "knownPercent">;

export async function propagation(options: BenchOptions): Promise<BenchLine[]> {
  const { propagationNodes, propagationBlocks } = options;
  const costs = costsHere();
  const plan: Plan = {
    ...{ ...lines, nodes: propagationNodes, costs, blocks: propagationBlocks },
    ...{ warmUpBlocks, transactionsPerBlock, seed: "propagation" },
  };
  const [known, half] = await Promise.all([
    simulated({ ...plan, knownPercent: 100 }, options),
    simulated({ ...plan, knownPercent: 50 }, options),
  ]);
  const { seed, ...shape } = plan;
  const real = await amongRealNodes(options.propagationRealBlocks, withinMs);
  const figures = { ...shape, known, half, real };
  return [{ bench: "propagation", figures, bars: barsOf(known) }];
}

type Figures = Awaited<ReturnType<typeof simulated>>;

function barsOf(known: Figures): readonly Bar[] {
  const { bytes, delivered, perDelivery, wanted, withinBar } = known;
  return [
    atLeast("blocks delivered", delivered, wanted, 1),
    atLeast(`part of deliveries within ${withinMs} ms`, withinBar, withinPart, 1),
    atMost("compact copies for each delivery", perDelivery.compact!, copiesBar),
    atMost("bytes of a compact block of known", bytes.compactBlock, bytes.wholeBlock, compactBar),
  ];
}

/** Signatures cost what they cost here and now. */
function costsHere(): Costs {
  const seed = systemRandom.bytes(32);
  const key = ed25519.publicKey(seed);
  const message = systemRandom.bytes(64);
  const signature = ed25519.sign(seed, message);
  const signMs = medianMs(() => ed25519.sign(seed, message));
  const verifyMs = medianMs(() => ed25519.verify(signature, message, key));
  return {
    receivedFrameMs: rounded(work.frameMs + verifyMs),
    sentFrameMs: rounded(work.frameMs + signMs),
    // Its seal, and the certificate of the block before; the transactions' were checked before.
    blockMs: rounded(work.blockMs + 2 * verifyMs),
  };
}

function medianMs(action: () => unknown): number {
  const taken = Array.from({ length: signatureRounds }, () => {
    const begunAt = performance.now();
    action();
    return performance.now() - begunAt;
  });
  return median(taken);
}

async function simulated(plan: PropagationPlan, { profile }: BenchOptions) {
  const child = new Child("propagation-child.ts", plan, profile, heapFlags);
  try {
    const told = await child.wait<Propagated>("propagated");
    const { takenMs, transactionBytesPerBlock, wholeBytesPerBlock, type, ...rest } = told;
    const sorted = [...takenMs].sort((a, b) => a - b);
    const at = (part: number) => rounded(sorted[Math.floor((sorted.length - 1) * part)]!);
    const { compactBytes, allBytes, ...perDelivery } = told.perDelivery;
    const each = Object.entries(perDelivery).map(([name, count]) => [name, rounded(count)]);
    return {
      ms: { median: at(0.5), p98: at(0.98), p99: at(0.99), worst: at(1) },
      withinBar: rounded(sorted.filter((ms) => ms <= withinMs).length / sorted.length),
      delivered: sorted.length,
      ...rest,
      perDelivery: Object.fromEntries(each) as Readonly<Record<string, number>>,
      bytes: {
        transactions: rounded(transactionBytesPerBlock),
        wholeBlock: rounded(wholeBytesPerBlock),
        compactBlock: rounded(compactBytes!),
        relayedPerDelivery: rounded(allBytes!),
      },
    };
  } finally {
    await child.stop();
  }
}
