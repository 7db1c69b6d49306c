import assert from "node:assert/strict";
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { asciiBytes, concatBytes, u32Bytes } from "../../../src/base/bytes.ts";
import { genesisBlock } from "../../../src/chain/genesis.ts";
import {
  bodyKey,
  encodeAnchor,
  metaKey,
  nodeKey,
  setKey,
  stateKey,
} from "../../../src/chain/records.ts";
import { genesisAnchor } from "../../../src/chain/restore.ts";
import type { Ticket } from "../../../src/edge/conn.ts";
import type { DurableTip, Write } from "../../../src/edge/effect.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { LevelStore } from "../../../src/host/level-store.ts";
import { MemoryImage, preload } from "../../../src/host/store-preload.ts";
import { blockHashOf } from "../../../src/model/ids.ts";
import { ledgerOf, networkFile } from "../chain/ledger-fixtures.ts";
import { inFolder } from "./temporary-folder.ts";

const write = (key: string, value: string | undefined): Write => ({
  key: asciiBytes(key),
  value: value === undefined ? undefined : asciiBytes(value),
});

class Disk {
  readonly store: LevelStore;
  readonly tips: DurableTip[];
  readonly persisted: number[] = [];
  readonly failures: HostError[] = [];
  private ticket = 0;

  private constructor(store: LevelStore, tips: DurableTip[]) {
    this.store = store;
    this.tips = tips;
    store.watch({
      onPersisted: (through) => this.persisted.push(through),
      onFailed: (error) => this.failures.push(error),
    });
  }

  static async open(path: string): Promise<Disk> {
    const tips: DurableTip[] = [];
    return new Disk(await LevelStore.open(path, async (tip) => void tips.push(tip)), tips);
  }

  persist(writes: readonly Write[], sync: boolean, durableTip?: DurableTip): void {
    const ticket = ++this.ticket as Ticket;
    this.store.persist({ ticket, writes, sync, ...(durableTip && { durableTip }) });
  }

  async read(...keys: string[]): Promise<(string | undefined)[]> {
    const values = await this.store.load(keys.map(asciiBytes));
    return values.map((value) => value && Buffer.from(value).toString());
  }
}

test("only a completed sync write is reported, with everything before it", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    disk.persist([write("a", "1")], false);
    disk.persist([write("b", "2")], false);
    await disk.read("a");
    assert.deepEqual(disk.persisted, []);
    disk.persist([write("c", "3")], true);
    await undefined;
    disk.persist([write("d", "4")], false);
    await disk.read("d");
    assert.deepEqual(disk.persisted, [3]);
    await disk.store.close();
  }));

test("writes that arrive while one is in the air are merged into the next, in order", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    let batches = 0;
    disk.store.level.on("write", () => batches++);
    disk.persist([write("k", "0")], true);
    await undefined;
    for (let i = 2; i <= 100; i++) disk.persist([write("k", String(i))], i % 10 === 0);
    assert.deepEqual(await disk.read("k"), ["100"]);
    assert.equal(batches, 2, "the first alone, then the other 99");
    assert.deepEqual(disk.persisted, [1, 100]);
    await disk.store.close();
  }));

test("what one step persists is one write, and each record is in it once", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    const batches: number[] = [];
    disk.store.level.on("write", (operations: readonly unknown[]) =>
      batches.push(operations.length),
    );
    disk.persist([write("S1", "1"), write("S2", "1"), write("Mhead", "1")], false);
    disk.persist([write("S1", "2"), write("S2", undefined), write("Mhead", "2")], true);
    assert.deepEqual(await disk.read("S1", "S2", "Mhead"), ["2", undefined, "2"]);
    assert.deepEqual(batches, [3]);
    assert.deepEqual(disk.persisted, [2]);
    await disk.store.close();
  }));

test("a load sees what was persisted before it, deletions too", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    disk.persist([write("a", "1"), write("b", "1")], false);
    disk.persist([write("a", undefined), write("b", "2")], false);
    assert.deepEqual(await disk.read("b", "a", "never"), ["2", undefined, undefined]);
    await disk.store.close();
  }));

test("an empty sync write is still durable and reported", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    disk.persist([], true);
    await disk.read("x");
    assert.deepEqual(disk.persisted, [1]);
    await disk.store.close();
  }));

test("the durable tip is saved before the write is reported, the newest of those merged", () =>
  inFolder(async (folder) => {
    const saved: number[] = [];
    const store = await LevelStore.open(folder, async (tip) => void saved.push(tip.height));
    const persisted: [number, number[]][] = [];
    store.watch({
      onPersisted: (through) => persisted.push([through, [...saved]]),
      onFailed: (error) => assert.fail(error),
    });
    for (let height = 1; height <= 5; height++) {
      const durableTip = { height, hash: "" };
      store.persist({ ticket: height as Ticket, writes: [], sync: true, durableTip });
      if (height === 1) await undefined;
    }
    await store.load([asciiBytes("x")]);
    assert.deepEqual(persisted, [
      [1, [1]],
      [5, [1, 5]],
    ]);
    await store.close();
  }));

test("whatever moment the process is killed at, the copy opens as a prefix of the batches", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(join(folder, "live"));
    const copies: { name: string; reported: number }[] = [];
    for (let i = 1; i <= 20; i++) {
      disk.persist([write(`block${i}`, "x"), write("head", String(i))], i % 2 === 0);
      await disk.read("head");
      const reported = disk.persisted.at(-1) ?? 0;
      // Copied while open, without the lock: what a killed process leaves.
      const name = join(folder, `copy${i}`);
      cpSync(join(folder, "live"), name, { recursive: true });
      copies.push({ name, reported });
    }
    await disk.store.close();
    for (const { name, reported } of copies) {
      const copy = await Disk.open(name);
      const head = Number((await copy.read("head"))[0] ?? 0);
      assert.ok(head >= reported, `head ${head} lacks reported ${reported}`);
      for (let i = 1; i <= 20; i++) {
        assert.equal((await copy.read(`block${i}`))[0], i <= head ? "x" : undefined);
      }
      await copy.store.close();
    }
  }));

test("an older log that LevelDB has left is synced before the report", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    const big = new Uint8Array(3 * 1024 * 1024).map((_, i) => (i * 2654435761) >>> 24);
    for (let i = 0; i < 6; i++) {
      disk.persist([{ key: u32Bytes(i), value: big }], false);
      await disk.read("x");
    }
    disk.persist([write("end", "1")], true);
    assert.deepEqual(await disk.read("end"), ["1"]);
    assert.deepEqual(disk.persisted, [7]);
    await disk.store.close();
  }));

test("a second opener is told that the folder is in use", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    await assert.rejects(Disk.open(folder), (error: HostError) => {
      assert.ok(error instanceof HostError);
      assert.equal(error.code, "data-folder-in-use");
      assert.match(error.message, /another node is using this data folder/);
      return true;
    });
    await disk.store.close();
  }));

test("a damaged database is named with its mend", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    disk.persist([write("a", "1")], true);
    await disk.store.close();
    const manifest = readdirSync(folder).find((name) => name.startsWith("MANIFEST"))!;
    writeFileSync(join(folder, manifest), "");
    await assert.rejects(Disk.open(folder), (error: HostError) => {
      assert.equal(error.code, "store-damaged");
      assert.equal(error.exitCode, 5);
      assert.match(error.mend, /move that folder away/);
      return true;
    });
  }));

test("a write that fails is reported once, and nothing is written after it", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    await disk.store.level.close();
    disk.persist([write("a", "1")], true);
    disk.persist([write("b", "1")], true);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    disk.persist([write("c", "1")], true);
    assert.equal(disk.failures.length, 1);
    assert.equal(disk.failures[0]!.code, "store-damaged");
    assert.deepEqual(disk.persisted, []);
    await disk.store.close();
  }));

test("preload brings state, meta, unburied headers and their bodies, and nothing else", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    const ref = { height: 7, hash: blockHashOf(new Uint8Array(32).fill(7)) };
    const buried = { height: 6, hash: blockHashOf(new Uint8Array(32).fill(6)) };
    const one = asciiBytes("1");
    disk.persist(
      [
        { key: stateKey(asciiBytes("alice")), value: one },
        { key: stateKey(asciiBytes("bob")), value: one },
        { key: metaKey("head"), value: one },
        { key: nodeKey(ref), value: one },
        { key: bodyKey(ref), value: asciiBytes("body") },
        { key: bodyKey(buried), value: asciiBytes("old") },
        write("T", "x"),
        write("Ix", "x"),
      ],
      true,
    );
    const image = await preload(disk.store);
    assert.deepEqual(Buffer.from(image.get(bodyKey(ref))!).toString(), "body");
    assert.equal(image.get(bodyKey(buried)), undefined);
    assert.equal(image.get(asciiBytes("T")), undefined);
    assert.equal([...image.range(asciiBytes("S"))].length, 2);
    assert.equal([...image.range(asciiBytes("M"))].length, 1);
    assert.equal([...image.range(new Uint8Array(0))].length, 5);
    await disk.store.close();
  }));

test("preload brings the validator sets that unburied headers name, and no older ones", () =>
  inFolder(async (folder) => {
    const disk = await Disk.open(folder);
    const genesis = genesisBlock(networkFile(), ledgerOf());
    const { header } = genesis;
    const anchor = genesisAnchor(genesis);
    const one = asciiBytes("1");
    const named = setKey(header.validatorsHash);
    const older = Array.from({ length: 50 }, (_, n) => setKey(new Uint8Array(32).fill(n)));
    disk.persist([{ key: metaKey("anchor"), value: encodeAnchor(anchor) }], false);
    disk.persist(
      [named, ...older].map((key) => ({ key, value: one })),
      true,
    );
    const image = await preload(disk.store);
    assert.equal(image.get(named)?.[0], one[0]);
    assert.equal([...image.range(asciiBytes("V"))].length, 1);
    await disk.store.close();
  }));

test("a memory image gives ranges in key order and ends at the prefix", () => {
  const entries = [3, 1, 2].map(
    (n) => [concatBytes(asciiBytes("p"), u32Bytes(n)), u32Bytes(n)] as const,
  );
  const image = new MemoryImage([...entries, [asciiBytes("q"), u32Bytes(9)]]);
  const found = [...image.range(asciiBytes("p"))].map(([, value]) => value[3]);
  assert.deepEqual(found, [1, 2, 3]);
  assert.equal(image.get(asciiBytes("p")), undefined);
});
