/** What a proof of a run of headers does not prove, one thing at a time; see certified-ranges.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RangeProof } from "../../../src/chain/certified-ranges.ts";
import type { Certificate } from "../../../src/model/certificate.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { type Built, dataFor } from "../../support/built.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";
import { builder, decided, old } from "../../support/joining-validator.ts";

const { genesis } = builder;
const peer = sourceOf(1);
/** Each but the last 40 is certified by its child. */
const certified = builder.certified(genesis, 160);
const run = [...certified, ...builder.chain(certified.at(-1)!, 40)];

const worldOf = () => new ChainWorld(builder, { trust: { verify: "certified" } });
const sealedOf = (blocks: readonly Built[]) => blocks.map(({ sealed }) => sealed);

function proofOf(world: ChainWorld, blocks: readonly Built[]): RangeProof | undefined {
  const carrier = world.chain.ranges.carrierOf(sealedOf(blocks));
  return blocks.find(({ hash }) => hash === carrier);
}

function give(world: ChainWorld, blocks: readonly Built[], proof = proofOf(world, blocks)) {
  const { accepted, rejection } = world.chain.importHeaders(sealedOf(blocks), peer, proof);
  return rejection?.code ?? accepted;
}

const unsealed = (blocks: readonly Built[], at: number) =>
  blocks.map((block, index) =>
    index === at ? { ...block, sealed: { ...block.sealed, seal: new Uint8Array(64) } } : block,
  );

test("a certificate for another block, be it in nothing else, proves nothing", () => {
  const target = certified.at(-1)!;
  const certificate = builder.certificateFor(target, undefined, { targetHash: run[5]!.hash });
  const lie = { justifiedHash: target.hash };
  const liar = builder.block(target, { certificate, lie });
  assert.equal(give(worldOf(), [...certified, liar]), "block-certificate");
});

test("a proof of a block that was not asked for certifies nothing, and is not blamed", () => {
  const world = worldOf();
  const other = certified[100]!;
  assert.notEqual(proofOf(world, run)?.hash, other.hash);
  assert.equal(give(world, run, other), run.length);
  assert.equal(world.chain.ranges.uncheckedHeight, 0);
});

test("what stands above the final block is checked in full, be it certified itself", () => {
  const carrier = run.findIndex(({ hash }) => hash === proofOf(worldOf(), run)?.hash);
  assert.equal(carrier, 159);
  // The carrier proves its grandparent final; it certifies its parent, which may still be undone.
  assert.equal(give(worldOf(), unsealed(run, carrier - 2)), run.length);
  assert.equal(give(worldOf(), unsealed(run, carrier - 1)), "header-seal");
});

test("transactions of a certified block are checked all the same", () => {
  const forged = builder.block(certified[3]!, { transactions: [builder.transfer(0, 1, 0, true)] });
  const blocks = [...certified.slice(0, 4), forged, ...builder.certified(forged, 200)];
  const world = worldOf();
  assert.equal(give(world, blocks), blocks.length);
  assert.ok(world.chain.node(forged.hash)?.isCertified);
  const said = blocks.slice(0, 5).flatMap((block) => world.body(block, peer));
  const codes = said.flatMap((each) => (each.type === "rejected" ? [each.rejection.code] : []));
  assert.deepEqual(codes, ["block-transaction-signature"]);
});

/** `count` blocks on `parent` as the old validators would make them, were they in charge again. */
function usurped(parent: Built, count: number): Built[] {
  const hash = validatorsHash(old);
  const blocks = [builder.block(parent, { lie: { nextValidatorsHash: hash } })];
  for (let n = 0; n < count; n++) {
    const at = blocks.at(-1)!;
    const certificate: Certificate | undefined =
      n === 0 ? undefined : builder.certificateOf(dataFor(at), old, [0, 1, 2]);
    const sealer = old[(at.slot + 1) % old.length]!;
    const lie = { validatorsHash: hash, nextValidatorsHash: hash, sealer };
    blocks.push(builder.block(at, { certificate, lie }));
  }
  return blocks;
}

test("a hand-over that was not executed is not believed, were it to validators of before", () => {
  const [first, ...rest] = builder.certified(genesis, 2);
  const decision = builder.block(rest[0]!, {
    transactions: decided(),
    certificate: builder.certificateFor(rest[0]!),
  });
  const blocks = [first!, ...rest, decision, ...builder.certified(decision, 6)];
  const top = blocks.at(-1)!;
  assert.equal(top.validators.length, 5);
  const world = worldOf();
  for (const block of blocks) world.block(block, peer);
  world.drain();
  assert.equal(world.chain.head.hash, top.hash);
  const headers = usurped(top, 200);
  assert.equal(world.chain.ranges.carrierOf(sealedOf(headers)), undefined);
  assert.equal(give(world, headers, headers.at(-1)!), "header-seal");
  assert.equal(world.chain.ranges.uncheckedHeight, 0);
});
