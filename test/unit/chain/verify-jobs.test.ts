/** Which block a verdict is of, and how many are asked for at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VerifiedSignatures } from "../../../src/chain/verified-signatures.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { decodeBody } from "../../../src/model/block.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { preimageOf } from "../../../src/model/transaction.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";
import { bodyCase } from "../../support/signed-bodies.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;

test("verdicts that come in another order count each for its block", () => {
  const good = builder.block(genesis, { transactions: [builder.transfer(0, 1, 0)] });
  const bad = builder.block(genesis, { slot: 2, transactions: [builder.transfer(0, 1, 0, true)] });
  for (const lastFirst of [false, true]) {
    const world = new ChainWorld(builder, { autoVerify: false });
    for (const block of [good, bad]) world.block(block, sourceOf(1));
    assert.equal(world.jobs.length, 2);
    const said = [...world.verify(lastFirst ? 1 : 0), ...world.verify()];
    const rejected = said.flatMap((each) => (each.type === "rejected" ? [each.hash] : []));
    assert.deepEqual(rejected, [bad.hash]);
    assert.equal(world.chain.head.hash, good.hash);
  }
});

test("no more jobs run than the bound, and the others have their turn", () => {
  // The first carries no certificate, so there is nothing to check in it.
  const [first, ...blocks] = builder.certified(genesis, chainLimits.verifyJobsMax + 20);
  const world = new ChainWorld(builder, { autoVerify: false });
  for (const block of [first!, ...blocks]) world.block(block, sourceOf(1));
  let done = 0;
  for (; world.jobs.length > 0; done++) {
    assert.equal(world.jobs.length, Math.min(chainLimits.verifyJobsMax, blocks.length - done));
    world.verify();
  }
  world.advance(chainLimits.connectWaitMs);
  world.drain();
  assert.equal(world.chain.head.hash, blocks.at(-1)!.hash);
});

test("a signature that was found bad is checked again, and one that was good is not", () => {
  const { body, domain } = bodyCase({
    ...{ transactions: 3, bad: [1], signers: 0, isCertificateBad: false },
  });
  const decoded = decodeBody(body);
  assert.ok(!("code" in decoded));
  const verified = new VerifiedSignatures(ed25519, domain);
  const verdicts = decoded.transactions.map((each) =>
    verified.scheme.verify(each.signature, preimageOf(each, domain), idBytes(each.sender)),
  );
  assert.deepEqual(verdicts, [true, false, true]);
  assert.deepEqual(verified.uncheckedPart(body).indices, [1]);
});
