/** What a header may say about justification, and the certificate in the body that must agree. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateHash } from "../../../src/model/certificate.ts";
import type { HeaderFields } from "../../../src/model/header.ts";
import { type BlockHash, blockHashOf } from "../../../src/model/ids.ts";
import type { RuleCode } from "../../../src/model/rule-code.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);
const bob = sourceOf(2);
const nine = new Uint8Array(32).fill(9);
const zeros = new Uint8Array(32);

/** b2 carries the certificate of b1. */
const [b1, b2, b3] = builder.certified(genesis, 3) as [Built, Built, Built];
const other = builder.block(b1, { slot: 7 });

/** The verdict on a header that stands on b3, which holds b2 for justified. */
function headerCode(lie: Partial<HeaderFields>, on = b3): RuleCode | undefined {
  const world = new ChainWorld(builder);
  for (const block of [b1, b2, other, b3]) world.block(block);
  return world.headers([builder.block(on, { lie })]).rejection?.code;
}

const claims: readonly (readonly [string, RuleCode | undefined, Partial<HeaderFields>])[] = [
  [
    "raises nothing and carries nothing",
    undefined,
    { justifiedSlot: b2.slot, justifiedHash: b2.hash },
  ],
  [
    "raises to its parent and carries a certificate",
    undefined,
    { certHash: nine, justifiedSlot: b3.slot, justifiedHash: b3.hash },
  ],
  ["carries a certificate that raises nothing", "header-certificate", { certHash: nine }],
  [
    "raises justified and carries nothing",
    "header-certificate",
    { justifiedSlot: b3.slot, justifiedHash: b3.hash },
  ],
  [
    "changes only the hash of what is justified",
    "header-justified",
    { certHash: nine, justifiedSlot: b2.slot, justifiedHash: other.hash },
  ],
  [
    "changes only the slot of what is justified",
    "header-justified",
    { certHash: nine, justifiedSlot: b3.slot, justifiedHash: b2.hash },
  ],
  [
    "lowers justified",
    "header-justified",
    { certHash: nine, justifiedSlot: b1.slot, justifiedHash: b1.hash },
  ],
  [
    "goes back to genesis",
    "header-justified",
    { certHash: nine, justifiedSlot: 0, justifiedHash: blockHashOf(zeros) },
  ],
  [
    "names a block that is no ancestor",
    "header-justified",
    { certHash: nine, justifiedSlot: other.slot, justifiedHash: other.hash },
  ],
  [
    "names a slot of its own future",
    "header-justified",
    { certHash: nine, justifiedSlot: 500, justifiedHash: "09".repeat(32) as BlockHash },
  ],
];
for (const [what, code, lie] of claims) {
  test(`a header that ${what} is ${code ?? "taken"}`, () => assert.equal(headerCode(lie), code));
}

test("a child of genesis cannot name genesis as justified", () => {
  const world = new ChainWorld(builder);
  const lie = { certHash: nine, justifiedHash: genesis.hash };
  const { rejection } = world.headers([builder.block(genesis, { lie })]);
  assert.equal(rejection?.code, "header-justified");
});

test("a source is final by a header only when its target is in the very next slot", () => {
  const world = new ChainWorld(builder);
  const near = builder.block(b1, { slot: 2, certificate: builder.certificateFor(b1) });
  const far = builder.block(b1, { slot: 3, certificate: builder.certificateFor(b1) });
  const onNear = builder.block(near, { slot: 9, certificate: builder.certificateFor(near) });
  const onFar = builder.block(far, { slot: 9, certificate: builder.certificateFor(far) });
  world.headers([b1, near, onNear]);
  world.headers([far, onFar]);
  const finalOf = ({ hash }: Built) => world.chain.node(hash)?.final.hash;
  assert.equal(finalOf(near), genesis.hash);
  assert.equal(finalOf(onNear), b1.hash);
  assert.equal(finalOf(onFar), genesis.hash);
  const after = builder.block(onNear);
  world.headers([after]);
  assert.equal(finalOf(after), b1.hash);
});

test("a header above the cap needs a certificate for its parent, and for no other block", () => {
  const world = new ChainWorld(builder);
  const plain = builder.chain(genesis, chainLimits.unfinalizedMax);
  const top = plain.at(-1)!;
  assert.equal(world.headers(plain).accepted, plain.length);
  const codeOf = (block: Built) => world.headers([block]).rejection?.code;
  assert.equal(codeOf(builder.block(top)), "header-cap");
  const below = builder.certificateFor(plain.at(-2)!);
  assert.equal(codeOf(builder.block(top, { certificate: below })), "header-cap");
  const certificate = builder.certificateFor(top);
  const above = builder.block(top, { certificate });
  assert.equal(codeOf(above), undefined);
  assert.equal(codeOf(builder.block(above)), "header-cap", "what is certified is not final yet");
  const twice = builder.block(above, { certificate: builder.certificateFor(above) });
  assert.equal(codeOf(twice), undefined);
  assert.equal(world.chain.node(twice.hash)?.final.hash, top.hash);
  assert.equal(codeOf(builder.block(twice)), undefined, "the cap moved up with finality");
});

const votersOf = [0, 1, 2];
const wrongSet = builder.file.validators.toReversed();
const right = {
  sourceSlot: b3.sealed.header.justifiedSlot,
  sourceHash: b3.sealed.header.justifiedHash,
  targetSlot: b3.slot,
  targetHash: b3.hash,
};
const forged = builder.certificateFor(b3).bytes.slice();
forged[forged.length - 1]! ^= 1;

/** Certificates in a block on b3 whose header commits to them and names b3. */
const carried: readonly (readonly [string, RuleCode, Uint8Array])[] = [
  ["for another block", "block-certificate", builder.certificateFor(b2).bytes],
  [
    "with the right hash and another slot",
    "block-certificate",
    builder.certificateFor(b3, votersOf, { targetSlot: 9 }).bytes,
  ],
  [
    "with another source",
    "block-certificate",
    builder.certificateFor(b3, votersOf, { sourceSlot: b1.slot, sourceHash: b1.hash }).bytes,
  ],
  ["of another set", "certificate-set", builder.certificateOf(right, wrongSet, votersOf).bytes],
  [
    "of a set of another size",
    "certificate-set",
    builder.certificateOf(right, builder.file.validators.slice(0, 3), [0, 1]).bytes,
  ],
  ["of too few", "certificate-quorum", builder.certificateFor(b3, [0, 1]).bytes],
  ["with a forged signature", "certificate-signature", forged],
  ["that is none", "certificate-malformed", builder.certificateFor(b3).bytes.subarray(0, 100)],
];
for (const [what, code, bytes] of carried) {
  test(`a block that carries a certificate ${what} is ${code}, and its giver is to blame`, () => {
    const world = new ChainWorld(builder);
    for (const block of [b1, b2, b3]) world.block(block, alice);
    const good = builder.block(b3, { certificate: builder.certificateFor(b3) });
    const body = new Uint8Array([0, 0, bytes.length >> 8, bytes.length & 255, ...bytes]);
    const lie = {
      ...good.sealed.header,
      certHash: certificateHash(bytes),
      bodyBytes: body.length,
    };
    const bad = builder.block(b3, { lie, body });
    assert.equal(world.headers([bad], alice).accepted, 1);
    const results = world.body(bad, bob);
    const verdict = results.find((result) => result.type === "rejected");
    assert.equal(verdict?.rejection.code, code);
    assert.ok(verdict?.source === bob && verdict.hash === bad.hash);
    assert.equal(world.chain.head.hash, b3.hash);
    assert.equal(world.chain.justified.hash, b2.hash);
    assert.equal(world.headers([builder.block(bad)]).rejection?.code, "header-parent-invalid");
  });
}

test("a body without the certificate that its header commits to convicts its giver alone", () => {
  const world = new ChainWorld(builder);
  for (const block of [b1, b2, b3]) world.block(block);
  const good = builder.block(b3, { certificate: builder.certificateFor(b3) });
  const [verdict] = world.block({ ...good, body: genesis.body }, bob);
  assert.ok(verdict?.type === "rejected" && verdict.rejection.code === "body-mismatch");
  world.body(good, alice);
  assert.equal(world.chain.head.hash, good.hash);
  assert.equal(world.chain.justified.hash, b3.hash);
});

test("the signatures of a carried certificate are checked by its set, unless all were seen", () => {
  const world = new ChainWorld(builder, { autoVerify: false });
  world.block(b1);
  const block = builder.block(b1, { certificate: builder.certificateFor(b1) });
  world.block(block, alice);
  assert.deepEqual(world.jobs[0]?.check.certifiers, builder.file.validators.slice(0, 3));
  world.verify();
  assert.equal(world.chain.head.hash, block.hash);
  const seen = new ChainWorld(builder, { autoVerify: false });
  seen.block(b1);
  seen.votes(b1, [0, 1, 2]);
  seen.block(block, alice);
  assert.equal(seen.jobs.length, 0, "they were checked as votes");
  assert.equal(seen.chain.head.hash, block.hash);
  const partly = new ChainWorld(builder, { autoVerify: false });
  partly.block(b1);
  partly.votes(b1, [0, 1]);
  partly.block(block, alice);
  assert.equal(partly.jobs[0]?.check.certifiers.length, 3);
});
