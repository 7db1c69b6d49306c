import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { hexBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { SignerFile, type SignerOptions } from "../../../src/host/signer-file.ts";
import { sealPreimage } from "../../../src/model/header.ts";
import { blockHashOf, publicKeyOf } from "../../../src/model/ids.ts";
import { inFolder } from "./temporary-folder.ts";

const seed = () => new Uint8Array(32).fill(9);
const publicKey = publicKeyOf(ed25519.publicKey(seed()));
const genesisHash = new Uint8Array(32).fill(3);

function open(folder: string, extra: Partial<SignerOptions> = {}): Promise<SignerFile> {
  return SignerFile.open(join(folder, "validator.json"), {
    key: { publicKey, seed: seed() },
    signatures: ed25519,
    genesisHash,
    floorIfMissing: 0,
    floorIfTorn: 1000,
    ...extra,
  });
}

const blockHash = (n: number) => new Uint8Array(32).fill(n);
const request = (slot: number, hash = blockHash(slot)) =>
  ({ type: "seal", slot, blockHash: hash, genesisHash }) as const;

const floorPath = (folder: string) =>
  join(folder, readdirSync(folder).find((name) => name.endsWith(".floor"))!);

async function refusal(signer: SignerFile, ...args: Parameters<typeof request>): Promise<string> {
  const answer = await signer.sign(request(...args));
  assert.ok("refused" in answer, "a refusal was expected");
  return answer.refused;
}

test("a seal verifies under the preimage of the spec", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    const seal = await signer.sign(request(5));
    assert.ok(seal instanceof Uint8Array);
    const preimage = sealPreimage(genesisHash, blockHashOf(blockHash(5)));
    assert.ok(ed25519.verify(seal, preimage, hexBytes(publicKey)));
    await signer.close();
  }));

test("no slot is signed twice, nor one below, whatever the block", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    await signer.sign(request(5));
    assert.match(await refusal(signer, 5), /not above the floor, 5/);
    assert.match(await refusal(signer, 5, blockHash(77)), /not above/);
    assert.match(await refusal(signer, 4), /not above/);
    assert.match(await refusal(signer, 5.5), /not above/);
    assert.ok((await signer.sign(request(6))) instanceof Uint8Array);
    await signer.close();
  }));

test("of two requests for one slot at once only the first is signed", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    const answers = await Promise.all([
      signer.sign(request(5)),
      signer.sign(request(5, blockHash(6))),
    ]);
    assert.deepEqual(
      answers.map((answer) => "refused" in answer),
      [false, true],
    );
    await signer.close();
  }));

test("the floor survives a restart and a kill right after the answer", () =>
  inFolder(async (folder) => {
    const first = await open(folder);
    await first.sign(request(5));
    await first.sign(request(8));
    const killed = readFileSync(floorPath(folder));
    await first.close();
    const second = await open(folder);
    assert.equal(second.floor, 8);
    assert.match(await refusal(second, 8), /not above/);
    await second.close();
    writeFileSync(floorPath(folder), killed);
    const third = await open(folder);
    assert.equal(third.floor, 8);
    await third.close();
  }));

test("a tail cut at any byte, or changed, never lowers the floor below what is safe", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    for (const slot of [5, 8, 9]) await signer.sign(request(slot));
    const path = floorPath(folder);
    const whole = readFileSync(path);
    await signer.close();
    const lastAt = whole.length - 52;
    for (let length = lastAt; length < whole.length; length++) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const cut = await open(folder);
      // Cut between records it cannot be told from a shorter file: that is what fdatasync is for.
      assert.equal(cut.floor, length === lastAt ? 8 : 1000, `cut at ${length}`);
      await cut.close();
    }
    for (let at = lastAt; at < whole.length; at += 5) {
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ 0x10;
      writeFileSync(path, changed);
      const opened = await open(folder);
      assert.equal(opened.floor, 1000, `changed at ${at}`);
      await opened.close();
    }
  }));

test("a floor above the current slot stays when the tail is cut", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    for (const slot of [5000, 5001]) await signer.sign(request(slot));
    const path = floorPath(folder);
    const whole = readFileSync(path);
    await signer.close();
    writeFileSync(path, whole.subarray(0, -1));
    const opened = await open(folder);
    assert.equal(opened.floor, 5000);
    await opened.close();
  }));

test("damage before the end, another key and a cut header are refused", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    for (const slot of [5, 8, 9]) await signer.sign(request(slot));
    const path = floorPath(folder);
    const whole = readFileSync(path);
    await signer.close();
    const isUsage = (error: HostError) => error instanceof HostError && error.exitCode === 2;
    for (const at of [0, 20, 60, 83, 84 + 10, 84 + 52 + 10]) {
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ 1;
      writeFileSync(path, changed);
      await assert.rejects(open(folder), isUsage, `changed at ${at}`);
    }
    writeFileSync(path, whole.subarray(0, 50));
    await assert.rejects(open(folder), isUsage);
    writeFileSync(path, whole);
    const foreign = { publicKey: publicKeyOf(blockHash(1)), seed: seed() };
    await assert.rejects(open(folder, { key: foreign }), isUsage);
  }));

test("a missing file starts at the floor the caller thinks safe", () =>
  inFolder(async (folder) => {
    const signer = await open(folder, { floorIfMissing: 77 });
    assert.match(await refusal(signer, 77), /floor, 77/);
    await signer.close();
  }));

test("a failed write is a refusal, and nothing is signed until the next start", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    // Whatever the disk does, the handle is what fails: closed behind the signer's back.
    await (signer as unknown as { file: { close(): Promise<void> } }).file.close();
    assert.match(await refusal(signer, 5), /could not be written/);
    assert.match(await refusal(signer, 6), /could not be written/);
    await signer.close();
  }));

test("one key seals in one process; another network has a floor of its own", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    await assert.rejects(open(folder), (error: HostError) => {
      assert.equal(error.code, "data-folder-in-use");
      return true;
    });
    const other = await open(folder, { genesisHash: blockHash(4) });
    await signer.sign(request(5));
    assert.equal(other.floor, 0);
    assert.match(await refusal(other, 5), /another network/);
    await signer.close();
    await other.close();
  }));

test("the file stays small however many seals", () =>
  inFolder(async (folder) => {
    const signer = await open(folder);
    (signer as unknown as { recordCount: number }).recordCount = 16_384;
    await signer.sign(request(1));
    await signer.sign(request(2));
    assert.equal(readFileSync(floorPath(folder)).length, 84 + 2 * 52);
    await signer.close();
    const again = await open(folder);
    assert.equal(again.floor, 2);
    assert.equal(readFileSync(floorPath(folder)).length, 84 + 52);
    await again.close();
  }));
