/** The address book over a restart: whole or not at all, and never a reason not to start. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { type KeptPeers, PeersFile, readPeers } from "../../../src/host/peers-file.ts";
import type { NodeId } from "../../../src/model/ids.ts";
import type { KnownAddress } from "../../../src/net/addresses/address-book.ts";
import { connectionLimits } from "../../../src/params/limits.ts";

const folder = mkdtempSync(join(tmpdir(), "windlass-peers-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshPath = () => join(folder, `${files++}`);

const networkId = "ab".repeat(32);
const nodeId = "cd".repeat(32) as NodeId;
const known = (i: number, some: Partial<KnownAddress> = {}): KnownAddress => ({
  address: `8.${i >> 16}.${(i >> 8) & 255}.${i & 255}:4321`,
  nodeId: undefined,
  confirmed: false,
  services: 1,
  lastSeenMs: 1_700_000_000_000,
  answeredMs: 0,
  fails: 0,
  source: "9.9",
  word: undefined,
  ...some,
});
const kept: KeptPeers = {
  addressKey: new Uint8Array(32).fill(7),
  anchors: ["8.8.8.8:4321", "[2001:db8::1]:4321"],
  knownAddresses: [
    known(1, { nodeId, confirmed: true, answeredMs: 5, fails: 2 }),
    known(2, { nodeId, word: { signedAtMs: 9, signature: new Uint8Array(64).fill(3) } }),
    known(3, { address: "[2001:db8::2]:4321" }),
  ],
};

async function write(path: string, what: KeptPeers): Promise<void> {
  const file = new PeersFile(path, networkId, () => what, assert.fail);
  await file.close();
}

function read(path: string, network = networkId) {
  const said: string[] = [];
  return { kept: readPeers(path, network, (_, text) => said.push(text)), said };
}

const nothing: KeptPeers = { addressKey: undefined, knownAddresses: [], anchors: [] };

describe("the file of peers", () => {
  test("what was kept comes back, readable by its owner only, and nothing else is left", async () => {
    const path = freshPath();
    assert.deepEqual(read(path), { kept: nothing, said: [] });
    await write(path, kept);
    assert.deepEqual(read(path), { kept, said: [] });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes(".new")),
      [],
    );
  });

  test("whatever byte is damaged, the node starts without it, says so and keeps the file", async () => {
    const path = freshPath();
    await write(path, kept);
    const good = readFileSync(path);
    const property = fc.property(
      fc.nat(good.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      (at, flip, isCut) => {
        const bad = isCut
          ? good.subarray(0, at)
          : good.map((byte, i) => (i === at ? byte ^ flip : byte));
        writeFileSync(path, bad);
        const { kept: got, said } = read(path);
        // The last line feed says nothing, and a flip in the name of the network reads as another.
        if (said.length === 0)
          assert.ok(got.knownAddresses.length === 3 || got.addressKey === undefined);
        else {
          assert.match(said[0]!, /is damaged .* kept as/);
          assert.ok(existsSync(`${path}.damaged`) && !existsSync(path));
          assert.deepEqual(got, nothing);
        }
      },
    );
    fc.assert(property, { seed: 2, numRuns: 300 });
  });

  test("a file of another network is left alone and not used", async () => {
    const path = freshPath();
    await write(path, kept);
    assert.deepEqual(read(path, "ef".repeat(32)), { kept: nothing, said: [] });
    assert.ok(existsSync(path));
  });

  test("no more is kept than there is room for, the proven and the signed first", async () => {
    const path = freshPath();
    const many = Array.from({ length: 20_000 }, (_, i) =>
      known(i, { confirmed: i % 100 === 0, source: "s".repeat(80) }),
    );
    await write(path, { ...kept, knownAddresses: many });
    const { knownAddresses } = read(path).kept;
    assert.equal(knownAddresses.length, connectionLimits.peersFileAddressesMax);
    assert.equal(knownAddresses.filter(({ confirmed }) => confirmed).length, 200);
    assert.ok(statSync(path).size < 4_000_000);
  });

  test("a file that nobody of us wrote is never read into memory", () => {
    const path = freshPath();
    writeFileSync(path, Buffer.alloc(9 * 1024 * 1024, 32));
    const { kept: got, said } = read(path);
    assert.deepEqual(got, nothing);
    assert.equal(said.length, 1);
  });

  test("a folder that cannot be written is said, and ends nothing", async () => {
    const said: string[] = [];
    const path = join(folder, "no", "such", "folder");
    await new PeersFile(
      path,
      networkId,
      () => kept,
      (_, text) => said.push(text),
    ).close();
    assert.match(said[0]!, /could not be written/);
  });
});
