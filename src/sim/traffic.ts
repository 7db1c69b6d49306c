/**
 * What the users of a simulated network submit: transfers, and changes of the validator set that
 * validators propose and approve. NOT what each transaction is (workload.ts, governance-workload.ts).
 */
import type { Transaction } from "../model/transaction.ts";
import type { GovernanceWorkload } from "./governance-workload.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimNode } from "./sim-node.ts";
import type { Swarm } from "./swarm.ts";
import type { Workload } from "./workload.ts";

export interface TrafficOptions {
  readonly swarm: Swarm;
  readonly random: SeededRandom;
  readonly honest: readonly SimNode[];
  readonly workload: Workload;
  readonly governance: GovernanceWorkload;
  readonly at: (timeMs: number, action: () => void) => void;
  /** A node took a transfer whose turn it is. */
  readonly onTaken: (transaction: Transaction) => void;
}

/** Once nodes have started. */
const startMs = 5_000;

export class Traffic {
  private readonly o: TrafficOptions;

  constructor(options: TrafficOptions) {
    this.o = options;
  }

  schedule(): void {
    const { governance, swarm, workload } = this.o;
    this.often(swarm.transfersPerMinute, (node) => workload.transfer(node));
    // A change needs a proposal and the approval of two thirds.
    const perMinute = swarm.changesPerMinute * (1 + swarm.validators);
    this.often(perMinute, (node) => governance.next(node));
  }

  /** Validators agree on `count` changes at once, as `node` sees the chain. */
  changeSet(node: SimNode, count: number): void {
    for (const { bytes } of this.o.governance.agree(node, count)) {
      node.command({ type: "submit-transaction", bytes });
    }
  }

  private often(perMinute: number, make: (node: SimNode) => Transaction | undefined): void {
    if (perMinute === 0) return;
    const everyMs = Math.floor(60_000 / perMinute);
    for (let atMs = startMs; atMs < this.o.swarm.durationMs; atMs += everyMs) {
      this.o.at(atMs, () => this.submit(make));
    }
  }

  private submit(make: (node: SimNode) => Transaction | undefined): void {
    const { honest, random, workload } = this.o;
    const node = random.pick(honest);
    const transaction = make(node);
    if (transaction === undefined) return;
    const isNext = workload.isNext(node, transaction);
    node.command({ type: "submit-transaction", bytes: transaction.bytes });
    const isTaken = node.node?.queries.pendingTransaction(transaction.id) !== undefined;
    if (isNext && isTaken && transaction.type === 0) this.o.onTaken(transaction);
  }
}
