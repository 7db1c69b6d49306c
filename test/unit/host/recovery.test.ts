/** Recoveries and checkpoints as the operator gives them, and the signer that outlives them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { StoreRefused } from "../../../src/chain/adopt-recoveries.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { demandBuried, parseBlockRef } from "../../../src/host/checkpoint.ts";
import { readConfig } from "../../../src/host/config.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { readRecoveries, recoveryNotice } from "../../../src/host/recovery-files.ts";
import { sealPreimage } from "../../../src/model/header.ts";
import { type BlockHash, blockHashOf, idBytes } from "../../../src/model/ids.ts";
import { formatRecovery, type Recovery } from "../../../src/model/recovery.ts";
import { domainAt, signingDomain } from "../../../src/model/signing-domain.ts";
import {
  blockHash,
  floors,
  genesisHash,
  onChain,
  openSigner,
  publicKey,
  refusal,
  sealOf,
  signed,
  voteOf,
} from "./signer-bench.ts";
import { inFolder } from "./temporary-folder.ts";

const network = toHex(genesisHash) as BlockHash;
const hash = blockHashOf(blockHash(8));
const recovery: Recovery = {
  network,
  block: { height: 5, hash },
  validators: [publicKey],
  minSlot: 50,
  recoveryId: "77".repeat(32),
};
const second = {
  ...recovery,
  block: { height: 9, hash },
  minSlot: 90,
  recoveryId: "78".repeat(32),
};

const fails = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof HostError && error.code === code && says.test(`${error.message} ${error.mend}`);

test("a checkpoint is a height, a colon and a hash, and nothing else", () => {
  assert.deepEqual(parseBlockRef(`12:${hash}`), { height: 12, hash });
  assert.deepEqual(parseBlockRef(`0:${hash}`), { height: 0, hash });
  const bad = ["", "12", `12:${hash}:`, `-1:${hash}`, `01:${hash}`, `1e3:${hash}`, `12:${hash}0`];
  for (const text of [
    ...bad,
    `12:${hash.toUpperCase().replace("8", "A")}`,
    `9007199254740993:${hash}`,
  ]) {
    assert.equal(parseBlockRef(text), undefined, text);
  }
});

test("the options take a checkpoint and several recoveries", () => {
  const argv = ["--checkpoint", `12:${hash}`, "--recovery", "a.json", "--recovery", "b.json"];
  const answer = readConfig(argv, {});
  assert.ok(answer.type === "config");
  assert.deepEqual(answer.config.checkpoint, { height: 12, hash });
  assert.deepEqual(answer.config.recovery, ["a.json", "b.json"]);
  const none = readConfig([], {});
  assert.ok(none.type === "config");
  assert.deepEqual([none.config.checkpoint, none.config.recovery], [undefined, []]);
  const bad = readConfig(["--checkpoint", "12"], {});
  assert.ok(bad.type === "problems");
  assert.match(bad.problems.join(), /--checkpoint: HEIGHT:HASH expected/);
});

test("a buried block that is not the checkpoint's is refused; what is not there may come", async () => {
  const store = { load: async () => [concatBytes(idBytes(hash), new Uint8Array(420))] };
  await demandBuried(store, { height: 5, hash });
  const other = blockHashOf(blockHash(9));
  const isRefused = (error: unknown) =>
    error instanceof StoreRefused && error.message.includes(hash) && error.message.includes(other);
  await assert.rejects(demandBuried(store, { height: 5, hash: other }), isRefused);
  await demandBuried({ load: async () => [undefined] }, { height: 5, hash: other });
});

test("recovery files are read in the order of their slots, and said aloud", () =>
  inFolder(async (folder) => {
    const write = (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const one = write("one.json", formatRecovery(recovery));
    const two = write("two.json", formatRecovery(second));
    assert.deepEqual(readRecoveries([], network), []);
    assert.deepEqual(readRecoveries([two, one], network), [recovery, second]);
    const notice = recoveryNotice([recovery, second], network);
    assert.match(notice!, /FOLLOWS A RECOVERY.*block 9 .*slot 90 .*network id [0-9a-f]{64}$/);
    assert.equal(recoveryNotice([], network), undefined);
    const foreign = blockHashOf(blockHash(1));
    assert.throws(() => readRecoveries([one], foreign), fails("network-mismatch", /--recovery/));
    assert.throws(() => readRecoveries([one, one], network), fails("network-mismatch", /above/));
    const missing = join(folder, "none.json");
    assert.throws(() => readRecoveries([missing], network), fails("usage", /no such file/));
    const broken = write("broken.json", formatRecovery(recovery).replace("50", "-50"));
    assert.throws(() => readRecoveries([broken], network), fails("usage", /minSlot/));
  }));

test("a signer goes on with the floors of before, and signs each slot for its own domain", () =>
  inFolder(async (folder) => {
    const old = await openSigner(folder);
    await signed(old, sealOf(40));
    await signed(old, voteOf(30, 40));
    await old.close();
    const domain = signingDomain(genesisHash, [recovery]);
    const now = domainAt(domain, 50);
    const signer = await openSigner(folder, onChain(45), { domain });
    assert.deepEqual(signer.floors, floors(40, 30, 40), "one record for both");
    assert.match(await refusal(signer, { ...sealOf(40), genesisHash: now }), /another network/);
    assert.match(await refusal(signer, sealOf(40)), /not above the floor, 40/);
    assert.match(await refusal(signer, sealOf(50)), /before a recovery/);
    assert.match(await refusal(signer, voteOf(30, 50)), /before a recovery/);
    assert.match(await refusal(signer, { ...voteOf(29, 51), genesisHash: now }), /below the floor/);
    const request = { ...sealOf(50), genesisHash: now };
    const seal = await signed(signer, request);
    const preimage = sealPreimage(now, blockHashOf(request.blockHash));
    assert.ok(ed25519.verify(seal, preimage, idBytes(publicKey)));
    await signed(signer, { ...voteOf(30, 50), genesisHash: now });
    await signer.close();
    const plain = await openSigner(folder, onChain(60));
    assert.deepEqual(plain.floors, floors(50, 30, 50), "with or without the recovery");
    assert.match(await refusal(plain, { ...sealOf(70), genesisHash: now }), /another network/);
    await plain.close();
  }));
