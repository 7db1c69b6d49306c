/** The signer of the simulator keeps what it signed, or every seed with a crash would test nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CheapSignatures } from "../../src/sim/cheap-signatures.ts";
import { SimSigner } from "../../src/sim/sim-signer.ts";

test("what a simulated signer signed it knows after a crash, by reading its record again", () => {
  const signer = new SimSigner(new CheapSignatures(), new Uint8Array(32).fill(1), () => {});
  const seal = (slot: number) => ({
    type: "seal" as const,
    slot,
    blockHash: new Uint8Array(32).fill(slot),
    genesisHash: new Uint8Array(32),
  });
  assert.ok("signature" in signer.sign(seal(5)));
  // As a node does when it starts.
  assert.equal(signer.floors.sealSlot, 5);
  assert.ok("refused" in signer.sign(seal(5)));
  assert.ok("signature" in signer.sign(seal(6)));
});
