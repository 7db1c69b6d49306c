/** What a simulated node is made of. */
import type { PublicKey } from "../model/ids.ts";
import type { NodeOptions } from "../node/node-options.ts";
import type { Puppet } from "./byzantine/puppet.ts";
import type { Signer } from "./sim-signer.ts";

export interface SimNodeOptions {
  readonly index: number;
  /** Recoveries are added to it while the node is down. */
  node: Omit<NodeOptions, "validator">;
  readonly validatorKey: PublicKey | undefined;
  readonly signer: Signer | undefined;
  /** As in `ValidatorOptions`. */
  readonly prepareFrom: number | undefined;
  /** Its validator key is in the hands of an adversary, or of two nodes. */
  readonly isByzantine: boolean;
  /** What makes it cheat. */
  readonly puppet: Puppet | undefined;
  readonly fsyncMs: number;
  /** Added to the world's time for slots; may be moved while running. */
  clockSkewMs: number;
}
