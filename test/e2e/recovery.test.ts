/**
 * A network of processes loses half of its validators for good, and its operators do what SECURITY
 * "Recovery" says: they agree on a file, start with it, and finality goes on, with their old records
 * of what they signed, away from those who did not adopt it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findFreePorts } from "../../src/host/testnet/free-ports.ts";
import { makeTestnetFolder, type TestnetFolder } from "../../src/host/testnet/testnet-folder.ts";
import type { Recovery } from "../../src/model/recovery.ts";
import { type Fact, NodeProcess } from "../support/node-process.ts";
import { Program, until } from "../support/program.ts";

const slotMs = 300;
const nodes = 5;

interface Network {
  readonly folder: TestnetFolder;
  readonly ports: readonly number[];
}

async function spawn({ folder, ports }: Network, index: number, more: readonly string[] = []) {
  const others = Array.from({ length: nodes }, (_, to) => to).filter((to) => to !== index);
  return NodeProcess.spawn({
    dataDir: folder.nodeFolders[index]!,
    listen: ports[index]!,
    http: ports[nodes + index]!,
    more: [
      ...["--network", folder.networkFile, ...more],
      ...others.flatMap((to) => ["--connect", `127.0.0.1:${ports[to]}`]),
    ],
  });
}

async function started(network: Network, indices: readonly number[], more?: readonly string[]) {
  const all = await Promise.all(indices.map((index) => spawn(network, index, more)));
  await Promise.all(all.map((node) => node.started()));
  return all;
}

function reached(node: NodeProcess, what: string, pick: (info: Fact) => boolean): Promise<Fact> {
  const read = async () => {
    const info = await node.info();
    return pick(info) ? info : undefined;
  };
  return until(what, read, [node.program], 45_000);
}

async function cli(argv: readonly string[]): Promise<Fact> {
  const program = new Program("cli.ts", [...argv, "--json"]);
  assert.equal(await program.ended, 0, program.err);
  return JSON.parse(program.out) as Fact;
}

const publicKeyOf = (folder: string): string => {
  const text = readFileSync(join(folder, "keys", "validator.json"), "utf8");
  return (JSON.parse(text) as { publicKey: string }).publicKey;
};

const number = (fact: Fact, name: string): number => {
  assert.equal(typeof fact[name], "number", name);
  return fact[name] as number;
};

/** The highest block that any of the validators left holds for justified. */
async function highestJustified(left: readonly NodeProcess[]): Promise<Recovery["block"]> {
  const all = await Promise.all(left.map((node) => node.info()));
  const [best] = all.sort((a, b) => number(b, "justifiedHeight") - number(a, "justifiedHeight"));
  return { height: number(best!, "justifiedHeight"), hash: best!["justifiedHash"] as never };
}

test("two of four validators are lost for good; a recovery makes blocks final again", async (t) => {
  const genesisTimeMs = Date.now() + 3000;
  const plan = { nodes, validators: 4, slotMs, genesisTimeMs, keep: undefined };
  const network = { folder: makeTestnetFolder(plan), ports: (await findFreePorts(2 * nodes))! };
  const running: NodeProcess[] = [];
  t.after(async () => {
    await Promise.all(running.map((node) => node.program.end()));
    network.folder.remove();
  });
  const { nodeFolders, networkFile, path } = network.folder;
  const file = join(path, "recovery.json");
  const first = await started(network, [0, 1, 2, 3]);
  running.push(...first);
  await reached(first[0]!, "something is final", (info) => number(info, "finalizedHeight") >= 3);

  await Promise.all([first[2]!.kill(), first[3]!.kill()]);
  const left = first.slice(0, 2);
  const stalled = await reached(left[0]!, "the head runs away from finality", (info) => {
    return number(info, "height") - number(info, "finalizedHeight") >= 6;
  });
  const block = await highestJustified(left);
  assert.ok(block.height >= number(stalled, "finalizedHeight"));
  await Promise.all(left.map((node) => node.interrupt()));

  const newKey = join(nodeFolders[4]!, "keys", "validator.json");
  await cli(["key", "new", newKey, "--kind", "validator"]);
  const validators = [nodeFolders[0]!, nodeFolders[1]!, nodeFolders[4]!].map(publicKeyOf);
  const minSlot = Math.ceil((Date.now() + 9000 - genesisTimeMs) / slotMs);
  const made = await cli([
    ...["recovery", "new", "--network", networkFile, "--block", `${block.height}:${block.hash}`],
    ...["--validators", validators.join(","), "--min-slot", String(minSlot), "--out", file],
  ]);

  const after = await started(network, [0, 1, 4], ["--recovery", file]);
  running.push(...after);
  for (const node of after) {
    const banner = await node.started();
    assert.equal((banner["recovered"] as Fact)["networkId"], made["networkId"]);
    assert.match(node.program.err, /"level":"warn".*FOLLOWS A RECOVERY/);
    await reached(node, "blocks of the new validators are final", (info) => {
      return number(info, "finalizedHeight") >= block.height + 4;
    });
    assert.equal(await node.blockHash(block.height), block.hash);
    const next = await node.get(`/api/blockchain/blocks/${block.height + 1}`);
    assert.ok(number(next, "slot") >= minSlot);
  }

  // Who did not adopt it comes back, finds nobody, and is not blamed.
  const [old] = await started(network, [2]);
  running.push(old!);
  await old!.events.wait("a dial of the old node", (event) =>
    event["event"] === "peer-closed" ? event : undefined,
  );
  const isBlamed = (event: Fact) => /blamed|discouraged|evidence|halt/.test(String(event["event"]));
  for (const node of [...after, old!]) {
    assert.deepEqual(node.events.items.filter(isBlamed), []);
  }
  assert.ok(number(await old!.info(), "finalizedHeight") <= block.height);

  await after[0]!.interrupt();
  const without = await spawn(network, 0);
  assert.equal(await without.program.ended, 6, without.program.err);
  assert.match(without.program.err, /went through a recovery/);
  assert.match(without.program.err, /--recovery/);
});

test("a checkpoint that the stored chain contradicts ends the start, buried or not", async (t) => {
  const folder = makeTestnetFolder({
    ...{ nodes: 1, validators: 1, slotMs: 100, keep: undefined },
    genesisTimeMs: Date.now(),
  });
  const dataDir = folder.nodeFolders[0]!;
  const more = ["--network", folder.networkFile];
  t.after(() => folder.remove());
  const node = await NodeProcess.start({ dataDir, more });
  await reached(node, "blocks are buried", (info) => number(info, "finalizedHeight") >= 5);
  const hash = (await node.blockHash(1)) as string;
  await node.interrupt();
  for (const height of [1, 2]) {
    const wrong = ["--checkpoint", `${height}:${"ab".repeat(32)}`];
    const refused = await NodeProcess.spawn({ dataDir, more: [...more, ...wrong] });
    assert.equal(await refused.program.ended, 6, refused.program.err);
    assert.match(refused.program.err, /the checkpoint demands/);
  }
  const right = await NodeProcess.start({ dataDir, more: [...more, "--checkpoint", `1:${hash}`] });
  await right.interrupt();
});
