/** What a run of the benches was asked: sizes, windows, and which of them. */
import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Names, or the beginnings of names; empty: all. */
  readonly only: readonly string[];
  /** Sizes of `throughput`, or the beginnings of them; empty: all. */
  readonly cases: readonly string[];
  /** Folder with the programs of others and their packages, or none. */
  readonly peers: string | undefined;
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly windows: number;
  /** Connections that idle. */
  readonly idle: readonly number[];
  /** Between two collections of garbage before memory is read. */
  readonly settleMs: number;
  readonly blocks: number;
  /** Of `sync-long`. */
  readonly longBlocks: number;
  readonly transferBlocks: number;
  readonly transfersPerBlock: number;
  readonly senders: number;
  readonly repeats: number;
  /** Validators of `vote-cost`, slots that are measured, and slots after which memory is read. */
  readonly voters: number;
  readonly voteSlots: number;
  readonly memorySlots: number;
  /** Slots of `finality`, on real nodes; and sizes of simulated networks with slots for each. */
  readonly finalitySlots: number;
  readonly finalitySizes: readonly { readonly validators: number; readonly slots: number }[];
  /** Of `mempool`: pending transactions, blocks built, and blocks that arrive. */
  readonly pending: number;
  readonly builds: number;
  readonly arrivals: number;
  /** Transfers of `api-final`. */
  readonly apiTransfers: number;
  /** Nodes of the simulation of `propagation`, and its blocks that count. */
  readonly propagationNodes: number;
  readonly propagationBlocks: number;
  /** Of its real nodes, in step and half in step. */
  readonly propagationRealBlocks: number;
  /** Of `deflate`: its chain, and over how many of its lines that is synced. */
  readonly deflateBlocks: number;
  readonly deflateTransfers: number;
  readonly deflateLines: number;
  /** JSON lines only; otherwise a summary follows them. */
  readonly json: boolean;
  /** Folder for CPU profiles of the processes that are measured. */
  readonly profile: string | undefined;
}

const usual = {
  warmUpMs: 2000,
  windowMs: 5000,
  windows: 3,
  idle: [1000],
  settleMs: 400,
  blocks: 10_000,
  longBlocks: 100_000,
  transferBlocks: 1000,
  transfersPerBlock: 100,
  senders: 10_000,
  repeats: 3,
  voters: 100,
  voteSlots: 40,
  memorySlots: 2000,
  finalitySlots: 60,
  finalitySizes: [
    { validators: 4, slots: 100 },
    { validators: 21, slots: 40 },
    { validators: 100, slots: 6 },
  ],
  pending: 50_000,
  builds: 100,
  arrivals: 3,
  apiTransfers: 20_000,
  propagationNodes: 1000,
  propagationBlocks: 10,
  propagationRealBlocks: 30,
  deflateBlocks: 300,
  deflateTransfers: 50,
  deflateLines: 5,
} as const;

/** Everything runs, nothing is measured. */
const tiny = {
  warmUpMs: 30,
  windowMs: 60,
  windows: 1,
  idle: [3],
  settleMs: 10,
  blocks: 30,
  longBlocks: 60,
  transferBlocks: 3,
  transfersPerBlock: 4,
  senders: 8,
  repeats: 1,
  voters: 4,
  voteSlots: 2,
  memorySlots: 5,
  finalitySlots: 4,
  finalitySizes: [{ validators: 4, slots: 4 }],
  pending: 200,
  builds: 2,
  arrivals: 1,
  apiTransfers: 20,
  propagationNodes: 20,
  propagationBlocks: 2,
  propagationRealBlocks: 3,
  deflateBlocks: 20,
  deflateTransfers: 4,
  deflateLines: 1,
} as const;

/** Throws on options that there are not. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: "string", multiple: true, default: [] },
      case: { type: "string", multiple: true, default: [] },
      peers: { type: "string" },
      quick: { type: "boolean", default: false },
      seconds: { type: "string" },
      windows: { type: "string" },
      idle: { type: "string", multiple: true },
      blocks: { type: "string" },
      "transfer-blocks": { type: "string" },
      nodes: { type: "string" },
      repeats: { type: "string" },
      json: { type: "boolean", default: false },
      profile: { type: "string" },
    },
  });
  const base = values.quick ? tiny : usual;
  return {
    ...base,
    only: values.only.flatMap((names) => names.split(",")),
    cases: values.case,
    peers: values.peers,
    windowMs: count("seconds", values.seconds, base.windowMs / 1000) * 1000,
    windows: count("windows", values.windows, base.windows),
    idle: values.idle?.map((text) => count("idle", text, 0)) ?? base.idle,
    blocks: count("blocks", values.blocks, base.blocks),
    transferBlocks: count("transfer-blocks", values["transfer-blocks"], base.transferBlocks),
    repeats: count("repeats", values.repeats, base.repeats),
    propagationNodes: count("nodes", values.nodes, base.propagationNodes),
    json: values.json,
    profile: values.profile,
  };
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name}: a whole number above 0 expected, got ${text}`);
}
