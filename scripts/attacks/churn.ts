/**
 * 100,000 connections that come and go from many addresses: the node returns to its base line.
 * `CHURN_CYCLES` makes it another number. Of each of ten legs the least memory in use counts, right
 * after a collection: what is in use or resident between two says only when the next one is due.
 * What is warmed up once (tables at their bounds, compiled code) flattens out, a leak goes on.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "../../test/attacks/client.ts";
import { Stage } from "../../test/attacks/stage.ts";
import { megabyte, openFiles, untilFilesAre } from "../../test/attacks/watch.ts";
import { RawClient } from "../../test/support/raw-client.ts";

const cycles = Number(process.env["CHURN_CYCLES"] ?? 100_000);
const legs = 10;
const lanes = 32;
/** One in so many goes through the whole handshake; the others end before. */
const wholeEvery = 20;
const growthMax = 12 * megabyte;
const sampleMs = 200;

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

/** Of heap and buffers, until `running` is over. */
async function leastUsed(stage: Stage, running: Promise<void>): Promise<number> {
  let isOver = false;
  const ended = running.finally(() => {
    isOver = true;
  });
  let least = Number.POSITIVE_INFINITY;
  do {
    const text = await fetch(`http://127.0.0.1:${stage.victim.http}/metrics`)
      .then((response) => response.text())
      // A connection that was kept open and has just been closed: the next sample is another.
      .catch(() => "");
    if (text === "") continue;
    const of = (name: string) =>
      Number(new RegExp(`^windlass_${name} (\\S+)$`, "m").exec(text)?.[1]);
    least = Math.min(least, of("heap_used_bytes") + of("external_memory_bytes"));
  } while (!isOver && (await pause(sampleMs, true)));
  await ended;
  return least;
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
    const files = openFiles(stage.victim);
    const used: number[] = [];
    const begunAt = performance.now();
    for (let leg = 0; leg < legs; leg++) {
      const running = run((leg * cycles) / legs, ((leg + 1) * cycles) / legs);
      used.push(await leastUsed(stage, running));
    }
    const perSecond = Math.round((1_000 * cycles) / (performance.now() - begunAt));
    await untilFilesAre(stage.victim, files);
    const half = legs / 2;
    const grownBytes = Math.min(...used.slice(half)) - Math.min(...used.slice(1, half));
    const holds = grownBytes < growthMax;
    const usedMiB = used.map((bytes) => Math.round(bytes / megabyte));
    const rssMiB = Math.round(stage.victim.rssBytes / megabyte);
    const figures = { cycles, perSecond, usedMiB, rssMiB, grownBytes, holds };
    console.log(JSON.stringify({ attack: "churn", ...figures, files: openFiles(stage.victim) }));
    await stage.isUnharmed("churn");
    if (!holds) process.exitCode = 1;
  } finally {
    await stage.end();
  }
}
