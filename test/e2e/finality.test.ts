/**
 * Finality as an operator sees it: networks of real processes that lose validators, are parted and
 * joined, and run one key twice. Nothing that was final is ever undone, and nobody has to help.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FinalBlocks } from "../../scripts/kill-loop/final-blocks.ts";
import { runKillLoop } from "../../scripts/kill-loop/run-kill-loop.ts";
import { findFreePorts } from "../../src/host/testnet/free-ports.ts";
import { makeTestnetFolder, type TestnetFolder } from "../../src/host/testnet/testnet-folder.ts";
import { NodeProcess } from "../support/node-process.ts";
import { PausableProxy } from "../support/pausable-proxy.ts";
import { until } from "../support/program.ts";

const validators = 4;
const slotMs = 400;
const genesisAheadMs = 4000;

/** Four validators and a node that only follows, which is the last. */
class Network {
  readonly finals = new FinalBlocks();
  readonly folder: TestnetFolder;
  readonly nodes: NodeProcess[] = [];
  private readonly ports: readonly number[];
  private readonly portOf: (from: number, to: number) => number;

  private constructor(folder: TestnetFolder, ports: readonly number[], portOf: Network["portOf"]) {
    this.folder = folder;
    this.ports = ports;
    this.portOf = portOf;
  }

  /** `portOf`: where `from` dials `to`, given the port on which `to` listens. */
  static async start(
    portOf: (from: number, to: number, listen: number) => number = (_from, _to, listen) => listen,
    ports?: readonly number[],
  ): Promise<Network> {
    const chosen = ports ?? (await freePorts());
    const folder = makeTestnetFolder({
      ...{ nodes: validators + 1, validators, slotMs, keep: undefined },
      genesisTimeMs: Date.now() + genesisAheadMs,
    });
    const network = new Network(folder, chosen, (from, to) => portOf(from, to, chosen[to]!));
    for (let index = 0; index <= validators; index++) await network.spawn(index);
    await Promise.all(network.nodes.map((node) => node.started()));
    return network;
  }

  async spawn(index: number): Promise<void> {
    const { folder, ports } = this;
    const earlier = Array.from({ length: validators + 1 }, (_, to) => to).filter(
      (to) => to !== index,
    );
    this.nodes[index] = await NodeProcess.spawn({
      dataDir: folder.nodeFolders[index]!,
      listen: ports[index]!,
      http: ports[validators + 1 + index]!,
      more: [
        ...["--network", folder.networkFile],
        // Whoever could dial by itself would find a way around a cut line.
        ...["--outbound", "0", "--allow-private", "false"],
        ...earlier.flatMap((to) => ["--connect", `127.0.0.1:${this.portOf(index, to)}`]),
      ],
    });
  }

  /** Heights of head and finality, as node `index` says; notes what is final everywhere. */
  async heights(index: number): Promise<{ readonly head: number; readonly final: number }> {
    await this.finals.ask(this.asked());
    const info = await this.nodes[index]!.info();
    return { head: info["height"] as number, final: info["finalizedHeight"] as number };
  }

  wait<T>(what: string, index: number, pick: (heights: Heights) => T | undefined): Promise<T> {
    const read = async () => pick(await this.heights(index));
    return until(what, read, [this.nodes[index]!.program], 40_000);
  }

  async isOneChain(): Promise<boolean> {
    const { head } = await this.heights(0);
    const hashes = await Promise.all(this.nodes.map((node) => node.blockHash(head - 2)));
    return hashes[0] !== undefined && new Set(hashes).size === 1;
  }

  /** What was final once is final for all. */
  async check(): Promise<void> {
    assert.ok((await this.finals.compare(this.asked())) > 0);
    assert.deepEqual([...this.finals.contradictions], []);
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.program.end()));
    this.folder.remove();
  }

  private asked() {
    return this.nodes
      .filter(({ isUp }) => isUp)
      .map((node, index) => ({
        name: `node-${index}`,
        get: (path: string) => node.get(path).catch(() => undefined),
      }));
  }
}

type Heights = Awaited<ReturnType<Network["heights"]>>;

async function freePorts(): Promise<readonly number[]> {
  const ports = await findFreePorts(2 * (validators + 1));
  assert.ok(ports !== undefined);
  return ports;
}

const follower = validators;
const keyOf = (dataDir: string) => join(dataDir, "keys", "validator.json");

async function oneKeyTwice(network: Network): Promise<void> {
  const { folder, nodes } = network;
  const [first, copied] = [nodes[0]!, nodes[3]!];
  const more = ["--network", folder.networkFile, "--connect", `127.0.0.1:${first.listen}`];
  const dataDir = join(folder.path, "second");
  const second = await NodeProcess.spawn({
    dataDir,
    more: [...more, "--validator-key", keyOf(first.dataDir)],
  });
  assert.equal(await second.program.ended, 3, second.program.err);
  assert.match(second.program.err, /another node is signing with/);

  const elsewhere = join(folder.path, "elsewhere");
  mkdirSync(join(elsewhere, "keys"), { recursive: true, mode: 0o700 });
  cpSync(keyOf(copied.dataDir), keyOf(elsewhere));
  const copy = await NodeProcess.spawn({ dataDir: elsewhere, more });
  assert.equal(await copy.program.ended, 8, copy.program.err);
  assert.match(copy.program.err, /"event":"doppelganger"/);
  // It watched before it signed, so the right one has nothing to fear.
  await copied.event("voted", () => true, copied.events.items.length);
}

test("finality follows the head, and comes back by itself with the validators", async () => {
  const network = await Network.start();
  const { nodes } = network;
  try {
    let near = 0;
    await network.wait("final within 2 blocks of the head", follower, ({ head, final }) => {
      near = final > 0 && head - final <= 2 ? near + 1 : 0;
      return near >= 10 || undefined;
    });
    await oneKeyTwice(network);

    await nodes[3]!.kill();
    const one = await network.heights(follower);
    await network.wait("final with three of four", follower, ({ final }) =>
      final > one.head + 3 ? true : undefined,
    );

    await nodes[2]!.kill();
    const two = await network.heights(follower);
    const stuck = await network.wait("the chain goes on with two", follower, (heights) =>
      heights.head >= two.head + 4 ? heights : undefined,
    );
    assert.ok(stuck.final <= two.head + 1, JSON.stringify({ two, stuck }));

    await network.spawn(2);
    await nodes[2]!.started();
    const back = await network.heights(follower);
    assert.ok(back.final <= two.head + 1, JSON.stringify({ two, back }));
    await network.wait("final again with three", follower, ({ final }) =>
      final > back.head ? true : undefined,
    );
    await network.spawn(3);
    await network.wait("the last one catches up", 3, ({ final }) =>
      final > back.head ? true : undefined,
    );
    await network.check();
  } finally {
    await network.end();
  }
});

test("a network parted into halves grows two chains, joins into one, and undoes nothing final", async () => {
  const ports = await freePorts();
  const isFar = (index: number) => index === 2 || index === 3;
  const proxies = await Promise.all(ports.slice(0, validators + 1).map((p) => PausableProxy.to(p)));
  const network = await Network.start(
    (from, to, listen) => (isFar(from) === isFar(to) ? listen : proxies[to]!.port),
    ports,
  );
  try {
    await network.wait("final with all", 0, ({ final }) => (final >= 3 ? true : undefined));
    for (const proxy of proxies) proxy.pause();
    const parted = await network.heights(0);
    for (const side of [0, 2]) {
      const alone = await network.wait("each half grows", side, (heights) =>
        heights.head >= parted.head + 5 ? heights : undefined,
      );
      assert.ok(alone.final <= parted.head + 1, JSON.stringify({ parted, alone }));
    }
    const [near, far] = await Promise.all([network.heights(0), network.heights(2)]);
    const height = Math.min(near.head, far.head);
    const [here, there] = await Promise.all([0, 2].map((i) => network.nodes[i]!.blockHash(height)));
    assert.notEqual(here, there, "two chains");
    for (const proxy of proxies) proxy.resume();
    await network.wait("final above both heads", 0, ({ final }) =>
      final > Math.max(near.head, far.head) ? true : undefined,
    );
    const isOne = async () => ((await network.isOneChain()) ? true : undefined);
    await until("one chain", isOne, [network.nodes[2]!.program], 20_000);
    await network.check();
  } finally {
    await network.end();
    for (const proxy of proxies) proxy.close();
  }
});

test("validators killed at points before and after they sign come back and never equivocate", async () => {
  const summary = await runKillLoop({ cycles: 6, slotMs: 300, powerCut: false, noFsync: false });
  const { cycles, equivocations, undone, unrecorded, faults, badSignatures } = summary;
  assert.deepEqual(
    { equivocations, undone, unrecorded, faults, badSignatures },
    { equivocations: [], undone: [], unrecorded: [], faults: [], badSignatures: 0 },
  );
  assert.ok(cycles >= 6 && summary.votes > 6 && summary.finalBlocksCompared > 6);
});
