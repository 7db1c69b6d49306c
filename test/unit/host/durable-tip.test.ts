import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import {
  checkDurableTip,
  readDurableTip,
  saveDurableTip,
  tipWarning,
} from "../../../src/host/durable-tip.ts";
import { inFolder } from "./temporary-folder.ts";

const tip = { height: 41, hash: "ab".repeat(32) };

test("what was saved is read again, and a later one replaces it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "tip");
    await saveDurableTip(path, tip);
    await saveDurableTip(path, { ...tip, height: 42 });
    assert.deepEqual(readDurableTip(path), { ...tip, height: 42 });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }));

test("a store that has the block, and a folder without a record, are intact", () =>
  inFolder(async (folder) => {
    const path = join(folder, "tip");
    const lacks = async () => false;
    assert.deepEqual(await checkDurableTip(path, lacks), { type: "intact" });
    await saveDurableTip(path, tip);
    assert.deepEqual(await checkDurableTip(path, async () => true), { type: "intact" });
    assert.equal(tipWarning({ type: "intact" }), undefined);
  }));

test("a store that lacks the block is called shorter, loudly", () =>
  inFolder(async (folder) => {
    const path = join(folder, "tip");
    await saveDurableTip(path, tip);
    const verdict = await checkDurableTip(path, async () => false);
    assert.deepEqual(verdict, { type: "shorter", tip });
    assert.match(tipWarning(verdict)!, /LOST FINAL BLOCKS: block 41 \(abab/);
  }));

test("every changed byte of the record is noticed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "tip");
    await saveDurableTip(path, tip);
    const text = readFileSync(path);
    for (let at = 0; at < text.length - 1; at++) {
      const changed = Buffer.from(text);
      changed[at] = changed[at]! ^ 1;
      writeFileSync(path, changed);
      const found = readDurableTip(path);
      assert.ok(found !== undefined && "why" in found, `byte ${at} of ${changed}`);
    }
    writeFileSync(path, text.subarray(0, 20));
    assert.equal((await checkDurableTip(path, async () => true)).type, "unreadable");
  }));
