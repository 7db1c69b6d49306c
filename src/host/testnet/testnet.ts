/**
 * A local network of real processes: made, started, watched, ended. Prints nothing: whoever runs it
 * (run-testnet.ts, a test) asks for views. Node 0 is the bootstrap of all others.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { NodeClient } from "../cli/node-client.ts";
import { HostError } from "../host-error.ts";
import { doAgree, infoOf, type NodeInfo } from "./agreement.ts";
import { areFree, findFreePorts } from "./free-ports.ts";
import { NodeProcess } from "./node-process.ts";
import { makeTestnetFolder, type TestnetFolder } from "./testnet-folder.ts";
import type { TestnetView } from "./testnet-view.ts";
import { TransferLoad } from "./transfer-load.ts";

export interface TestnetOptions {
  readonly nodes: number;
  readonly validators: number;
  readonly slotMs: number;
  readonly keep: string | undefined;
  /** Listen ports from here on, HTTP 1000 above; undefined: free ones are found. */
  readonly basePort: number | undefined;
  /** Transfers a second. */
  readonly rate: number;
}

/** Genesis lies this far ahead, so that the first slots find their leaders awake. */
const genesisAheadMs = 3000;
/** The others start when the bootstrap node answers, or after this. */
const bootstrapMs = 20_000;
/** A second look after this, when heads were caught in motion. */
const agreeTries = 5;

export class Testnet {
  readonly folder: TestnetFolder;
  readonly nodes: readonly NodeProcess[];
  private readonly clients: readonly NodeClient[];
  private readonly options: TestnetOptions;
  private readonly startedMs = performance.now();
  private readonly load: TransferLoad;
  private infos: readonly (NodeInfo | undefined)[] = [];

  private constructor(options: TestnetOptions, folder: TestnetFolder, ports: readonly Ports[]) {
    this.options = options;
    this.folder = folder;
    this.nodes = ports.map(
      ({ listen, http }, index) =>
        new NodeProcess({
          name: `node-${index}`,
          listen,
          http,
          dataDir: folder.nodeFolders[index]!,
          networkFile: folder.networkFile,
          connect: index === 0 ? [] : [`127.0.0.1:${ports[0]!.listen}`],
        }),
    );
    this.clients = this.nodes.map(({ url }) => new NodeClient(url));
    const { accounts, network } = folder;
    this.load = new TransferLoad(accounts, network.genesisHash, () =>
      this.clients.filter((_, index) => this.infos[index] !== undefined),
    );
    this.load.start(options.rate);
  }

  /** Resolves when the processes are started, not yet ready. Throws `HostError`. */
  static async start(options: TestnetOptions): Promise<Testnet> {
    const ports = await choosePorts(options);
    const genesisTimeMs = Date.now() + genesisAheadMs;
    const testnet = new Testnet(options, makeTestnetFolder({ ...options, genesisTimeMs }), ports);
    void testnet.startNodes();
    return testnet;
  }

  /** The nodes that ended without being asked. */
  get died(): readonly NodeProcess[] {
    return this.nodes.filter(({ hasDied }) => hasDied);
  }

  /** Asks every node what it is doing. */
  async poll(): Promise<TestnetView> {
    this.infos = await Promise.all(
      this.clients.map((client, index) =>
        this.nodes[index]!.exit === undefined ? infoOf(client) : undefined,
      ),
    );
    return {
      network: this.folder.network.file.name,
      wallMs: Date.now(),
      runSeconds: Math.round((performance.now() - this.startedMs) / 1000),
      sent: this.load.sent,
      refused: this.load.refused,
      rows: this.nodes.map(({ options, exit }, index) => ({
        name: options.name,
        listen: options.listen,
        http: options.http,
        isValidator: index < this.options.validators,
        info: this.infos[index],
        exit,
      })),
    };
  }

  /** The bootstrap node first: who finds nobody there waits for seconds before it tries again. */
  private async startNodes(): Promise<void> {
    const [first, ...others] = this.nodes;
    first?.start();
    const until = performance.now() + bootstrapMs;
    while (performance.now() < until && first?.exit === undefined) {
      if ((await infoOf(this.clients[0]!)) !== undefined) break;
      await sleep(50);
    }
    for (const node of others) node.start();
  }

  /** The last view before the end, and whether all are on one chain. Sends nothing any more. */
  async conclude(): Promise<{ readonly view: TestnetView; readonly agreed: boolean }> {
    this.load.stop();
    for (let attempt = 1; ; attempt++) {
      const view = await this.poll();
      const agreed = await doAgree(this.clients, this.infos);
      if (agreed || attempt === agreeTries || this.died.length > 0) return { view, agreed };
      await sleep(Math.min(1000, this.options.slotMs / 2));
    }
  }

  /** Ends all nodes and removes what is not to be kept. */
  async end(): Promise<void> {
    this.load.stop();
    await Promise.all(this.nodes.map((node) => node.end()));
    this.folder.remove();
  }
}

interface Ports {
  readonly listen: number;
  readonly http: number;
}

async function choosePorts({ nodes, basePort }: TestnetOptions): Promise<Ports[]> {
  if (basePort === undefined) {
    const ports = await findFreePorts(2 * nodes);
    if (ports === undefined) {
      throw new HostError("port-in-use", "no free ports were found", "choose with --base-port");
    }
    return ports.slice(0, nodes).map((listen, index) => ({ listen, http: ports[nodes + index]! }));
  }
  const chosen = Array.from({ length: nodes }, (_, index) => ({
    listen: basePort + index,
    http: basePort + 1000 + index,
  }));
  if (await areFree(chosen.flatMap(({ listen, http }) => [listen, http]))) return chosen;
  throw new HostError(
    "port-in-use",
    `of ports ${basePort} to ${basePort + nodes - 1}, and those 1000 above, some are in use`,
    "choose another --base-port, or leave it out",
  );
}
