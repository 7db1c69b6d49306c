/**
 * How long a block takes from the start of its slot to an honest peer, under each attack, beside
 * honest traffic for the same part of the time. The attacker's own use of the processor is throttled
 * to a quarter of the time, so that two cores do not measure the attacker.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Client, payloadOf, say } from "../../test/attacks/client.ts";
import { randomItems } from "../../test/attacks/objects.ts";
import { Stage } from "../../test/attacks/stage.ts";
import { quantile } from "../../test/attacks/watch.ts";

const blocks = 20;
const slotMs = 1_000;
const [workMs, restMs] = [10, 30];
const barRatio = 2;

/** One bout of work; at most `workMs` of it at a time. */
type Bout = (stage: Stage) => Promise<Load>;
interface Load {
  act(): Promise<void> | void;
  end(): void;
}

const flood =
  (payload: () => Uint8Array): Bout =>
  async (stage) => {
    let client = await Client.connect(stage.target);
    return {
      act: async () => {
        if (!client.isOpen) client = await Client.connect(stage.target);
        client.sendPayload(payload());
        await client.flushed();
      },
      end: () => client.destroy(),
    };
  };

const nothing: Bout = async () => ({ act: () => {}, end: () => {} });
const honestPings = flood(() => payloadOf(say("ping", randomBytes(8), 1)));
const attacks: readonly (readonly [string, Bout])[] = [
  ["inv of transactions", flood(() => payloadOf(say("inv", randomItems("transaction", 1_024))))],
  ["inv of blocks", flood(() => payloadOf(say("inv", randomItems("block", 1_024))))],
  ["get_data of nothing", flood(() => payloadOf(say("get_data", randomItems("block", 1_024))))],
  ["not_found", flood(() => payloadOf(say("not_found", randomItems("block", 1_024))))],
  ["votes of strangers", flood(() => payloadOf(say("vote", randomBytes(176))))],
  ["malformed payloads", flood(() => randomBytes(512))],
];

/** Median ms from the start of the slot until the honest client has the whole block. */
async function measured(stage: Stage, bout: Bout): Promise<number> {
  const load = await bout(stage);
  let isOver = false;
  const working = (async () => {
    while (!isOver) {
      const until = performance.now() + workMs;
      while (performance.now() < until) await load.act();
      await pause(restMs);
    }
  })();
  const delays: number[] = [];
  while (delays.length < blocks) {
    const { header, wallMs } = await stage.honest.nextBlock();
    delays.push(wallMs - header.timestampMs);
  }
  isOver = true;
  await working;
  load.end();
  return quantile(delays, 0.5);
}

export async function propagation(): Promise<void> {
  const stage = await Stage.start({ slotMs, lifeMs: 3_600_000 });
  try {
    const calmMs = await measured(stage, nothing);
    const honestMs = await measured(stage, honestPings);
    for (const [attack, bout] of attacks) {
      const ms = await measured(stage, bout).catch(() => Number.NaN);
      const ratio = ms / Math.max(1, honestMs);
      const holds = ratio <= barRatio;
      console.log(JSON.stringify({ attack, ms, calmMs, honestMs, ratio, holds }));
      if (!holds) process.exitCode = 1;
    }
    await stage.isUnharmed("propagation");
  } finally {
    await stage.end();
  }
}
