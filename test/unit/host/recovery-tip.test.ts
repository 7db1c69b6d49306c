/** A store adopts a recovery, with a crash before, between and after its two durable writes. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Config, readConfig } from "../../../src/host/config.ts";
import { readDurableTip, saveDurableTip } from "../../../src/host/durable-tip.ts";
import { type RunningNode, runNode } from "../../../src/host/run-node.ts";
import { formatRecovery } from "../../../src/model/recovery.ts";
import { inFolder } from "./temporary-folder.ts";

async function start(folder: string, more: readonly string[] = [], onEvent = () => {}) {
  const argv = ["--data-dir", folder, "--http", "off", "--slot-ms", "100", ...more];
  return await runNode({
    // Port 0: any that is free.
    config: { ...(readConfig(argv, {}) as { config: Config }).config, listen: 0 },
    onEvent,
    onFatal: (error) => {
      throw error;
    },
    say: () => {},
    signal: new AbortController().signal,
  });
}

const tipOf = (folder: string) => readDurableTip(join(folder, "durable-tip.json"));

/** A lone validator's chain, and a recovery that takes its head back and lets nobody seal for long. */
async function chainAndRecovery(folder: string) {
  let check = () => {};
  const running: RunningNode = await start(folder, [], () => check());
  const { queries } = running.node;
  await new Promise<void>((resolve) => {
    check = () => queries.finalized().height >= 2 && resolve();
  });
  await running.close();
  const [head, final] = [queries.head(), queries.finalized()];
  const text = formatRecovery({
    network: queries.info().genesisHash,
    block: { height: final.height, hash: final.hash },
    validators: queries.networkFile().validators,
    minSlot: head.slot + 1_000_000,
    recoveryId: "42".repeat(32),
  });
  const file = join(folder, "recovery.json");
  writeFileSync(file, text);
  return { head, final, recovery: ["--recovery", file] };
}

async function adopts(folder: string, recovery: readonly string[], final: { hash: string }) {
  const running = await start(folder, recovery);
  const { node, tip } = running;
  await running.close();
  assert.deepEqual(tip, { type: "intact" });
  assert.equal(node.queries.info().role, "validator", "it may seal again");
  assert.equal(node.queries.head().hash, final.hash);
}

test("whenever a crash comes while a recovery is adopted, nothing looks lost", () =>
  inFolder(async (folder) => {
    const data = join(folder, "data");
    mkdirSync(data);
    const { head, final, recovery } = await chainAndRecovery(data);
    assert.ok(head.height > final.height);
    const { height, hash } = head;
    assert.deepEqual(tipOf(data), { height, hash });
    const copy = (name: string) => {
      cpSync(data, join(folder, name), { recursive: true });
      return join(folder, name);
    };

    const before = copy("before");
    const obstacle = join(before, `durable-tip.json.${process.pid}.new`);
    mkdirSync(obstacle);
    await assert.rejects(start(before, recovery), "the tip is written first");
    rmSync(obstacle, { recursive: true });
    assert.deepEqual(tipOf(before), { height, hash });
    await adopts(before, recovery, final);

    const between = copy("between");
    await saveDurableTip(join(between, "durable-tip.json"), final);
    await adopts(between, recovery, final);
    assert.deepEqual(tipOf(between), { height: final.height, hash: final.hash });

    // After both: the store went through it, and goes on.
    await adopts(between, recovery, final);
  }));

test("the tip is lowered for a new recovery only, never for one that the store went through", () =>
  inFolder(async (folder) => {
    const { final, recovery } = await chainAndRecovery(folder);
    await adopts(folder, recovery, final);
    const lost = { height: final.height + 5, hash: "ab".repeat(32) };
    await saveDurableTip(join(folder, "durable-tip.json"), lost);
    const running = await start(folder, recovery);
    await running.close();
    assert.deepEqual(running.tip, { type: "shorter", tip: lost });
    assert.deepEqual(tipOf(folder), lost, "kept on record");
  }));
