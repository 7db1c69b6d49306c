/** Threat table 60: two spies who want to know at which of two nodes a transaction began. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hex } from "../support/independent-decoder/bytes.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { Client } from "./client.ts";
import { transfer } from "./objects.ts";
import { Stage } from "./stage.ts";

/** About three of four are right, and those of a round hang together: few rounds could be lucky. */
const rounds = 12;
let stage: Stage;
before(async () => {
  // Long slots: what is in a block already is announced by nobody.
  stage = await Stage.start({ slotMs: 5_000 });
});
after(() => stage?.end());

async function submit(node: NodeProcess, transaction: Uint8Array): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${node.http}/api/transactions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ transaction: hex(transaction) }),
  });
  assert.equal(response.status, 202, await response.text());
}

/** When `spy` heard of `id`, in performance.now(); never, when a block was faster. */
async function hears(spy: Client, id: Uint8Array): Promise<number> {
  const pick = (message: Readonly<Record<string, unknown>>) =>
    message["type"] === "inv" && String(message["items"]).includes(hex(id)) ? true : undefined;
  const heard = spy.inbox.wait("an announcement", pick, { timeoutMs: 8_000 });
  return await heard.then(
    () => performance.now(),
    () => Number.POSITIVE_INFINITY,
  );
}

test("row 60: who hears of a transaction first is not always next to its origin", async (t) => {
  const nodes = [stage.victim, stage.second];
  const { genesisHash } = stage.target;
  const spies = await Promise.all(
    nodes.map((node) => Client.connect({ port: node.listen, genesisHash })),
  );
  const leads: number[] = [];
  const accounts = stage.accounts();
  const guesses = rounds * accounts.length;
  const guess = async (seed: Uint8Array, nonce: number, origin: number): Promise<void> => {
    const { id, bytes } = transfer(seed, genesisHash, { nonce: BigInt(nonce) });
    const heard = spies.map((spy) => hears(spy, id));
    await submit(nodes[origin]!, bytes);
    const at = await Promise.all(heard);
    leads.push(at[1 - origin]! - at[origin]!);
  };
  await stage.attack(
    t,
    async () => {
      for (let round = 0; round < rounds; round++) {
        await Promise.all(
          accounts.map(({ seed }, index) => guess(seed, round, (round + index) % 2)),
        );
      }
    },
    {
      told: () => {
        const right = leads.filter((lead) => lead > 0).length;
        return `${right} of ${guesses} guessed right, leads ${leads.map((ms) => ms.toFixed(0))} ms`;
      },
    },
  );
  for (const spy of spies) spy.destroy();
  assert.ok(
    leads.some((lead) => lead <= 0),
    "who hears first always stands next to the origin",
  );
});
