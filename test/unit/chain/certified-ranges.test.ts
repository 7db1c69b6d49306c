/**
 * Mode "certified" beside mode "full": the same chain, state and records with far fewer signatures
 * checked, and nothing taken that no quorum stands behind.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import type { VerifyMode } from "../../../src/chain/certified-ranges.ts";
import { metaKey } from "../../../src/chain/records.ts";
import { encodeBody } from "../../../src/model/block.ts";
import { encodeCertificate } from "../../../src/model/certificate.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainWorld, sourceOf, storeAfter } from "../../support/chain-world.ts";
import { builder, decided, old } from "../../support/joining-validator.ts";

const { certifiedRangeMin, certifiedTopMin: top } = chainLimits;
const { genesis } = builder;
const peer = sourceOf(1);
const runLength = 256;

/** 600 blocks; at height 301 a fifth validator is decided, who is in charge soon after. */
const start = builder.certified(genesis, 300);
const decision = builder.block(start.at(-1)!, {
  transactions: decided(),
  certificate: builder.certificateFor(start.at(-1)!),
});
const chain = [...start, decision, ...builder.certified(decision, 299)];
const handOver = chain.findIndex(({ validators }) => validators.length === 5);

const worldOf = (verify: VerifyMode) => new ChainWorld(builder, { trust: { verify } });

interface Giving {
  readonly bodyOf?: (block: Built) => Uint8Array;
  readonly isFollowed?: boolean;
}

/** One answer's headers, with the proof that the chain asks for. */
function giveHeaders(world: ChainWorld, run: readonly Built[], giving: Giving = {}) {
  const { bodyOf = ({ body }) => body, isFollowed = false } = giving;
  const headers = run.map(({ sealed }) => sealed);
  const carrier = world.chain.ranges.carrierOf(headers);
  const carried = run.find(({ hash }) => hash === carrier);
  const proof = carried && { hash: carried.hash, body: bodyOf(carried), isFollowed };
  return world.chain.importHeaders(headers, peer, proof);
}

/** As a peer would give it: headers as far as they can be judged, then their bodies. */
function give(world: ChainWorld, blocks: readonly Built[], tells = false) {
  const rejected = [];
  for (let at = 0; at < blocks.length; ) {
    const isFollowed = tells && at + runLength < blocks.length;
    const run = blocks.slice(at, at + runLength);
    const { accepted, rejection } = giveHeaders(world, run, { isFollowed });
    if (rejection !== undefined) return [rejection.code];
    assert.ok(accepted > 0, `stuck at ${at}`);
    for (const block of blocks.slice(at, at + accepted)) {
      for (const said of [...world.body(block, peer), ...world.drain()]) {
        if (said.type === "rejected") rejected.push(said.rejection.code);
      }
      world.persisted();
    }
    world.advance(chainLimits.connectWaitMs);
    world.drain();
    if (rejected.length > 0) return rejected;
    at += accepted;
  }
  return rejected;
}

function recordsOf(world: ChainWorld): Map<string, string> {
  world.persisted();
  const records = storeAfter(world.batches, world.batches.length);
  records.delete(toHex(metaKey("certified")));
  return new Map([...records].map(([key, value]) => [key, toHex(value)]));
}

/** Counts what `world` verifies by itself; carried certificates go to jobs. */
function counted(world: ChainWorld): { seals: number; jobs: number } {
  const count = { seals: 0, jobs: 0 };
  const { verify } = world.env.signatures;
  Object.assign(world.env, {
    signatures: {
      ...world.env.signatures,
      verify: (...args: Parameters<typeof verify>) => {
        count.seals++;
        return verify(...args);
      },
    },
  });
  const push = world.jobs.push.bind(world.jobs);
  world.jobs.push = (...jobs) => {
    count.jobs += jobs.length;
    return push(...jobs);
  };
  return count;
}

test("certified and full come to the same chain, state and records, over a hand-over", () => {
  const [full, certified] = [worldOf("full"), worldOf("certified")];
  const [ofFull, ofCertified] = [counted(full), counted(certified)];
  for (const world of [full, certified]) {
    assert.deepEqual(give(world, chain), []);
    assert.equal(world.chain.head.hash, chain.at(-1)!.hash);
  }
  assert.equal(certified.root, full.root);
  assert.equal(certified.chain.finalized.height, full.chain.finalized.height);
  assert.deepEqual(recordsOf(certified), recordsOf(full));
  assert.ok(handOver > runLength && handOver < chain.length, "it does hand over");
  assert.equal(full.chain.ranges.uncheckedHeight, 0);
  assert.ok(certified.chain.ranges.uncheckedHeight > handOver, "also after the hand-over");
  assert.ok(ofCertified.seals < ofFull.seals / 2, `${ofCertified.seals} of ${ofFull.seals}`);
  assert.ok(ofCertified.jobs < ofFull.jobs / 2, `${ofCertified.jobs} of ${ofFull.jobs}`);
});

test("while more headers follow, the top of a run is left to the next, which proves it", () => {
  const [full, alone, told] = [worldOf("full"), worldOf("certified"), worldOf("certified")];
  const [ofAlone, ofTold] = [counted(alone), counted(told)];
  const long = [...start, ...builder.certified(start.at(-1)!, 300)];
  assert.deepEqual(give(full, long), []);
  assert.deepEqual(give(alone, long), []);
  assert.deepEqual(give(told, long, true), []);
  assert.equal(told.root, full.root);
  assert.equal(told.chain.head.hash, long.at(-1)!.hash);
  assert.equal(told.chain.finalized.height, full.chain.finalized.height);
  assert.ok(ofTold.seals < ofAlone.seals && ofTold.jobs < ofAlone.jobs, "fewer signatures");
  const whole = { isFollowed: true };
  const world = worldOf("certified");
  assert.equal(giveHeaders(world, chain.slice(0, runLength), whole).accepted, runLength - top);
  assert.equal(world.chain.bestHeader.height, world.chain.ranges.uncheckedHeight);
  assert.equal(giveHeaders(world, chain.slice(runLength - top, runLength), whole).accepted, top);
  const handing = worldOf("certified");
  give(handing, chain.slice(0, 150));
  assert.equal(giveHeaders(handing, chain.slice(150, 150 + runLength), whole).isUnready, true);
  assert.equal(handing.chain.bestHeader.hash, chain[handOver - 1]!.hash, "checked, so it is kept");
});

test("what hands over, what follows it and the end of a run are checked in full", () => {
  const world = worldOf("certified");
  const run = chain.slice(0, runLength);
  assert.equal(giveHeaders(world, run).accepted, runLength);
  assert.equal(world.chain.ranges.uncheckedHeight, runLength - top);
  const certifiedUpTo = (at: number) => world.chain.node(chain[at]!.hash)?.isCertified;
  assert.equal(certifiedUpTo(runLength - top - 1), true);
  assert.equal(certifiedUpTo(runLength - top), false);
  const other = worldOf("certified");
  give(other, chain.slice(0, 150));
  giveHeaders(other, chain.slice(150, 150 + runLength));
  // The last of the old set: nobody may take it for certified, so its seal was checked.
  assert.equal(other.chain.node(chain[handOver - 1]!.hash)?.isCertified, false);
  assert.equal(other.chain.node(chain[handOver]!.hash), undefined, "its set is not known yet");
});

test("a seal of nobody is taken below the certificate and nowhere else", () => {
  const spoiled = (at: number) =>
    chain.slice(0, runLength).map((block, index): Built => {
      const sealed = { ...block.sealed, seal: new Uint8Array(64) };
      return index === at ? { ...block, sealed } : block;
    });
  const below = worldOf("certified");
  assert.equal(giveHeaders(below, spoiled(100)).rejection, undefined);
  const above = worldOf("certified");
  const refused = giveHeaders(above, spoiled(runLength - 3));
  assert.equal(refused.rejection?.code, "header-seal");
  const full = worldOf("full");
  assert.equal(giveHeaders(full, spoiled(100)).rejection?.code, "header-seal");
});

test("a proof that proves nothing is refused with its rule, and no header is kept", () => {
  const run = chain.slice(0, runLength);
  const target = run.at(-2)!;
  const good = builder.certificateFor(target);
  const forged = good.signers.map((each) => ({ ...each, signature: new Uint8Array(64) }));
  const cases: [string, ReturnType<typeof builder.certificateFor>][] = [
    ["certificate-quorum", builder.certificateFor(target, [0, 1])],
    ["certificate-signature", encodeCertificate({ ...good, signers: forged })],
    ["certificate-set", builder.certificateOf(good.data, old.slice(0, 3), [0, 1, 2])],
    ["block-certificate", builder.certificateFor(target, undefined, { sourceSlot: 7 })],
  ];
  for (const [code, certificate] of cases) {
    // The header commits to it: whoever made the block lies, not whoever passed it on.
    const last = builder.block(target, { certificate });
    const world = worldOf("certified");
    const { accepted, rejection } = giveHeaders(world, [...run.slice(0, -1), last]);
    assert.deepEqual([accepted, rejection?.code], [0, code]);
    assert.equal(world.chain.sizes.nodes, 1);
    assert.equal(world.chain.ranges.uncheckedHeight, 0);
  }
  const world = worldOf("certified");
  const other = () => encodeBody(builder.certificateFor(chain[5]!).bytes, []);
  const mutated = giveHeaders(world, run, { bodyOf: other });
  assert.deepEqual([mutated.accepted, mutated.rejection?.code], [0, "body-mismatch"]);
  assert.equal(giveHeaders(world, run).accepted, runLength, "nobody holds it against the header");
});

test("a certificate over a gap proves nothing, nor does a short run, nor one off our chain", () => {
  const gap = builder.certified(genesis, 1);
  for (let i = 0; i < runLength; i++) {
    const parent = gap.at(-1)!;
    const certificate = builder.certificateFor(parent);
    gap.push(builder.block(parent, { slot: parent.slot + 2, certificate }));
  }
  const world = worldOf("certified");
  const carrierOf = (run: readonly Built[]) =>
    world.chain.ranges.carrierOf(run.map(({ sealed }) => sealed));
  assert.equal(carrierOf(gap), undefined);
  assert.equal(carrierOf(chain.slice(0, certifiedRangeMin)), undefined);
  assert.equal(carrierOf(chain.slice(10, 10 + runLength)), undefined);
  assert.notEqual(carrierOf(chain.slice(0, runLength)), undefined);
});

test("what a quorum certified is executed all the same: a wrong state is refused", () => {
  const lie = builder.block(chain[49]!, {
    certificate: builder.certificateFor(chain[49]!),
    lie: { stateRoot: new Uint8Array(32).fill(9) },
  });
  const run = [...chain.slice(0, 50), lie, ...builder.certified(lie, 200)];
  for (const mode of ["full", "certified"] as const) {
    const world = worldOf(mode);
    assert.equal(give(world, run)[0], "block-state-root", mode);
    assert.equal(world.chain.head.hash, chain[49]!.hash);
  }
});

test("which seals were not checked is known after a restart, also in mode full", () => {
  const world = worldOf("certified");
  give(world, chain.slice(0, runLength));
  world.persisted();
  const again = world.restarted(undefined, { trust: { verify: "full" } });
  assert.equal(again.chain.ranges.uncheckedHeight, world.chain.ranges.uncheckedHeight);
  assert.ok(again.chain.ranges.uncheckedHeight > 0);
  assert.equal(again.chain.ranges.carrierOf(chain.slice(256).map((b) => b.sealed)), undefined);
});
