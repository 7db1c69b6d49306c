/** What the API needs of a node: the composition (run-node.ts) or a test hands it in. */
import type { Answer } from "../../edge/effect.ts";
import type { Command } from "../../edge/input.ts";
import type { Queries } from "../../node/queries.ts";
import type { ChainReader } from "../chain-reader.ts";
import type { NodeMetrics } from "../metrics/node-metrics.ts";

export interface ApiNode {
  readonly program: { readonly name: string; readonly version: string };
  readonly queries: Pick<
    Queries,
    | "info"
    | "sync"
    | "peers"
    | "peerCounts"
    | "clocks"
    | "forks"
    | "justified"
    | "finalized"
    | "registry"
    | "evidence"
    | "account"
    | "pendingOf"
    | "nextNonceOf"
    | "lastFrame"
    | "pendingTransaction"
    | "head"
    | "networkFile"
    | "slotAt"
    | "conduct"
  >;
  readonly reader: ChainReader;
  readonly metrics: Pick<NodeMetrics, "exposition" | "validators" | "view">;
  /** Gives the bytes of a signed transaction to the node. */
  readonly submit: (bytes: Uint8Array) => Promise<Answer>;
  /** What an operator asks of the node: for those who have the token. */
  readonly command: (command: Command) => Promise<Answer>;
  /** Whoever shows it may change the node. */
  readonly token: string;
  readonly wallMs: () => number;
}
