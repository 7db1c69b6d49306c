/**
 * Is this node in step with the network, so that its validator seals and votes? Once it was, it
 * stays so while it lags a little: headers alone, without their bodies, must not silence it, for a
 * cheating validator can make some. Votes and seals of one who lags are harmless, only useless.
 * NOT the state that people read (`sync/synchronizer.ts`). protocol-spec/06-validation §8.
 */
import type { Synchronizer } from "../sync/synchronizer.ts";

/** More headers ahead than one cheat can seal alone while the network is well. */
const lagMax = 32;

export class InStep {
  private readonly sync: Synchronizer;
  private readonly validatorCount: () => number;
  private wasSynced = false;

  constructor(sync: Synchronizer, validatorCount: () => number) {
    this.sync = sync;
    this.validatorCount = validatorCount;
  }

  get isSynced(): boolean {
    // A lone validator has no others, and no claim of a peer may stop it.
    if (this.validatorCount() === 1) return !this.sync.isBehind;
    const { state } = this.sync;
    if (state !== "syncing") this.wasSynced = state === "synced";
    return this.wasSynced && this.sync.headersAhead <= lagMax;
  }
}
