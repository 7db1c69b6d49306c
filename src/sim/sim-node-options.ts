/** What a simulated node is made of, and what it tells its world. */
import type { NodeEvent } from "../edge/event.ts";
import type { PublicKey } from "../model/ids.ts";
import type { NodeOptions } from "../node/node-options.ts";
import type { Puppet } from "./byzantine/puppet.ts";
import type { SimNode } from "./sim-node.ts";
import type { Signer } from "./sim-signer.ts";

export interface SimNodePort {
  now(): number;
  at(timeMs: number, action: () => void): void;
  trace(node: SimNode, line: string): void;
  onEvent(node: SimNode, event: NodeEvent): void;
  onLoad(): void;
  /** The process is made; nothing has come in yet. */
  onStarted(node: SimNode): void;
  /** After every step of this node. */
  onStep(node: SimNode): void;
}

export interface SimNodeOptions {
  readonly index: number;
  /** Recoveries are added to it while the node is down. */
  node: Omit<NodeOptions, "validator">;
  readonly validatorKey: PublicKey | undefined;
  readonly signer: Signer | undefined;
  /** Its validator key is in the hands of an adversary, or of two nodes. */
  readonly isByzantine: boolean;
  /** What makes it cheat. */
  readonly puppet: Puppet | undefined;
  readonly fsyncMs: number;
  /** Added to the world's time for slots; may be moved while running. */
  clockSkewMs: number;
}
