import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { NodeEvent } from "../../../src/edge/event.ts";
import { type Config, readConfig } from "../../../src/host/config.ts";
import { readDurableTip } from "../../../src/host/durable-tip.ts";
import { type RunningNode, runNode } from "../../../src/host/run-node.ts";
import { inFolder } from "./temporary-folder.ts";

interface Run {
  readonly running: RunningNode;
  readonly events: NodeEvent[];
  finalized(height: number): Promise<void>;
}

async function start(folder: string): Promise<Run> {
  const answer = readConfig(["--data-dir", folder, "--http", "off", "--slot-ms", "100"], {});
  const events: NodeEvent[] = [];
  let check = () => {};
  const running = await runNode({
    // Port 0: any that is free.
    config: { ...(answer as { config: Config }).config, listen: 0 },
    onEvent: (event) => {
      events.push(event);
      check();
    },
    onFatal: (error) => {
      throw error;
    },
    say: () => {},
    signal: new AbortController().signal,
  });
  const finalized = (height: number) =>
    new Promise<void>((resolve) => {
      check = () => {
        if (running.node.queries.info().finalizedHeight >= height) resolve();
      };
      check();
    });
  return { running, events, finalized };
}

test("a lone devnet seals, ends, and goes on at the same block; a lost final block stops it", () =>
  inFolder(async (folder) => {
    const first = await start(folder);
    await first.finalized(2);
    await first.running.close();
    const { height, headHash, genesisHash } = first.running.node.queries.info();
    assert.ok(height >= 3);

    const second = await start(folder);
    const found = second.running.node.queries.info();
    assert.deepEqual(
      [found.height, found.headHash, found.genesisHash],
      [height, headHash, genesisHash],
    );
    assert.deepEqual(second.running.tip, { type: "intact" });
    await second.finalized(height);
    await second.running.close();

    const before = readDurableTip(join(folder, "durable-tip.json"));
    for (const name of readdirSync(join(folder, "chain"))) {
      if (/\.(log|ldb)$|^(CURRENT|MANIFEST)/.test(name)) rmSync(join(folder, "chain", name));
    }
    const third = await start(folder);
    assert.equal(third.running.tip.type, "shorter");
    assert.equal(third.running.node.queries.info().role, "full", "it must not seal a fork");
    await third.running.close();
    assert.deepEqual(readDurableTip(join(folder, "durable-tip.json")), before, "kept on record");
  }));
