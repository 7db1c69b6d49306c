import assert from "node:assert/strict";
import test from "node:test";
import {
  encodeAnchor,
  encodeNode,
  encodeRef,
  metaKey,
  nodeKey,
} from "../../../src/chain/records.ts";
import { emptyImage, type StoreImage } from "../../../src/edge/store-image.ts";
import { bareRecord, type FloorFile } from "../../../src/host/floor-records.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { makeNetwork } from "../../../src/host/network-maker.ts";
import {
  type SignerSituation,
  situationOf,
  startNotice,
  startOf,
} from "../../../src/host/signer-start.ts";
import { MemoryImage } from "../../../src/host/store-preload.ts";
import { encodeHeader } from "../../../src/model/header.ts";
import { type Address, blockHashOf, type PublicKey, publicKeyOf } from "../../../src/model/ids.ts";
import type { NetworkFile } from "../../../src/model/network-file.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { blockHash, floors, onChain, publicKey, voteOf } from "./signer-bench.ts";

const foreign: FloorFile = { type: "foreign" };
const damaged: FloorFile = { type: "damaged" };
const fresh = { isStoreFresh: true };
const alone = { isAlone: true };
const amnesia = { amnesia: true };

function startAt(found: FloorFile | undefined, situation: SignerSituation) {
  const { type, record } = startOf(found, situation, "/keys/validator.json.floor");
  const { sealSlot, sourceSlot, targetSlot } = record;
  return [type, sealSlot, sourceSlot, targetSlot];
}

test("a missing file on a fresh store, or of a lone validator, starts at now and is fresh", () => {
  assert.deepEqual(startAt(undefined, onChain(50, fresh)), ["fresh", 50, 0, 50]);
  assert.deepEqual(startAt(undefined, onChain(50, alone)), ["fresh", 50, 0, 50]);
  assert.deepEqual(startAt(undefined, onChain(0, fresh)), ["fresh", 0, 0, 0]);
});

test("without knowing what was signed on a chain it refuses, and names --signer-amnesia", () => {
  const cases: readonly (readonly [FloorFile | undefined, SignerSituation, RegExp])[] = [
    [undefined, onChain(50), /no record of what this validator has signed/],
    [damaged, onChain(50), /is damaged/],
    [damaged, onChain(50, fresh), /is damaged/],
    [damaged, onChain(50, alone), /is damaged/],
    [foreign, onChain(50), /belongs to another key or network/],
  ];
  for (const [found, situation, says] of cases) {
    assert.throws(
      () => startAt(found, situation),
      (error: unknown) => {
        assert.ok(error instanceof HostError);
        assert.equal(error.exitCode, 2);
        assert.match(error.message, says);
        assert.match(error.message, /\/keys\/validator\.json\.floor/);
        assert.match(error.mend, /--signer-amnesia/);
        return true;
      },
    );
  }
});

test("with --signer-amnesia everything up to the next slot counts as signed", () => {
  for (const found of [undefined, damaged, foreign]) {
    assert.deepEqual(startAt(found, onChain(50, amnesia)), ["amnesia", 51, 51, 51]);
    const lone = onChain(50, { ...amnesia, ...alone });
    assert.deepEqual(startAt(found, lone), ["amnesia", 51, 0, 51]);
  }
  // A key restored into a new folder: the store knows nothing, the operator does.
  const moved = onChain(50, { ...amnesia, ...fresh });
  assert.deepEqual(startAt(undefined, moved), ["amnesia", 51, 51, 51]);
  const first = onChain(0, { ...amnesia, ...fresh });
  assert.deepEqual(startAt(undefined, first), ["fresh", 0, 0, 0], "nobody can have signed yet");
});

const last = { ...bareRecord(floors(20, 15, 19), 7), voteData: voteOf(15, 19).data };
const records = (isTorn: boolean, version: 1 | 2 = 2): FloorFile => ({
  type: "records",
  version,
  last,
  isTorn,
});

test("a whole file is kept whatever else is so, and a cut one raised but for its source", () => {
  for (const more of [{}, fresh, alone, amnesia]) {
    const situation = onChain(50, more);
    assert.deepEqual(startAt(records(false), situation), ["kept", 20, 15, 19]);
    assert.deepEqual(startAt(records(false, 1), situation), ["upgraded", 20, 15, 19]);
    assert.deepEqual(startAt(records(true), situation), ["torn", 51, 15, 51]);
  }
  assert.deepEqual(startAt(records(true), onChain(18)), ["torn", 20, 15, 19], "a clock behind");
  const torn = startOf(records(true), onChain(50), "");
  assert.deepEqual(torn.record.voteData, last.voteData, "the last vote may still be sent again");
  assert.equal(torn.record.sequence, 7);
});

test("the log says what is not the usual start", () => {
  const notice = (found: FloorFile | undefined, situation: SignerSituation) =>
    startNotice(startOf(found, situation, ""), situation.amnesia);
  assert.equal(notice(records(false), onChain(50)), undefined);
  assert.equal(notice(undefined, onChain(50, fresh)), undefined);
  assert.match(notice(records(true), onChain(50))!.text, /cut.*up to slot 51/);
  const forgotten = notice(undefined, onChain(50, amnesia))!;
  assert.equal(forgotten.level, "warn");
  assert.match(forgotten.text, /FORGOTTEN.*seals nothing up to slot 51.*slot 51 or later/);
  assert.match(notice(records(false), onChain(50, amnesia))!.text, /had no effect/);
});

const other = publicKeyOf(blockHash(7));

function network(...validators: readonly PublicKey[]): NetworkFile {
  const accounts = [{ address: "11".repeat(32) as Address, balance: 1n }];
  const plan = { name: "t", validators, accounts, genesisTimeMs: 1000, slotMs: 1000 };
  const made = makeNetwork(plan);
  assert.ok(!("errors" in made), "a valid plan");
  return made.file;
}

/** A store whose head is in `slot`, followed by blocks of `next`; at the anchor or above it. */
function storeWith(
  slot: number,
  next: readonly PublicKey[],
  where: "anchor" | "above",
): StoreImage {
  const zeros = new Uint8Array(32);
  const header = encodeHeader({
    ...{ version: 1, engine: 0, txCount: 0, height: 3, slot, timestampMs: 0 },
    ...{ parentHash: blockHashOf(zeros), stateRoot: zeros, txRoot: zeros, receiptsRoot: zeros },
    ...{ certHash: zeros, justifiedSlot: 0, justifiedHash: blockHashOf(zeros) },
    ...{ validatorsHash: zeros, nextValidatorsHash: validatorsHash(next) },
    ...{ sealer: publicKey, bodyBytes: 4, extra: new Uint8Array(24) },
  });
  const sealed = { header, seal: new Uint8Array(64) };
  const final = { height: 0, slot: 0, hash: header.parentHash };
  const head = [metaKey("head"), encodeRef(header)] as const;
  return new MemoryImage(
    where === "anchor"
      ? [head, [metaKey("anchor"), encodeAnchor({ sealed, final, finalizes: undefined })]]
      : [head, [nodeKey(header), encodeNode({ sealed, final, changes: [] })]],
  );
}

test("a store without a head is fresh; now is the clock's slot, or the head's if later", () => {
  const file = network(publicKey, other);
  const at = (image: StoreImage, wallMs: number) => situationOf(image, file, wallMs, false);
  const none = { isAlone: false, amnesia: false };
  assert.deepEqual(at(emptyImage, 51_000), { nowSlot: 50, isStoreFresh: true, ...none });
  assert.deepEqual(at(emptyImage, 0), { nowSlot: 0, isStoreFresh: true, ...none });
  for (const where of ["anchor", "above"] as const) {
    const image = storeWith(40, [publicKey, other], where);
    assert.deepEqual(at(image, 51_000), { nowSlot: 50, isStoreFresh: false, ...none });
    assert.deepEqual(at(image, 0), { nowSlot: 40, isStoreFresh: false, ...none });
  }
});

test("alone is who was alone at the start and still is at the head", () => {
  const isAlone = (image: StoreImage, file: NetworkFile) =>
    situationOf(image, file, 51_000, false).isAlone;
  const one = network(publicKey);
  assert.equal(isAlone(emptyImage, one), true);
  for (const where of ["anchor", "above"] as const) {
    assert.equal(isAlone(storeWith(40, [publicKey], where), one), true);
    assert.equal(isAlone(storeWith(40, [publicKey, other], where), one), false, "it has grown");
    const two = network(publicKey, other);
    assert.equal(isAlone(storeWith(40, [publicKey], where), two), false);
  }
  const lost = new MemoryImage([
    [metaKey("head"), encodeRef({ height: 3, hash: blockHashOf(blockHash(1)) })],
  ]);
  assert.equal(isAlone(lost, one), false, "a head that is not there says nothing");
});
