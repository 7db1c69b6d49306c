/** 100,000 connections that come and go from many addresses: the node returns to its base line. */
import { randomBytes } from "node:crypto";
import { Client } from "../../test/attacks/client.ts";
import { Stage } from "../../test/attacks/stage.ts";
import { megabyte, openFiles, untilFilesAre } from "../../test/attacks/watch.ts";
import { RawClient } from "../../test/support/raw-client.ts";

const cycles = 100_000;
const lanes = 32;
/** One in so many goes through the whole handshake; the others end before. */
const wholeEvery = 20;
const growthMax = 24 * megabyte;

const addressOf = (at: number) =>
  `127.${2 + (at % 250)}.${(at >> 8) & 255}.${1 + ((at >> 16) & 63)}`;

async function cycle(stage: Stage, at: number): Promise<void> {
  const localAddress = addressOf(at);
  if (at % wholeEvery === 0) {
    const client = await Client.connect(stage.target, { localAddress }).catch(() => undefined);
    client?.raw.socket.resetAndDestroy();
    return;
  }
  const raw = await RawClient.dial(stage.target.port, localAddress).catch(() => undefined);
  if (raw === undefined) return;
  if (at % 3 === 0) raw.write(randomBytes(16));
  raw.socket.resetAndDestroy();
}

export async function churn(): Promise<void> {
  const stage = await Stage.start({ lifeMs: 3_600_000 });
  try {
    const run = async (from: number, to: number) => {
      let at = from;
      const lane = async () => {
        while (at < to) await cycle(stage, at++);
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    };
    const settled = async () => {
      let least = Number.POSITIVE_INFINITY;
      for (let at = 0; at < 10; at++) {
        await stage.honest.nextBlock();
        least = Math.min(least, stage.victim.rssBytes);
      }
      return least;
    };
    const files = openFiles(stage.victim);
    // What is warmed up once (tables at their bounds, compiled code) is no leak.
    await run(0, cycles / 10);
    const before = await settled();
    const begunAt = performance.now();
    await run(cycles / 10, cycles);
    const seconds = (performance.now() - begunAt) / 1_000;
    await untilFilesAre(stage.victim, files);
    const grownBytes = (await settled()) - before;
    const holds = grownBytes < growthMax;
    const figures = { cycles, perSecond: Math.round((0.9 * cycles) / seconds), grownBytes, holds };
    console.log(JSON.stringify({ attack: "churn", ...figures, files: openFiles(stage.victim) }));
    await stage.isUnharmed("churn");
    if (!holds) process.exitCode = 1;
  } finally {
    await stage.end();
  }
}
