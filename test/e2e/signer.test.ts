/**
 * Validators as processes: killed while they sign, started twice with one key, started without the
 * record of what they signed. No slot is signed twice, and every refusal says what to do.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hexBytes } from "../../src/base/bytes.ts";
import { decodeFloorFile } from "../../src/host/floor-records.ts";
import { makeTestnetFolder } from "../../src/host/testnet/testnet-folder.ts";
import { type Fact, NodeProcess } from "../support/node-process.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

const keyOf = (dataDir: string) => join(dataDir, "keys", "validator.json");

function floorPath(dataDir: string): string {
  const name = readdirSync(join(dataDir, "keys")).find((each) => each.endsWith(".floor"));
  return join(dataDir, "keys", name!);
}

function floorsOf(dataDir: string, genesisHash: Uint8Array) {
  const { publicKey } = JSON.parse(readFileSync(keyOf(dataDir), "utf8")) as { publicKey: string };
  const owner = { publicKey: hexBytes(publicKey), genesisHash };
  const found = decodeFloorFile(readFileSync(floorPath(dataDir)), owner);
  assert.ok(found.type === "records", "the record survives a kill");
  return found.last;
}

/** Slots and what was signed in them: one thing each, for ever. */
function note(signed: Map<number, unknown>, { slot, hash }: Fact): void {
  const known = signed.get(slot as number) ?? hash;
  assert.equal(known, hash, `one block is signed in slot ${slot}`);
  signed.set(slot as number, hash);
}

const moments = ["sealed", "voted", "finalized", "head-moved", "voted", "sealed"];

test(`a validator killed ${moments.length} times has recorded all it signed, and signs on`, () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "node");
    const sealed = new Map<number, unknown>();
    const voted = new Map<number, unknown>();
    for (const [round, moment] of moments.entries()) {
      const more = round === 0 ? ["--slot-ms", "100"] : [];
      const node = await NodeProcess.start({ dataDir, more });
      const genesisHash = await node.genesisHash();
      const before = Math.max(0, ...voted.keys());
      await node.event("voted", ({ slot }) => (slot as number) > before);
      await node.event(moment, () => true, node.events.items.length);
      await node.kill();
      for (const event of node.events.items) {
        // It is alone: each new head is its own.
        if (event["event"] === "head-moved") note(sealed, event);
        if (event["event"] === "voted") note(voted, event);
      }
      const { sealSlot, targetSlot } = floorsOf(dataDir, genesisHash);
      assert.ok(sealSlot >= Math.max(...sealed.keys()), "what it sealed");
      assert.ok(targetSlot >= Math.max(...voted.keys()), "what it voted for");
      assert.doesNotMatch(node.program.err, /"level":"(error|fatal)"/);
    }
  }));

async function refused(node: NodeProcess, code: number, says: readonly RegExp[]): Promise<void> {
  assert.equal(await node.program.ended, code, node.program.err);
  for (const each of says) assert.match(node.program.err, each);
  assert.doesNotMatch(node.program.err, /\bat .*\.ts:[0-9]+/, "no stack for an operator's mistake");
}

test("one of several validators does not start without its record, unless told to forget", () =>
  inFolder(async (folder) => {
    const plan = { nodes: 4, validators: 4, slotMs: 1000, genesisTimeMs: Date.now() - 60_000 };
    const testnet = makeTestnetFolder({ ...plan, keep: join(folder, "net") });
    const dataDir = testnet.nodeFolders[0]!;
    const more = ["--network", testnet.networkFile];
    const first = await NodeProcess.start({ dataDir, more });
    assert.equal((await first.started())["role"], "validator");
    await first.interrupt();
    rmSync(floorPath(dataDir));
    const without = await NodeProcess.spawn({ dataDir, more });
    await refused(without, 2, [/no record of what this validator has signed/, /--signer-amnesia/]);
    const told = await NodeProcess.start({ dataDir, more: [...more, "--signer-amnesia"] });
    assert.equal((await told.started())["role"], "validator");
    const { sealSlot, sourceSlot, targetSlot } = floorsOf(dataDir, await told.genesisHash());
    assert.ok(sealSlot > 60 && sealSlot === sourceSlot && sealSlot === targetSlot);
    await told.interrupt();
    assert.match(told.program.err, /"level":"warn".*IS FORGOTTEN/);
    const kept = await NodeProcess.start({ dataDir, more });
    assert.doesNotMatch(kept.program.err, /FORGOTTEN/);
    await kept.interrupt();
  }));

test("two processes with one key file: the second is refused, the first goes on", () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "first");
    const first = await NodeProcess.start({ dataDir, more: ["--slot-ms", "300"] });
    try {
      const more = ["--validator-key", keyOf(dataDir), "--network", join(dataDir, "network.json")];
      const second = await NodeProcess.spawn({ dataDir: join(folder, "second"), more });
      await refused(second, 3, [/another node is signing with/, new RegExp(`${first.pid}`)]);
      await first.event("voted", () => true, first.events.items.length);
      await first.interrupt();
    } finally {
      await first.program.end();
    }
  }));

test("a copy of the key elsewhere is noticed on the network, and ends a node with 8", () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "a");
    const a = await NodeProcess.start({ dataDir, more: ["--slot-ms", "500"] });
    const copy = join(folder, "b");
    mkdirSync(join(copy, "keys"), { recursive: true, mode: 0o700 });
    cpSync(keyOf(dataDir), keyOf(copy));
    await a.event("finalized", () => true);
    const b = await NodeProcess.start({
      dataDir: copy,
      more: ["--connect", `127.0.0.1:${a.listen}`],
    });
    try {
      // Whoever hears of the other first; the other may then be alone with the key.
      const ended = await Promise.race(
        [a, b].map(async (node) => ({ node, code: await node.program.ended })),
      );
      assert.equal(ended.code, 8, ended.node.program.err);
      const { err, out } = ended.node.program;
      assert.match(err, /"event":"doppelganger"/);
      assert.match(err, /"code":"doppelganger".*another node uses the same key.*find that node/);
      assert.match(out, /"type":"stopped"/, "it ended in order");
    } finally {
      await Promise.all([a.program.end(), b.program.end()]);
    }
  }));
