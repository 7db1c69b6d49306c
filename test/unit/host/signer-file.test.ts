import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import test from "node:test";
import { hexBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { floorHeaderBytes, floorRecordBytes } from "../../../src/host/floor-records.ts";
import type { HostError } from "../../../src/host/host-error.ts";
import { sealPreimage } from "../../../src/model/header.ts";
import { blockHashOf } from "../../../src/model/ids.ts";
import { votePreimage } from "../../../src/model/vote.ts";
import {
  blockHash,
  breakFile,
  floorPath,
  floors,
  genesisHash,
  lastRecord,
  onChain,
  openSigner,
  publicKey,
  refusal,
  sealOf,
  signed,
  voteOf,
} from "./signer-bench.ts";
import { inFolder } from "./temporary-folder.ts";

test("seals and votes verify under the preimages of the spec", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const key = hexBytes(publicKey);
    const seal = await signed(signer, sealOf(5));
    assert.ok(
      ed25519.verify(seal, sealPreimage(genesisHash, blockHashOf(blockHash(5))), key),
      "seal",
    );
    const request = voteOf(4, 5);
    const vote = await signed(signer, request);
    assert.ok(ed25519.verify(vote, votePreimage(genesisHash, request.data), key), "vote");
    await signer.close();
  }));

test("no slot is sealed twice, nor one below, whatever the block", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    await signed(signer, sealOf(5));
    assert.match(await refusal(signer, sealOf(5)), /not above the floor, 5/);
    assert.match(await refusal(signer, sealOf(5, blockHash(77))), /not above/);
    assert.match(await refusal(signer, sealOf(4)), /not above/);
    assert.match(await refusal(signer, sealOf(5.5)), /not above|5\.5/);
    assert.match(await refusal(signer, sealOf(6, new Uint8Array(31))), /31 bytes/);
    await signed(signer, sealOf(6));
    await signer.close();
  }));

test("targets of votes rise and sources never fall; the last vote alone is signed again", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const first = await signed(signer, voteOf(3, 7));
    assert.deepEqual(await signed(signer, voteOf(3, 7)), first);
    assert.match(await refusal(signer, voteOf(3, 7, 1)), /target slot 7 is not above the floor, 7/);
    assert.match(await refusal(signer, voteOf(4, 6)), /target slot 6 is not above/);
    assert.match(await refusal(signer, voteOf(2, 8)), /source slot 2 is below the floor, 3/);
    const second = await signed(signer, voteOf(3, 8));
    assert.match(await refusal(signer, voteOf(3, 7)), /target slot 7 is not above/);
    assert.deepEqual(await signed(signer, voteOf(3, 8)), second);
    assert.deepEqual(signer.floors, floors(0, 3, 8));
    await signer.close();
    const again = await openSigner(folder, onChain(9));
    const size = readFileSync(floorPath(folder)).length;
    assert.deepEqual(await signed(again, voteOf(3, 8)), second, "after a restart, too");
    assert.equal(readFileSync(floorPath(folder)).length, size, "and nothing is written for it");
    await again.close();
  }));

test("votes that are no votes are refused", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const { data } = voteOf(3, 7);
    const vote = (bytes: Uint8Array) => ({ ...voteOf(3, 7), data: bytes });
    assert.match(await refusal(signer, vote(data.subarray(1))), /79 bytes/);
    assert.match(await refusal(signer, vote(new Uint8Array(80))), /before the target/);
    assert.match(await refusal(signer, vote(new Uint8Array(80).fill(255))), /2\^53/);
    assert.deepEqual(signer.floors, floors(0, 0, 0));
    await signer.close();
  }));

test("seals and votes have floors of their own", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    await signed(signer, voteOf(3, 7));
    await signed(signer, sealOf(5));
    await signed(signer, voteOf(3, 8));
    await signed(signer, sealOf(6));
    assert.deepEqual(signer.floors, floors(6, 3, 8));
    await signer.close();
    const again = await openSigner(folder, onChain(9));
    assert.deepEqual(again.floors, floors(6, 3, 8));
    assert.equal(again.isFresh, false);
    await again.close();
  }));

test("of requests that contradict each other at once only the first is signed", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const requests = [sealOf(5), voteOf(3, 7), sealOf(5, blockHash(6)), voteOf(3, 7, 1)];
    const answers = await Promise.all(requests.map((request) => signer.sign(request)));
    assert.deepEqual(
      answers.map((answer) => "refused" in answer),
      [false, false, true, true],
    );
    await signer.close();
  }));

test("what is signed is what was asked, even if the asker reuses its bytes", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const request = voteOf(3, 7);
    const original = request.data.slice();
    const answer = signer.sign(request);
    request.data.fill(1);
    const signature = await answer;
    assert.ok(signature instanceof Uint8Array);
    assert.ok(ed25519.verify(signature, votePreimage(genesisHash, original), hexBytes(publicKey)));
    await signer.close();
  }));

test("the record is on disk before the key is used, and holds when the process dies there", () =>
  inFolder(async (folder) => {
    const atSigning: unknown[] = [];
    const dying = {
      ...ed25519,
      sign: (): Uint8Array => {
        const { sealSlot, sourceSlot, targetSlot } = lastRecord(folder);
        atSigning.push(floors(sealSlot, sourceSlot, targetSlot));
        throw new Error("killed");
      },
    };
    const signer = await openSigner(folder, undefined, { signatures: dying });
    await assert.rejects(signer.sign(sealOf(5)), /killed/);
    await assert.rejects(signer.sign(voteOf(3, 7)), /killed/);
    assert.deepEqual(atSigning, [floors(5, 0, 0), floors(5, 3, 7)]);
    await signer.close();
    const again = await openSigner(folder, onChain(8));
    assert.match(await refusal(again, sealOf(5, blockHash(6))), /floor, 5/);
    assert.match(await refusal(again, voteOf(3, 7, 1)), /floor, 7/);
    await signed(again, voteOf(3, 7));
    await again.close();
  }));

test("a failed write is a refusal, and nothing is signed until the next start", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    await signed(signer, voteOf(3, 7));
    await breakFile(signer);
    assert.match(await refusal(signer, sealOf(5)), /could not be recorded/);
    assert.match(await refusal(signer, sealOf(6)), /could not be recorded/);
    assert.match(await refusal(signer, voteOf(3, 8)), /could not be recorded/);
    assert.match(await refusal(signer, voteOf(3, 7)), /could not be recorded/, "not even again");
    await signer.close();
    const again = await openSigner(folder, onChain(8));
    await signed(again, voteOf(3, 8));
    await again.close();
  }));

test("a write that fails while the file is made anew is a refusal as well", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const inside = signer as unknown as { recordCount: number; path: string };
    inside.recordCount = 8192;
    const path = inside.path;
    inside.path = `${folder}/none/floor`;
    assert.match(await refusal(signer, sealOf(5)), /could not be recorded/);
    assert.match(await refusal(signer, voteOf(3, 7)), /could not be recorded/);
    inside.path = path;
    await signer.close();
    const again = await openSigner(folder, onChain(8));
    assert.deepEqual(again.floors, floors(0, 0, 0), "nothing left, so nothing was lost");
    await again.close();
  }));

test("told to be silent it signs nothing more, not even what is being written", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const { file } = signer as unknown as { file: { datasync(): Promise<void> } };
    const datasync = file.datasync.bind(file);
    file.datasync = () => {
      signer.silence("somebody else signs");
      return datasync();
    };
    const [writing, waiting] = [signer.sign(sealOf(5)), signer.sign(voteOf(3, 7))];
    assert.deepEqual(await writing, { refused: "somebody else signs" });
    assert.deepEqual(await waiting, { refused: "somebody else signs" });
    assert.deepEqual(signer.floors, floors(5, 0, 0), "its slot is used up");
    await signer.close();
  }));

test("one key signs in one process; another network has floors of its own", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    const isInUse = (error: HostError) => {
      assert.equal(error.code, "data-folder-in-use");
      assert.equal(error.exitCode, 3);
      assert.match(error.message, new RegExp(`validator\\.json \\(process ${process.pid}\\)`));
      assert.match(error.mend, /one node at a time/);
      return true;
    };
    await assert.rejects(openSigner(folder), isInUse);
    await assert.rejects(openSigner(folder, onChain(9, { amnesia: true })), isInUse);
    await signed(signer, voteOf(3, 7));
    const other = await openSigner(folder, undefined, { genesisHash: blockHash(4) });
    assert.deepEqual(other.floors, floors(0, 0, 0));
    assert.match(await refusal(other, sealOf(5)), /another network/);
    await signer.close();
    await other.close();
    const next = await openSigner(folder, onChain(8));
    assert.deepEqual(next.floors, floors(0, 3, 7), "the refused ones changed nothing");
    await next.close();
  }));

test("the file stays small however much is signed, and unreadable for others", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    (signer as unknown as { recordCount: number }).recordCount = 8192;
    await signed(signer, sealOf(1));
    await signed(signer, voteOf(0, 1));
    const path = floorPath(folder);
    assert.equal(readFileSync(path).length, floorHeaderBytes + 2 * floorRecordBytes);
    await signer.close();
    const again = await openSigner(folder, onChain(2));
    assert.deepEqual(again.floors, floors(1, 0, 1));
    assert.equal(readFileSync(path).length, floorHeaderBytes + floorRecordBytes);
    assert.equal(statSync(path).mode & 0o077, 0);
    await again.close();
  }));

test("a file that cannot be used is kept under another name when --signer-amnesia replaces it", () =>
  inFolder(async (folder) => {
    const signer = await openSigner(folder);
    await signed(signer, voteOf(3, 7));
    await signer.close();
    const path = floorPath(folder);
    const amnesia = onChain(50, { amnesia: true });
    for (const [index, text] of ["no floor file", "x".repeat(2_000_000)].entries()) {
      writeFileSync(path, text);
      await assert.rejects(openSigner(folder, onChain(50)), /damaged/);
      assert.equal(readFileSync(path, "utf8"), text, "a refusal changes nothing");
      const opened = await openSigner(folder, amnesia);
      assert.deepEqual(opened.floors, floors(51, 51, 51));
      assert.equal(opened.isFresh, false);
      await opened.close();
      assert.equal(readFileSync(`${path}.old-${index + 1}`, "utf8"), text);
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => /lock|new/.test(name)),
      [],
    );
    const kept = await openSigner(folder, onChain(60, { amnesia: true }));
    assert.deepEqual(kept.floors, floors(51, 51, 51), "with a whole file the flag does nothing");
    await kept.close();
  }));
