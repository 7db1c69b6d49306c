/** Writes asked for from within `onPersisted` wait their turn: tickets are durable in order. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Ticket } from "../../../src/edge/conn.ts";
import { LevelStore } from "../../../src/host/level-store.ts";
import { inFolder } from "./temporary-folder.ts";

test("what the watcher persists when it is told does not overtake, and saves one tip at a time", () =>
  inFolder(async (folder) => {
    let saving = 0;
    let most = 0;
    const store = await LevelStore.open(join(folder, "chain"), async () => {
      most = Math.max(most, ++saving);
      for (let i = 0; i < 5; i++) await turn();
      saving--;
    });
    const persist = (height: number) =>
      store.persist({
        ticket: height as Ticket,
        writes: [{ key: Uint8Array.of(1, height), value: Uint8Array.of(height) }],
        sync: true,
        durableTip: { height, hash: "00".repeat(32) },
      });
    const told: number[] = [];
    await new Promise<void>((resolve, reject) => {
      store.watch({
        onPersisted: (through) => {
          told.push(through);
          // Two writes in one call: the first must not leave while the second passes it by.
          if (through < 20) [through + 1, through + 2].forEach(persist);
          else resolve();
        },
        onFailed: reject,
      });
      persist(0);
    });
    await store.close();
    assert.deepEqual(
      told,
      [...told].sort((a, b) => a - b),
    );
    assert.equal(most, 1, "tips in the air at once");
  }));
