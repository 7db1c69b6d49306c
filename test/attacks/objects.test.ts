/** Threat table 28, 30, 31, 32: objects announced and withheld, orphans, cheap headers, mutants. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { hex, join, unhex, zeros } from "../support/independent-decoder/bytes.ts";
import { until } from "../support/program.ts";
import { bulk, Client, type Fields, payloadOf, say } from "./client.ts";
import { type ForgedBlock, forgedBlock, itemOf, randomItems, transfer } from "./objects.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

const isAskedFor = (item: Uint8Array) => (message: Fields) =>
  (message["type"] === "get_data" && String(message["items"]).includes(hex(item))) || undefined;

/** Announced, and asked for. */
async function announced(client: Client, item: Uint8Array, timeoutMs = 15_000): Promise<void> {
  const from = client.inbox.items.length;
  client.send(say("inv", item));
  await client.inbox.wait("a get_data", isAskedFor(item), { from, timeoutMs });
}

const newBlock = ({ sealed, body }: ForgedBlock) => say("new_block", sealed, body);

test("row 28: who announces first and keeps silent delays a transaction, and no more", async (t) => {
  const { id, bytes } = transfer(stage.accounts()[0]!.seed, stage.target.genesisHash);
  const item = itemOf("transaction", id);
  let waitedMs = 0;
  await stage.attack(
    t,
    async () => {
      const silent = await stage.connect();
      await announced(silent, item);
      const askedAt = performance.now();
      const honest = await stage.connect();
      honest.send(say("inv", item));
      // To make the node forget whom it asked, or that anybody else has it.
      for (let at = 0; at < 12; at++) silent.send(say("inv", randomItems("transaction", 1_024)));
      silent.send(say("inv", item));
      await honest.inbox.wait("a get_data for it", isAskedFor(item), { timeoutMs: 40_000 });
      waitedMs = performance.now() - askedAt;
      honest.send(say("new_transaction", bytes));
      const isThere = async () =>
        (await stage.second.get(`/api/transactions/${hex(id)}`))["status"] === "confirmed" ||
        undefined;
      await until("the second node has it", isThere, [stage.victim.program]);
      silent.destroy();
      honest.destroy();
    },
    { told: () => `asked elsewhere after ${(waitedMs / 1_000).toFixed(1)} s` },
  );
});

test("row 30: thousands of sealed blocks whose parent nobody has", async (t) => {
  const seed = stage.validatorSeed();
  const { network, honest } = stage;
  let taken = 0;
  await stage.attack(
    t,
    async () => {
      const client = await stage.connect();
      for (let round = 0; round < 40 && client.isOpen; round++) {
        const on = honest.head;
        const orphans = Array.from({ length: 16 }, (_, at) =>
          forgedBlock(on, network, seed, {
            parentHash: randomBytes(32),
            height: on.header.height + 1 + (at % 3),
          }),
        );
        const from = client.inbox.items.length;
        client.send(say("inv", join(...orphans.map(({ hash }) => itemOf("block", hash)))));
        const isAsked = (message: Fields) => (message["type"] === "get_data" ? true : undefined);
        const asked = client.inbox.wait("a get_data", isAsked, { from, timeoutMs: 1_500 });
        await asked.catch(() => undefined);
        if (!client.isOpen) break;
        client.send(...orphans.map(newBlock));
        taken += orphans.length;
        await client.ping();
      }
      client.destroy();
    },
    { told: () => `${taken} orphans` },
  );
  assert.ok(taken > 100, `only ${taken} orphans were taken: the attack did not take place`);
});

test("row 31: headers from genesis on, by strangers and by a validator", async (t) => {
  const { network, honest } = stage;
  const [liar, validator] = [randomBytes(32), stage.validatorSeed()];
  let headers = 0;
  const outcomes = new Map<string, number>();
  /** Claims a better chain, and answers the node's question for it. */
  const spam = async (seed: Uint8Array) => {
    const on = honest.blocks.items[0]!;
    const chain: Uint8Array[] = [];
    let parentHash = unhex(on.header.hash);
    for (let at = 1; at <= 512; at++) {
      const slot = on.header.slot + at;
      const height = on.header.height + at;
      const block = forgedBlock(on, network, seed, { slot, height, parentHash });
      chain.push(block.sealed);
      parentHash = block.hash;
    }
    const client = await stage.connect({ hello: { height: 1_000_000 } });
    const ask = (message: Fields) => (message["type"] === "get_headers" ? message : undefined);
    client.send(say("inv", itemOf("block", parentHash)));
    const asked = await client.inbox
      .wait("a get_headers", ask, { timeoutMs: 2_500 })
      .catch(() => null);
    if (asked !== null && client.isOpen) {
      const answer = say("headers", Number(asked["request"]), join(...chain));
      client.sendPayload(payloadOf(answer), bulk);
      headers += chain.length;
      await client.ping(30_000).catch(() => 0);
    }
    const last = client.inbox.items.find(({ type }) => type === "disconnect");
    const outcome = String(last?.["text"] ?? "stayed").replace(/:.*/, "");
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    client.destroy();
  };
  await stage.attack(
    t,
    async () => {
      for (let at = 0; at < 3; at++) await spam(liar);
      for (let at = 0; at < 3; at++) await spam(validator);
    },
    { told: () => `${headers} headers, ${[...outcomes].map(([k, n]) => `${k} ${n}`).join(", ")}` },
  );
  assert.ok(headers > 0, "the node asked for none: the attack did not take place");
});

test("row 32: a wrong body for a real header does not keep the real one out", async (t) => {
  const { second, honest, target } = stage;
  const secondTarget = { port: second.listen, genesisHash: target.genesisHash };
  let mutants = 0;
  await stage.attack(
    t,
    async () => {
      for (let round = 0; round < 3; round++) {
        const villain = await Client.connect(secondTarget);
        const { header, sealed } = await honest.nextBlock();
        const id = unhex(header.hash);
        villain.send(say("inv", itemOf("block", id)));
        // Unasked if the node was faster; then it is held against the villain alone.
        villain.send(say("new_block", sealed, join(zeros(4), randomBytes(200))));
        mutants++;
        const isThere = async () =>
          (await second.info())["headHash"] === header.hash ||
          ((await second.info())["height"] as number) > header.height ||
          undefined;
        await until("the second node has the real one", isThere, [second.program]);
        villain.destroy();
      }
    },
    { told: () => `${mutants} mutants` },
  );
});
