/** What the API says of finality, validators and evidence, over a real node in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import { finalityKey } from "../../../src/chain/records.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { verifyFinality } from "../../../src/finality/finality-proof.ts";
import { ChainReader } from "../../../src/host/chain-reader.ts";
import { evidenceSlot, voteFault } from "../../../src/model/evidence.ts";
import { approveFields, proposeFields } from "../../../src/model/governance.ts";
import { blockHashOf, idBytes, publicKeyOf } from "../../../src/model/ids.ts";
import { signTransaction } from "../../../src/model/transaction.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { SoloNode } from "../../support/solo-node.ts";
import { appOf, ask, post, solo } from "./api-under-test.ts";

const genesisId = (node: SoloNode) => idBytes(node.node.queries.info().genesisHash);
const keyOf = (fill: number) => publicKeyOf(ed25519.publicKey(new Uint8Array(32).fill(fill)));
const finalityOf = (ref: string | number, app = appOf(solo)) =>
  ask(`/api/blockchain/finality/${ref}`, app);

/** A proposal of the lone validator passes at once. */
async function proposeAdd(node: SoloNode, app: ReturnType<typeof appOf>, key = keyOf(99)) {
  const change = { action: "add", validator: key, rank: undefined, force: false } as const;
  const sender = publicKeyOf(ed25519.publicKey(node.validatorSeed));
  const terms = { sender, nonce: 0n, fee: 1n, validUntilSlot: 0 };
  const sign = (preimage: Uint8Array) => ed25519.sign(node.validatorSeed, preimage);
  const proposal = signTransaction(proposeFields(change, terms), genesisId(node), sign);
  return await ask(post({ transaction: toHex(proposal.bytes) }), app);
}

test("a block is final with a proof that a stranger can check, by hash and by height", async () => {
  for (const height of [0, 1, 2, 3, 4]) {
    const { json } = await finalityOf(height);
    const { hash, slot } = solo.node.queries.block(height) ?? { hash: json.hash, slot: json.slot };
    assert.deepEqual(
      [json.status, json.height, json.hash, json.slot, json.confirmations],
      ["final", height, hash, slot, 5 - height + 1],
    );
    assert.deepEqual((await finalityOf(json.hash)).json, json);
    const { proof } = json;
    assert.ok(proof.height >= height);
    const { validators } = solo.file;
    assert.deepEqual(proof.validators, {
      hash: toHex(validatorsHash(validators)),
      count: 1,
      signed: 1,
    });
    const bytes = { header: hexBytes(proof.header), certificate: hexBytes(proof.certificate) };
    assert.equal(verifyFinality(bytes, validators, genesisId(solo), ed25519), undefined);
    const other = [keyOf(99)];
    assert.equal(verifyFinality(bytes, other, genesisId(solo), ed25519)?.code, "header-validators");
  }
});

test("getFinalityProof gives what verifyFinality takes; blocks between hang by their hashes", async () => {
  const own = new SoloNode();
  own.runSlots(6);
  const { validators } = own.file;
  // As after a sync, where finality goes in leaps.
  for (const height of [1, 2]) own.records.delete(toHex(finalityKey(height)));
  const proof = await own.reader.getFinalityProof(1);
  assert.equal(proof?.height, 3);
  assert.equal(verifyFinality(proof, validators, genesisId(own), ed25519), undefined);
  const [one, two, three] = await own.reader.page(1, 3);
  assert.equal(three?.sealed.header.hash, proof.hash);
  assert.equal(three?.sealed.header.parentHash, two?.sealed.header.hash);
  assert.equal(two?.sealed.header.parentHash, one?.sealed.header.hash);
  assert.equal(await own.reader.getFinalityProof(6), undefined, "the head is not final");
  assert.equal(await own.reader.getFinalityProof(7), undefined, "nothing is there");
  const fresh = new SoloNode();
  assert.equal(await fresh.reader.getFinalityProof(0), undefined, "nobody voted yet");
  assert.equal((await finalityOf(0, appOf(fresh))).json.status, "final");
});

test("a proof on disk that is not of its block is our fault, never an answer", async () => {
  const own = new SoloNode();
  own.runSlots(5);
  const stray = own.records.get(toHex(finalityKey(3)));
  own.records.set(toHex(finalityKey(2)), stray!);
  await assert.rejects(own.reader.getFinalityProof(2), /proof of block 2/);
});

test("every hash has a standing: unknown, orphan, fork, canonical, justified", async () => {
  const unknown = await finalityOf("00".repeat(32));
  assert.equal(unknown.status, 200);
  const { status, height, confirmations, proof } = unknown.json;
  assert.deepEqual([status, height, confirmations, proof], ["unknown", null, 0, null]);
  assert.deepEqual((await finalityOf(6)).json.status, "unknown");
  const justified = (await finalityOf(5)).json;
  assert.deepEqual([justified.status, justified.proof], ["justified", null]);

  const { queries } = solo.node;
  const head = queries.head();
  const memory = Object.assign(Object.create(queries) as typeof queries, {
    isOrphan: (hash: string) => hash === "11".repeat(32),
    // Beside the one at its height.
    block: (ref: string | number) =>
      ref === head.hash ? { ...head } : queries.block(ref as number),
    justified: () => queries.block(4)!,
  });
  const load = (keys: readonly Uint8Array[]) =>
    Promise.resolve(keys.map((key) => solo.records.get(toHex(key))));
  const app = appOf(solo, { api: { reader: new ChainReader(memory, { load }) } });
  assert.equal((await finalityOf("11".repeat(32), app)).json.status, "orphan");
  const fork = (await finalityOf(head.hash, app)).json;
  assert.deepEqual([fork.status, fork.height, fork.confirmations], ["fork", 5, 0]);
  assert.equal((await finalityOf(5, app)).json.status, "canonical");
});

test("validators are shown with what they do, and changes on their way to finality", async () => {
  const own = new SoloNode();
  const app = appOf(own);
  own.runSlots(3);
  const validators = async () => (await ask("/api/validators", app)).json;
  const [key] = own.file.validators;
  const alone = await validators();
  assert.deepEqual(alone.validators, [
    {
      rank: 0,
      key,
      lastSealSlot: 3,
      lastVoteSlot: 3,
      missedSlots: 0,
      jailed: false,
      self: true,
    },
  ]);
  assert.deepEqual(
    [alone.quorum, alone.height, alone.pending, alone.queue, alone.proposals, alone.jailed],
    [1, 3, null, [], [], []],
  );
  assert.equal((await proposeAdd(own, app)).status, 202);
  own.runSlots(1);
  const change = { action: "add", validator: keyOf(99), rank: null, force: false };
  const pending = { ...change, fromEvidence: false, queuedAt: 4 };
  assert.deepEqual((await validators()).pending, pending);
  own.runSlots(3);
  const two = await validators();
  assert.deepEqual([two.pending, two.quorum], [null, 2]);
  assert.deepEqual(two.validators[1], {
    rank: 1,
    key: keyOf(99),
    lastSealSlot: null,
    lastVoteSlot: null,
    missedSlots: two.validators[1].missedSlots,
    jailed: false,
    self: false,
  });
  own.runSlots(10);
  const later = await validators();
  assert.ok(later.validators[1].missedSlots >= 4, "it leads every second slot, and is not there");
  assert.equal(later.validators[0].missedSlots, 0);
});

test("what is open is shown with its approvals", async () => {
  const own = new SoloNode(4);
  const app = appOf(own);
  own.runSlots(4);
  assert.equal((await proposeAdd(own, app)).status, 202);
  own.runSlots(4);
  const { proposals, quorum } = (await ask("/api/validators", app)).json;
  const [open] = proposals;
  const { id, slot, ...rest } = open;
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.ok(slot > 4);
  const [proposer] = own.file.validators;
  const change = { action: "add", validator: keyOf(99), rank: null, force: false };
  assert.deepEqual(rest, { ...change, proposer, approvals: [proposer] });
  assert.equal(quorum, 3);
  const terms = { sender: proposer!, nonce: 1n, fee: 1n, validUntilSlot: 0 };
  const twice = signTransaction(approveFields(id, terms), genesisId(own), (preimage) =>
    ed25519.sign(own.validatorSeed, preimage),
  );
  const refused = await ask(post({ transaction: toHex(twice.bytes) }), app);
  assert.deepEqual([refused.status, refused.json.code], [422, "transaction-governance"]);
});

test("evidence is shown whole, and whether the chain has punished it", async () => {
  assert.deepEqual((await ask("/api/evidence")).json, { evidence: [] });
  const vote = (fill: number) => ({
    sourceSlot: 0,
    sourceHash: blockHashOf(new Uint8Array(32)),
    targetSlot: 3,
    targetHash: blockHashOf(new Uint8Array(32).fill(fill)),
    signature: new Uint8Array(64).fill(fill),
  });
  const evidence = voteFault(keyOf(99), vote(1), vote(2))!;
  const queries = Object.create(solo.node.queries);
  queries.evidence = () => [{ evidence, included: true }];
  const answer = (await ask("/api/evidence", appOf(solo, { api: { queries } }))).json;
  assert.deepEqual(answer.evidence, [
    {
      validator: keyOf(99),
      kind: "double-vote",
      slot: evidenceSlot(evidence),
      included: true,
      hex: toHex(evidence.bytes),
    },
  ]);
});

test("metrics answer", async () => {
  const { json } = await ask("/api/metrics");
  assert.deepEqual([json.height, json.slot, json.votes, json.finalized], [5, 5, 5, 4]);
  assert.deepEqual(
    [json.justifiedLag, json.finalizedLag],
    [
      { slots: 0, blocks: 0 },
      { slots: 1, blocks: 1 },
    ],
  );
  assert.equal(json.timeToFinalityMs.count, 4);
});
