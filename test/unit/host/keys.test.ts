import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { createKey, type KeyOptions, openKey, openOrCreateKey } from "../../../src/host/keys.ts";
import { systemRandom } from "../../../src/host/system.ts";
import { inFolder } from "./temporary-folder.ts";

const options = (extra: Partial<KeyOptions> = {}): KeyOptions => ({
  kind: "node",
  signatures: ed25519,
  random: systemRandom,
  passphrase: undefined,
  ...extra,
});

const usage = (pattern: RegExp) => (error: HostError) => {
  assert.ok(error instanceof HostError, String(error));
  assert.equal(error.exitCode, 2);
  assert.match(`${error.message}\n${error.mend}`, pattern);
  return true;
};

test("a key is made on the first run and kept", () =>
  inFolder((folder) => {
    const path = join(folder, "node.json");
    const made = openOrCreateKey(path, options());
    const found = openOrCreateKey(path, options());
    assert.deepEqual(found, made);
    assert.equal(toHex(ed25519.publicKey(made.seed)), made.publicKey);
    assert.deepEqual(readdirSync(folder), ["node.json"]);
  }));

test("a key file is private under umask 000 and under umask 777", () =>
  inFolder((folder) => {
    const umask = process.umask(0);
    try {
      for (const mask of [0, 0o777]) {
        process.umask(mask);
        const path = join(folder, `key${mask}`);
        createKey(path, options());
        assert.equal(statSync(path).mode & 0o777, 0o600);
        assert.ok(openKey(path, options()));
      }
    } finally {
      process.umask(umask);
    }
  }));

test("a key file that others may read is refused with the command that mends it", () =>
  inFolder((folder) => {
    const path = join(folder, "node.json");
    createKey(path, options());
    for (const mode of [0o640, 0o604, 0o666, 0o620]) {
      chmodSync(path, mode);
      assert.throws(() => openKey(path, options()), usage(/chmod 600 .*node.json/));
    }
  }));

test("an existing key is never overwritten", () =>
  inFolder((folder) => {
    const path = join(folder, "node.json");
    createKey(path, options());
    const before = readFileSync(path, "utf8");
    assert.throws(() => createKey(path, options()), /EEXIST/);
    assert.equal(readFileSync(path, "utf8"), before);
  }));

test("a key of another kind, a damaged file and a swapped public key are refused", () =>
  inFolder((folder) => {
    const path = join(folder, "node.json");
    const { publicKey } = createKey(path, options());
    const text = readFileSync(path, "utf8");
    assert.throws(() => openKey(path, options({ kind: "validator" })), usage(/is a node key/));
    for (const bad of [
      "",
      "{}",
      text.slice(0, -20),
      text.replace('"version": 1', '"version": 2'),
    ]) {
      writeFileSync(path, bad);
      assert.throws(() => openKey(path, options()), usage(/not a key file/));
    }
    writeFileSync(path, text.replace(publicKey, "00".repeat(32)));
    assert.throws(() => openKey(path, options()), usage(/does not belong/));
  }));

test("a passphrase seals the seed; without it, with a wrong one or after a change nothing opens", () =>
  inFolder((folder) => {
    const path = join(folder, "node.json");
    const made = createKey(path, options({ passphrase: "correct horse" }));
    const text = readFileSync(path, "utf8");
    assert.ok(!text.includes(toHex(made.seed)));
    assert.deepEqual(openKey(path, options({ passphrase: "correct horse" })), made);
    assert.throws(() => openKey(path, options()), usage(/--passphrase-file/));
    assert.throws(() => openKey(path, options({ passphrase: "wrong" })), usage(/wrong passphrase/));
    // The header is associated data: another public key does not open.
    writeFileSync(path, text.replace(made.publicKey, "00".repeat(32)));
    const changed = options({ passphrase: "correct horse" });
    assert.throws(() => openKey(path, changed), usage(/file was changed/));
    // A file must not make us allocate without bound.
    for (const n of [2 ** 30, 131_073, 2]) {
      writeFileSync(path, text.replace("131072", String(n)));
      assert.throws(() => openKey(path, changed), usage(/not a key file/));
    }
  }));
