/**
 * Time to finality: from the start of a block's slot until a node knows that it is final. On a real
 * local network (four validators and a follower, processes, sockets, disks), and on networks of more
 * validators in virtual time, with the delays of a wide network.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import { makeTestnetFolder } from "../src/host/testnet/testnet-folder.ts";
import { Child } from "./child.ts";
import { FinalTimes } from "./final-times.ts";
import type { FinalityPlan, Times } from "./finality-child.ts";
import type { BenchOptions } from "./options.ts";
import { atMost, type BenchLine, median, rounded } from "./report.ts";
import { VirtualNetwork } from "./virtual-network.ts";

const slotMs = 1000;
const slotsBar = 2;
const [nodes, validators] = [5, 4];
const genesisAheadMs = 6000;
/** Before it nodes may still be connecting. */
const fromSlot = 4;
/** The last blocks need theirs to become final. */
const spareSlots = 2;
/** Who starts late watches for two rounds before it signs. */
const startSecondsMax = 90;
const virtual = { delayMsMin: 10, delayMsMax: 60, fsyncMs: 5, dials: 4 };

export async function finality(options: BenchOptions): Promise<BenchLine[]> {
  const real = figuresOf(await onRealNodes(options.finalitySlots));
  const simulated = options.finalitySizes.map((size) => ({
    validators: size.validators,
    ...figuresOf(inVirtualTime(size.validators, size.slots)),
  }));
  const bars = [
    atMost("slots to finality, real nodes, median", real.slots.median, slotsBar),
    ...simulated.map(({ validators: count, slots }) =>
      atMost(`slots to finality, ${count} simulated, median`, slots.median, slotsBar),
    ),
  ];
  const figures = { slotMs, real: { nodes, validators, ...real }, simulated, virtual };
  return [{ bench: "finality", figures, bars }];
}

function figuresOf(takenMs: readonly number[]) {
  if (takenMs.length === 0) throw new Error("nothing became final");
  const sorted = [...takenMs].sort((a, b) => a - b);
  const p99 = sorted[Math.floor((sorted.length - 1) * 0.99)]!;
  const [middle, worst] = [median(sorted), sorted.at(-1)!];
  return {
    samples: sorted.length,
    ms: { median: rounded(middle), p99: rounded(p99), worst: rounded(worst) },
    slots: {
      median: rounded(middle / slotMs),
      p99: rounded(p99 / slotMs),
      worst: rounded(worst / slotMs),
    },
  };
}

/** Milliseconds for each block at each node. */
async function onRealNodes(slots: number): Promise<readonly number[]> {
  const genesisTimeMs = Date.now() + genesisAheadMs;
  const folder = makeTestnetFolder({ nodes, validators, slotMs, genesisTimeMs, keep: undefined });
  const ports = await findFreePorts(nodes);
  if (ports === undefined) throw new Error("no free ports");
  const children = ports.map((port, index) => {
    const others = ports.slice(0, index).flatMap((other) => ["--connect", `127.0.0.1:${other}`]);
    const argv = [
      ...["--listen", String(port), "--http", "off", "--network", folder.networkFile],
      ...["--data-dir", folder.nodeFolders[index]!, ...others],
    ];
    const plan: FinalityPlan = { argv, genesisTimeMs, slotMs };
    return new Child("./finality-child.ts", plan);
  });
  try {
    await Promise.all(children.map((child) => child.wait("running")));
    const slot = Math.floor((Date.now() - genesisTimeMs) / slotMs);
    return await enoughOf(children, Math.max(0, slot) + fromSlot, slots);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    folder.remove();
  }
}

/** Asks until each has seen so many blocks of slots from `from` on become final. */
async function enoughOf(children: readonly Child[], from: number, slots: number) {
  for (let second = 0; second < slots + startSecondsMax; second++) {
    await sleep(1000);
    const told = children.map((child) => {
      child.tell({ type: "report" });
      return child.wait<Times>("times");
    });
    const all = (await Promise.all(told)).map(({ taken }) =>
      taken.filter((time) => time.slot >= from),
    );
    if (all.every(({ length }) => length >= slots)) return all.flat().map(({ ms }) => ms);
  }
  throw new Error(`no ${slots} blocks became final`);
}

function inVirtualTime(count: number, slots: number): readonly number[] {
  const times: FinalTimes[] = [];
  const network = new VirtualNetwork({
    ...virtual,
    ...{ validators: count, slotMs },
    onEvent: (node, event) => times[node]?.onEvent(event, network.world.clock.wallMs),
  });
  const startMs = (slot: number) => network.genesisTimeMs + slot * slotMs;
  times.push(...Array.from({ length: count }, () => new FinalTimes(startMs)));
  network.runTo(fromSlot + slots + spareSlots);
  return times.flatMap((each) => each.from(fromSlot).map(({ ms }) => ms));
}
