/**
 * The whole story of a recovery in one chain: four validators, two lost for good, the chain goes on
 * to the cap and stops, people decide, two of the old and a new one make blocks final again, with
 * signers that remember all they signed before.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Imported } from "../../../src/chain/imported.ts";
import type { BlockHash } from "../../../src/model/ids.ts";
import type { Recovery } from "../../../src/model/recovery.ts";
import { domainAt, type SigningDomain, signingDomain } from "../../../src/model/signing-domain.ts";
import { encodeVote, encodeVoteData, type Vote } from "../../../src/model/vote.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { SimSigner } from "../../../src/sim/sim-signer.ts";
import { type Built, dataFor } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { cheapSignatures, keyOf, networkOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const peer = sourceOf(1);

class Signers {
  domain: SigningDomain;
  private readonly byNumber = new Map<number, SimSigner>();

  constructor(domain: SigningDomain) {
    this.domain = domain;
  }

  of(number: number): SimSigner {
    const known = this.byNumber.get(number);
    const signer = known ?? new SimSigner(cheapSignatures, seedOf(number), () => {});
    this.byNumber.set(number, signer);
    return signer;
  }

  /** Undefined: its floors forbid it. */
  vote(number: number, block: Built): Vote | undefined {
    const data = dataFor(block);
    const genesisHash = domainAt(this.domain, block.slot);
    const request = { type: "vote", data: encodeVoteData(data), genesisHash } as const;
    const signed = this.of(number).sign(request);
    if ("refused" in signed) return undefined;
    return encodeVote(data, keyOf(seedOf(number)), signed.signature);
  }
}

const codes = (results: readonly Imported[]) =>
  results.flatMap((result) =>
    result.type === "rejected" || result.type === "refused" ? [result.rejection.code] : [],
  );

function settle(world: ChainWorld): void {
  for (let rounds = 0; rounds < 3; rounds++) {
    world.drain();
    world.persisted();
  }
}

test("two of four are lost, the cap is reached, and a recovery makes blocks final again", () => {
  const builder = new ChainBuilder(networkOf(4));
  const signers = new Signers(builder.genesisId);
  const old = new ChainWorld(builder);
  const votesOf = (world: ChainWorld, numbers: readonly number[], block: Built) =>
    numbers.flatMap((number) => {
      const vote = signers.vote(number, block);
      return vote === undefined ? [] : world.vote(vote, peer);
    });

  const healthy = builder.certified(builder.genesis, 5);
  for (const block of healthy) {
    old.block(block, peer);
    votesOf(old, [0, 1, 2, 3], block);
  }
  settle(old);
  const r = healthy[4]!;
  assert.equal(old.chain.justified.hash, r.hash);
  assert.equal(old.chain.finalized.hash, healthy[3]!.hash);

  // Validators 2 and 3 are gone: every other pair of slots is empty, nothing is certified.
  const carrier = builder.block(r, { slot: 8, certificate: builder.certificateFor(r) });
  const lonely = [carrier];
  while (lonely.length < chainLimits.unfinalizedMax - 1) {
    const at = lonely.at(-1)!;
    lonely.push(builder.block(at, { slot: at.slot % 4 === 0 ? at.slot + 1 : at.slot + 3 }));
  }
  for (const block of lonely) {
    old.block(block, peer);
    votesOf(old, [0, 1], block);
  }
  settle(old);
  const tip = lonely.at(-1)!;
  assert.equal(old.chain.head.hash, tip.hash);
  assert.equal(old.chain.finalized.hash, healthy[3]!.hash);
  const beyond = builder.block(tip, { slot: tip.slot % 4 === 0 ? tip.slot + 1 : tip.slot + 3 });
  assert.deepEqual(codes(old.block(beyond, peer)), ["header-cap"]);

  const minSlot = tip.slot + 10;
  const recovery: Recovery = {
    network: builder.genesis.hash as BlockHash,
    block: { height: r.height, hash: r.hash },
    validators: [0, 1, 9].map((number) => keyOf(seedOf(number))),
    minSlot,
    recoveryId: "c0".repeat(32),
  };
  const floorsBefore = [0, 1].map((number) => signers.of(number).floors);
  builder.recover(recovery);
  signers.domain = signingDomain(builder.genesisId, [recovery]);
  const trust = { recoveries: [recovery] };
  const world = old.restarted(undefined, { trust });
  const joiner = new ChainWorld(builder, { trust });
  for (const block of healthy) joiner.block(block, peer);
  settle(joiner);
  settle(world);
  for (const each of [world, joiner]) {
    assert.equal(each.chain.head.hash, r.hash);
    assert.equal(each.chain.finalized.hash, r.hash);
  }
  // What the old network still says is refused, and harms nobody.
  assert.deepEqual(codes(world.block(carrier, peer)), ["header-recovery"]);
  const late = world.vote(builder.vote(tip, 1), peer);
  assert.deepEqual(codes(late), []);

  let at = builder.block(r, { slot: minSlot });
  for (let count = 0; count < 6; count++) {
    for (const each of [world, joiner]) assert.deepEqual(codes(each.block(at, peer)), []);
    for (const number of [0, 1, 9]) {
      const vote = signers.vote(number, at);
      assert.ok(vote, `the floors of ${number} let it vote above minSlot`);
      for (const each of [world, joiner]) each.vote(vote, peer);
    }
    at = builder.block(at, { certificate: builder.certificateFor(at) });
  }
  for (const each of [world, joiner]) {
    settle(each);
    assert.equal(each.chain.halted, undefined);
    assert.equal(each.chain.justified.height, r.height + 6);
    assert.equal(each.chain.finalized.height, r.height + 5);
    assert.deepEqual([...each.state.validators()], recovery.validators);
    assert.deepEqual(each.chain.evidence(), []);
  }
  // The floors of before still hold: the same signers, above all that they signed.
  for (const [number, before] of floorsBefore.entries()) {
    const now = signers.of(number).floors;
    assert.ok(before.targetSlot < minSlot && now.targetSlot > before.targetSlot);
    assert.ok(now.sourceSlot >= before.sourceSlot);
    assert.equal(signers.vote(number, tip), undefined);
  }
});
