/**
 * The figures of a node as Prometheus reads them (`GET /metrics`), in a registry of its own. NOT
 * their source: at each scrape they are copied from `NodeMetrics.view()` and the node's answers;
 * only what has a distribution is told as it happens.
 *
 * Invariant: no label has a value that a peer, a client or a transaction chose, so the number of
 * series is fixed. Counters never fall while the program runs.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NodeEvent } from "../../edge/event.ts";
import type { Queries } from "../../node/queries.ts";
import type { MetricsView } from "./metrics-view.ts";
import { PeerCounts, type PeerFigure, peerFigures } from "./peer-counts.ts";
import { ProcessFigures } from "./process-figures.ts";

type Labels = Readonly<Record<string, string>>;
/** What is set at a scrape: a value for each combination of labels. */
type Reading = readonly (readonly [Labels, number])[];

interface Facts {
  readonly view: MetricsView;
  readonly node: Pick<Queries, "info" | "mempool" | "traffic" | "clocks" | "conduct">;
  readonly process: ProcessFigures;
  readonly peers: PeerCounts;
}

/** Name, meaning, and the value: one, or one for each label. */
type Figure = readonly [string, string, (facts: Facts) => number | Reading];

const finalitySeconds = [0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 20, 30, 60, 120, 300];
const voteSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8];
const reorgBlocks = [1, 2, 3, 5, 8, 13, 20, 50, 100];

const counters: readonly Figure[] = [
  ["blocks_sealed_total", "Blocks that this node sealed", ({ view }) => view.sealed],
  ["seals_refused_total", "Seals that the signer refused", ({ view }) => view.sealsRefused],
  ["votes_total", "Votes of this node that left", ({ view }) => view.votes],
  ["votes_refused_total", "Votes that the signer refused", ({ view }) => view.votesRefused],
  ["justifications_total", "Moves of the justified block", ({ view }) => view.justified],
  ["finalizations_total", "Moves of the final block", ({ view }) => view.finalized],
  ["blocks_rejected_total", "Blocks that broke a rule", ({ view }) => view.blocksRejected],
  ["safety_halts_total", "Halts for final blocks that conflict", ({ view }) => view.safetyHalts],
  ["missed_slots_total", "Empty slots that are final", ({ view }) => view.missedSlots.final],
  [
    "evidence_total",
    "Validators found cheating, by how",
    ({ view: { evidence } }) => [
      [{ kind: "double-seal" }, evidence.doubleSeal],
      [{ kind: "double-vote" }, evidence.doubleVote],
      [{ kind: "surround" }, evidence.surround],
    ],
  ],
  ["received_bytes_total", "Bytes that came from peers", ({ node }) => node.traffic().received],
  ["sent_bytes_total", "Bytes that went to peers", ({ node }) => node.traffic().sent],
  [
    "deflate_saved_bytes_total",
    "Bytes that did not go to peers, because they went deflated",
    ({ node }) => node.traffic().saved,
  ],
  ["cpu_seconds_total", "User and system CPU time", ({ process }) => process.cpuSeconds],
  ...(Object.keys(peerFigures) as PeerFigure[]).map((name): Figure => {
    return [name, peerFigures[name][1], ({ peers }) => peers.reading(name)];
  }),
];

const gauges: readonly Figure[] = [
  ["slot", "The current slot by the clock of this node", ({ view }) => view.slot],
  ["height", "Height of the head", ({ view }) => view.height],
  ["justified_height", "Height of the justified block", ({ node }) => node.info().justifiedHeight],
  ["finalized_height", "Height of the final block", ({ node }) => node.info().finalizedHeight],
  ["justified_lag_slots", "Slots since the justified one", ({ view }) => view.justifiedLag.slots],
  ["finalized_lag_slots", "Slots since the final one", ({ view }) => view.finalizedLag.slots],
  ["missed_slots", "Empty slots of the newest 1,000", ({ view }) => view.missedSlots.count],
  ["synced", "1 while it follows its network", ({ node }) => +(node.info().state === "synced")],
  ["halted", "1 after a safety halt", ({ node }) => +(node.info().halted !== undefined)],
  [
    "peers",
    "Connections that are ready",
    ({ node }) => Object.entries(node.info().peers).map(([direction, n]) => [{ direction }, n]),
  ],
  [
    "partitioned",
    "1 while the network looks partitioned from here",
    ({ node }) => +node.conduct.reach().isPartitioned,
  ],
  [
    "bans",
    "Addresses, ranges and identities turned away",
    ({ node }) => node.conduct.bans().length,
  ],
  ["mempool_transactions", "Pending transactions", ({ node }) => node.mempool().size],
  ["mempool_bytes", "Bytes of pending transactions", ({ node }) => node.mempool().bytes],
  ["clock_peers", "Outbound peers whose clock is known", ({ node }) => node.clocks().peers],
  [
    "clock_offset_seconds",
    "Median of how far peers' clocks are ahead of ours; absent while too few are known",
    ({ node }) => {
      const { offsetMs } = node.clocks();
      return offsetMs === undefined ? [] : offsetMs / 1000;
    },
  ],
  [
    "event_loop_lag_seconds",
    "How late the event loop came to its timers since the last scrape",
    ({ process }) => process.takeLag().map(([quantile, lag]) => [{ quantile }, lag]),
  ],
  ["resident_memory_bytes", "Memory of the process", ({ process }) => process.memory.rss],
  ["heap_used_bytes", "JavaScript heap in use", ({ process }) => process.memory.heapUsed],
  ["heap_total_bytes", "JavaScript heap reserved", ({ process }) => process.memory.heapTotal],
  ["external_memory_bytes", "Buffers and the like", ({ process }) => process.memory.external],
  ["start_time_seconds", "When counting began", ({ view }) => view.sinceMs / 1000],
];

/** Labels of the figures that have any. */
const labels: Readonly<Record<string, string>> = {
  evidence_total: "kind",
  peers: "direction",
  event_loop_lag_seconds: "quantile",
  peer_connects_total: "direction",
  connections_refused_total: "code",
  connections_evicted_total: "code",
  connections_closed_total: "code",
  peer_faults_total: "code",
  bans_total: "by",
};

export class Exposition {
  private readonly registry = new Registry();
  private readonly node: Facts["node"];
  private readonly process = new ProcessFigures();
  private readonly peers = new PeerCounts();
  private readonly fillers: ((facts: Facts) => void)[];
  private readonly finality = this.histogram(
    "time_to_finality_seconds",
    "From the start of a block's slot until it is final here",
    finalitySeconds,
  );
  private readonly votes = this.histogram(
    "vote_latency_seconds",
    "From the start of a block's slot until our vote for it is signed",
    voteSeconds,
  );
  private readonly reorgs = this.histogram(
    "reorg_depth_blocks",
    "Blocks undone by a change of branch",
    reorgBlocks,
  );

  constructor(node: Facts["node"]) {
    this.node = node;
    this.fillers = [
      ...counters.map((figure) => this.counter(figure)),
      ...gauges.map((figure) => this.gauge(figure)),
    ];
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  onEvent(event: NodeEvent): void {
    this.peers.onEvent(event);
  }

  onFinal(ms: number): void {
    this.finality.observe(ms / 1000);
  }

  onVoted(ms: number): void {
    this.votes.observe(ms / 1000);
  }

  onReorg(depth: number): void {
    this.reorgs.observe(depth);
  }

  /** One scrape. */
  async text(view: MetricsView): Promise<string> {
    const facts = { view, node: this.node, process: this.process, peers: this.peers };
    for (const fill of this.fillers) fill(facts);
    return await this.registry.metrics();
  }

  private histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `windlass_${name}`, help, buckets, registers: [this.registry] });
  }

  private counter(figure: Figure): (facts: Facts) => void {
    const counter = new Counter(this.configOf(figure));
    return (facts) => {
      counter.reset();
      for (const [of, value] of readingOf(figure, facts)) counter.inc(of, value);
    };
  }

  private gauge(figure: Figure): (facts: Facts) => void {
    const gauge = new Gauge(this.configOf(figure));
    // A gauge without labels is removed by naming none; one with labels, all at once.
    const forget = () => (labels[figure[0]] === undefined ? gauge.remove() : gauge.reset());
    return (facts) => {
      const reading = readingOf(figure, facts);
      if (reading.length === 0) forget();
      for (const [of, value] of reading) gauge.set(of, value);
    };
  }

  private configOf([name, help]: Figure) {
    const label = labels[name];
    const labelNames = label === undefined ? [] : [label];
    return { name: `windlass_${name}`, help, labelNames, registers: [this.registry] };
  }
}

function readingOf([, , read]: Figure, facts: Facts): Reading {
  const value = read(facts);
  return typeof value === "number" ? [[{}, value]] : value;
}
