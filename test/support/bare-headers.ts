/** Headers without bodies: what a validator that means harm may seal, as long as it likes. */
import type { Built } from "./built.ts";
import type { ChainBuilder } from "./chain-builder.ts";

const made = new Uint8Array(32).fill(1);

/** A run on `on`, each claiming a certificate for its parent, so that no cap stops it. */
export function bareRun(builder: ChainBuilder, on: Built, count: number, slot: number): Built[] {
  const run: Built[] = [];
  for (let parent = on; run.length < count; parent = run.at(-1)!) {
    const claim = { certHash: made, justifiedSlot: parent.slot, justifiedHash: parent.hash };
    const lie = { receiptsRoot: made, ...(parent === builder.genesis ? {} : claim) };
    run.push(builder.block(parent, run.length === 0 ? { slot, lie } : { lie }));
  }
  return run;
}
