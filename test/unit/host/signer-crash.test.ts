/** Signers that die, restart and forget: whatever is left on disk, no two signatures are evidence. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import type { SignRequest } from "../../../src/edge/effect.ts";
import {
  decodeFloorFile,
  encodeFloorRecord,
  floorHeaderBytes,
  floorRecordBytes,
} from "../../../src/host/floor-records.ts";
import { HostError } from "../../../src/host/host-error.ts";
import type { SignerFile } from "../../../src/host/signer-file.ts";
import { startOf } from "../../../src/host/signer-start.ts";
import { encodeEvidence, evidenceTypes } from "../../../src/model/evidence.ts";
import { encodeHeader, type Header } from "../../../src/model/header.ts";
import { blockHashOf, idBytes } from "../../../src/model/ids.ts";
import { decodeVoteData } from "../../../src/model/vote.ts";
import {
  breakFile,
  floorPath,
  floors,
  lastRecord,
  onChain,
  openSigner,
  owner,
  publicKey,
  refusal,
  sealOf,
  signed,
  voteOf,
} from "./signer-bench.ts";
import { inFolder } from "./temporary-folder.ts";

/** The floors that a signature needs to be under from then on. */
function needOf(request: SignRequest) {
  if (request.type === "seal") return floors(request.slot, 0, 0);
  assert.equal(request.type, "vote");
  const vote = decodeVoteData(request.data);
  assert.ok(!("problem" in vote));
  return floors(0, vote.sourceSlot, vote.targetSlot);
}

function assertAbove(held: ReturnType<typeof floors>, request: SignRequest, what: string): void {
  const need = needOf(request);
  assert.ok(held.sealSlot >= need.sealSlot, `${what}: seal ${JSON.stringify({ held, need })}`);
  assert.ok(
    held.sourceSlot >= need.sourceSlot,
    `${what}: source ${JSON.stringify({ held, need })}`,
  );
  assert.ok(
    held.targetSlot >= need.targetSlot,
    `${what}: target ${JSON.stringify({ held, need })}`,
  );
}

const requests: readonly SignRequest[] = [
  ...[sealOf(1), voteOf(0, 1), voteOf(1, 2), sealOf(3), voteOf(1, 3)],
  ...[voteOf(3, 4), sealOf(6), voteOf(4, 6), voteOf(4, 7)],
];

test("every prefix of the file holds the floors of every signature given out before", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const given: { readonly request: SignRequest; readonly length: number }[] = [];
    for (const request of requests) {
      await signed(signer, request);
      given.push({ request, length: readFileSync(floorPath(folder)).length });
    }
    const path = floorPath(folder);
    const whole = readFileSync(path);
    await signer.close();
    assert.equal(whole.length, floorHeaderBytes + (1 + requests.length) * floorRecordBytes);
    const situation = onChain(8);
    for (let length = 0; length <= whole.length; length++) {
      const found = decodeFloorFile(whole.subarray(0, length), owner);
      if (length < floorHeaderBytes + floorRecordBytes) {
        assert.throws(() => startOf(found, situation, path), HostError, `cut at ${length}`);
        continue;
      }
      const { type, record } = startOf(found, situation, path);
      const isBetween = (length - floorHeaderBytes) % floorRecordBytes === 0;
      // Between two records it cannot be told from a shorter file: that is what fdatasync is for.
      assert.equal(type, isBetween ? "kept" : "torn", `cut at ${length}`);
      for (const each of given) {
        if (each.length <= length) assertAbove(record, each.request, `cut at ${length}`);
      }
    }
    for (let length = floorHeaderBytes + floorRecordBytes; length < whole.length; length += 47) {
      writeFileSync(path, whole.subarray(0, length));
      const cut = await openSigner(folder, situation);
      await cut.close();
      const again = await openSigner(folder, situation);
      assert.equal(again.start.type, "kept", "what a cut raised is durable");
      assert.deepEqual(again.floors, cut.floors);
      for (const { request } of given.filter((each) => each.length <= length)) {
        if (request.type === "seal") await refusal(again, request);
      }
      await signed(again, voteOf(8, 10));
      await again.close();
    }
  }));

test("a changed byte lowers no floor that matters: refused, or raised past now", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    for (const request of requests) await signed(signer, request);
    const whole = readFileSync(floorPath(folder));
    await signer.close();
    const lastAt = whole.length - floorRecordBytes;
    for (let at = 0; at < whole.length; at++) {
      const changed = Uint8Array.from(whole);
      changed[at] = changed[at]! ^ 0x10;
      const found = decodeFloorFile(changed, owner);
      if (at < lastAt) {
        assert.equal(found.type, "damaged", `changed at ${at}`);
        continue;
      }
      const { type, record } = startOf(found, onChain(8), "");
      assert.equal(type, "torn");
      const { sealSlot, sourceSlot, targetSlot } = record;
      assert.deepEqual(floors(sealSlot, sourceSlot, targetSlot), floors(9, 4, 9));
    }
  }));

type Step =
  | { readonly type: "seal"; readonly back: number; readonly branch: number }
  | {
      readonly type: "vote";
      readonly back: number;
      readonly length: number;
      readonly branch: number;
    }
  | { readonly type: "wait"; readonly slots: number }
  | { readonly type: "restart"; readonly how: Restart; readonly bytes: number };
type Restart = "clean" | "cut" | "zeros" | "failed" | "lost" | "damaged";

const small = (max: number) => fc.integer({ min: 0, max });
const branch = small(1);
const restarts: readonly Restart[] = ["clean", "cut", "zeros", "failed", "lost", "damaged"];
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("seal"), back: small(3), branch }) },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant("vote"), back: small(4), length: small(8), branch }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("wait"), slots: small(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("restart"),
      how: fc.constantFrom(...restarts),
      bytes: fc.integer({ min: 1, max: floorRecordBytes }),
    }),
  },
);

/** Two blocks a slot. */
function headerOf(slot: number, which: number): Header {
  const zeros = new Uint8Array(32);
  return encodeHeader({
    ...{ version: 1, engine: 0, txCount: 0, height: which + 1, slot, timestampMs: 0 },
    ...{ parentHash: blockHashOf(zeros), stateRoot: zeros, txRoot: zeros, receiptsRoot: zeros },
    ...{ certHash: zeros, justifiedSlot: 0, justifiedHash: blockHashOf(zeros) },
    ...{ validatorsHash: zeros, nextValidatorsHash: zeros, sealer: publicKey, bodyBytes: 4 },
    extra: new Uint8Array(24),
  });
}

/** One signer's life; `asked` holds what it would have signed had it no floors. */
class Life {
  readonly asked: { readonly request: SignRequest; readonly message: Uint8Array }[] = [];
  readonly given: { readonly request: SignRequest; readonly message: Uint8Array }[] = [];
  private now = 1;
  private readonly folder: string;
  private signer: SignerFile;

  private constructor(folder: string, signer: SignerFile) {
    this.folder = folder;
    this.signer = signer;
  }

  static async begin(folder: string): Promise<Life> {
    return new Life(folder, await openSigner(folder, onChain(1, { isStoreFresh: true })));
  }

  async take(next: Step): Promise<void> {
    switch (next.type) {
      case "wait":
        this.now += next.slots;
        return;
      case "seal": {
        const slot = Math.max(1, this.now - next.back);
        const { hash, bytes } = headerOf(slot, next.branch);
        return await this.ask(sealOf(slot, idBytes(hash)), bytes);
      }
      case "vote": {
        const target = Math.max(1, this.now - next.back);
        const request = voteOf(Math.max(0, target - 1 - next.length), target, next.branch);
        return await this.ask(request, request.data);
      }
      case "restart":
        return await this.restart(next.how, next.bytes);
    }
  }

  end(): Promise<void> {
    return this.signer.close();
  }

  private async ask(request: SignRequest, body: Uint8Array): Promise<void> {
    this.asked.push({ request, message: concatBytes(body, new Uint8Array(64)) });
    const answer = await this.signer.sign(request);
    if (answer instanceof Uint8Array) {
      this.given.push({ request, message: concatBytes(body, answer) });
    }
  }

  private async restart(how: Restart, count: number): Promise<void> {
    const path = floorPath(this.folder);
    if (how === "failed") {
      await breakFile(this.signer);
    }
    await this.signer.close();
    if (how === "cut") appendFileSync(path, this.unfinished().subarray(0, count));
    if (how === "zeros") appendFileSync(path, new Uint8Array(count));
    if (how === "lost") rmSync(path);
    if (how === "damaged") writeFileSync(path, readFileSync(path).subarray(0, count));
    const amnesia = how === "lost" || how === "damaged";
    this.signer = await openSigner(this.folder, onChain(this.now, { amnesia }));
    for (const { request } of this.given) assertAbove(this.signer.floors, request, how);
  }

  /** A record that was being written, and so never signed for. */
  private unfinished(): Uint8Array {
    const last = lastRecord(this.folder);
    const target = last.targetSlot + 1;
    const voteData = voteOf(last.sourceSlot, target, 1).data;
    const sequence = last.sequence + 1;
    return encodeFloorRecord({ ...last, sequence, targetSlot: target, voteData });
  }
}

function evidenceIn(messages: Life["given"]): boolean {
  return messages.some(({ request, message }, index) =>
    messages.slice(0, index).some((before) => {
      if (before.request.type !== request.type) return false;
      const types =
        request.type === "seal"
          ? [evidenceTypes.doubleSeal]
          : [evidenceTypes.doubleVote, evidenceTypes.surround];
      return types.some(
        (type) => !("code" in encodeEvidence(type, publicKey, before.message, message)),
      );
    }),
  );
}

test("no requests and restarts make it sign two messages that are evidence", async () => {
  let signatures = 0;
  let cheats = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) =>
    inFolder(async (folder) => {
      const life = await Life.begin(folder);
      for (const each of steps) await life.take(each);
      await life.end();
      assert.ok(!evidenceIn(life.given), "two signatures are evidence");
      signatures += life.given.length;
      if (evidenceIn(life.asked)) cheats++;
    }),
  );
  await fc.assert(property, { seed: 1, numRuns: 80 });
  assert.ok(signatures > 300, `${signatures} signatures were given`);
  assert.ok(cheats > 40, `in ${cheats} runs it was asked for evidence`);
});
