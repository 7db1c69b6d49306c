/**
 * The stage of an attack: a real node that seals, a second real node that follows it, and an honest
 * client. One for each test file. What an attack does to them is measured by watch.ts.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { unhex } from "../support/independent-decoder/bytes.ts";
import { NodeProcess } from "../support/node-process.ts";
import { type Program, until } from "../support/program.ts";
import { Client, type ClientOptions } from "./client.ts";
import type { Target } from "./client-handshake.ts";
import { HonestClient } from "./honest-client.ts";
import { type Figures, judge, type Limits, print, Watch } from "./watch.ts";

const slotMs = 1_000;
/** Of the threat table, for ten minutes of all attacks; each kind of line has its own budget. */
const logBytesMax = 10_000_000;
const defaultLifeMs = 300_000;

export interface StageOptions {
  /** Of the victim. */
  readonly more?: readonly string[];
  readonly slotMs?: number;
  /** Of both processes; five minutes unless given. */
  readonly lifeMs?: number;
  /** Addresses that the victim dials as its operator's, once its network is known. */
  readonly dials?: (target: Target) => Promise<readonly string[]>;
}

export interface AttackOptions extends Limits {
  /** What else the attack showed. */
  readonly told?: () => string;
}

export class Stage {
  readonly folder: string;
  readonly victim: NodeProcess;
  readonly second: NodeProcess;
  readonly target: Target;
  readonly slotMs: number;
  readonly honest: HonestClient;
  /** What an earlier attack brought into the log is not held against the next. */
  private readonly judgedLog = new Map<Program, number>();
  readonly network: { readonly genesisHash: Uint8Array; readonly slotMs: number };

  private constructor(
    folder: string,
    nodes: { readonly victim: NodeProcess; readonly second: NodeProcess },
    network: { readonly genesisHash: Uint8Array; readonly slotMs: number },
    honest: HonestClient,
  ) {
    this.folder = folder;
    this.victim = nodes.victim;
    this.second = nodes.second;
    this.network = network;
    this.slotMs = network.slotMs;
    this.target = { port: nodes.victim.listen, genesisHash: network.genesisHash };
    this.honest = honest;
  }

  static async start(options: StageOptions = {}): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), "windlass-attack-"));
    const network = { slotMs: options.slotMs ?? slotMs };
    const victim = await startVictim(join(folder, "victim"), network.slotMs, options);
    const genesisHash = await victim.genesisHash();
    const second = await NodeProcess.start({
      dataDir: join(folder, "second"),
      more: ["--connect", `127.0.0.1:${victim.listen}`],
      lifeMs: options.lifeMs ?? defaultLifeMs,
    });
    const honest = await HonestClient.connect({ port: victim.listen, genesisHash });
    const stage = new Stage(folder, { victim, second }, { ...network, genesisHash }, honest);
    await honest.nextBlock();
    await stage.untilSecondHas(honest.head.header.height);
    return stage;
  }

  async end(): Promise<void> {
    this.honest.client.destroy();
    await Promise.all([this.victim.program.end(), this.second.program.end()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  connect(options: ClientOptions = {}): Promise<Client> {
    return Client.connect(this.target, options);
  }

  /** Keys of the devnet's accounts, which have money. */
  accounts(): readonly { readonly seed: Uint8Array; readonly address: string }[] {
    const text = readFileSync(join(this.victim.dataDir, "keys", "accounts.json"), "utf8");
    const all = JSON.parse(text) as readonly { seed: string; address: string }[];
    return all.map(({ seed, address }) => ({ seed: unhex(seed), address }));
  }

  /** For an attacker who is a validator. */
  validatorSeed(): Uint8Array {
    const text = readFileSync(join(this.victim.dataDir, "keys", "validator.json"), "utf8");
    return unhex((JSON.parse(text) as { seed: string }).seed);
  }

  /** Does it, prints what it cost, and holds the node and the honest to their bars. */
  async attack(
    test: TestContext,
    act: () => Promise<void>,
    options: AttackOptions = {},
  ): Promise<Figures> {
    const { name } = test;
    const figures = await new Watch(this.victim).during(this.honest, act);
    print(test, name, figures, options.told?.());
    await this.isUnharmed(name);
    judge(name, figures, options);
    return figures;
  }

  /** The process is up, blocks come, the second node has them, and nothing was our own fault. */
  async isUnharmed(what: string): Promise<void> {
    const { victim, honest } = this;
    assert.ok(victim.isUp, `the node died of: ${what}\n${victim.program.err.slice(-2_000)}`);
    const { header } = await honest.nextBlock();
    await this.untilSecondHas(header.height);
    for (const { program } of [victim, this.second]) {
      const said = program.err.slice(this.judgedLog.get(program) ?? 0);
      this.judgedLog.set(program, program.err.length);
      const wrong = said.split("\n").find((line) => /"level":"(error|fatal)"/.test(line));
      assert.equal(wrong, undefined, `${what}: the log says ${wrong}`);
      assert.ok(program.err.length < logBytesMax, `${program.err.length} bytes of log: ${what}`);
    }
  }

  /** A fresh identity does `act`; it must be sent away for `code`. */
  async offends(
    name: string,
    code: string | RegExp,
    act: (client: Client) => Promise<void> | void,
    options: ClientOptions = {},
  ): Promise<void> {
    const client = await this.connect(options);
    try {
      await act(client);
      const reason = await client.goodbye().catch((error: Error) => error.message);
      const expected = typeof code === "string" ? new RegExp(`^${code}(:|$)`) : code;
      assert.match(reason, expected, name);
    } finally {
      client.destroy();
    }
  }

  private async untilSecondHas(height: number): Promise<void> {
    const { second } = this;
    const isThere = async () => ((await second.info())["height"] as number) >= height || undefined;
    await until(`the second node has block ${height}`, isThere, [second.program]);
  }
}

/** A fresh devnet dials nobody: with `dials` it is made first, and started again. */
async function startVictim(
  dataDir: string,
  slot: number,
  { dials, more = [], lifeMs = defaultLifeMs }: StageOptions,
): Promise<NodeProcess> {
  const first = await NodeProcess.start({
    ...{ dataDir, lifeMs },
    more: ["--slot-ms", String(slot), ...more],
  });
  if (dials === undefined) return first;
  const { listen, http } = first;
  const addresses = await dials({ port: listen, genesisHash: await first.genesisHash() });
  await first.interrupt();
  const connect = addresses.flatMap((address) => ["--connect", address]);
  return await NodeProcess.start({ dataDir, lifeMs, listen, http, more: [...connect, ...more] });
}
