/**
 * The local network of the kill loop: real processes with folders, stores and signer files, all
 * connected to all, the validators first and one node that only follows. Every one of them can be
 * killed, robbed and started again. Decides nothing about when.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { hexBytes } from "../../src/base/bytes.ts";
import type { SignerFloors } from "../../src/edge/signer-floors.ts";
import { decodeFloorFile } from "../../src/host/floor-records.ts";
import { findFreePorts } from "../../src/host/testnet/free-ports.ts";
import { makeTestnetFolder, type TestnetFolder } from "../../src/host/testnet/testnet-folder.ts";
import type { PublicKey } from "../../src/model/ids.ts";
import { type NetworkFile, slotAt } from "../../src/model/network-file.ts";
import { type KillOrder, syncedSuffix, type VictimPlan } from "./kill-order.ts";

const program = fileURLToPath(new URL("./victim.ts", import.meta.url));
const loader = import.meta.resolve("tsx");
const keptLines = 20;

export interface ArenaOptions extends VictimPlan {
  readonly validators: number;
  readonly slotMs: number;
  /** How far ahead genesis lies: the first slots shall find their leaders awake. */
  readonly genesisAheadMs: number;
}

interface Address {
  readonly listen: number;
  readonly http: number;
}

export class Member {
  readonly name: string;
  /** Undefined for the one that only follows. */
  readonly key: PublicKey | undefined;
  readonly address: Address;
  readonly lastLines: string[] = [];
  private readonly folder: string;
  private readonly argv: readonly string[];
  private child: ChildProcess | undefined;
  private ended: Promise<string> = Promise.resolve("never started");

  constructor(options: {
    readonly name: string;
    readonly key: PublicKey | undefined;
    readonly address: Address;
    readonly folder: string;
    readonly argv: readonly string[];
  }) {
    this.name = options.name;
    this.key = options.key;
    this.address = options.address;
    this.folder = options.folder;
    this.argv = options.argv;
  }

  get isUp(): boolean {
    return this.child !== undefined && this.child.exitCode === null && !this.child.signalCode;
  }

  start(): void {
    const env = Object.entries(process.env).filter(([name]) => !name.startsWith("WINDLASS_"));
    const child = spawn(process.execPath, ["--import", loader, program, ...this.argv], {
      cwd: this.folder,
      env: { ...Object.fromEntries(env), NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.lastLines.push(line);
        if (this.lastLines.length > keptLines) this.lastLines.shift();
      });
    }
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
  }

  /** How it ended: a signal's name or an exit code. */
  whenEnded(): Promise<string> {
    return this.ended;
  }

  arm(order: KillOrder): void {
    if (this.child?.connected === true) this.child.send(order, () => undefined);
  }

  kill(): void {
    this.child?.kill("SIGKILL");
  }

  /** What of the signer's file would survive a power cut: what it says was signed. */
  syncedFloors(genesisHash: string): SignerFloors | undefined {
    const path = this.floorPath();
    if (path === undefined || this.key === undefined) return undefined;
    const owner = { publicKey: hexBytes(this.key), genesisHash: hexBytes(genesisHash) };
    const found = decodeFloorFile(readFileSync(path).subarray(0, syncedBytes(path)), owner);
    return found.type === "records" ? found.last : undefined;
  }

  /** What was not synced of the signer's file goes, as in a power cut. Returns the bytes lost. */
  loseUnsynced(): number {
    const path = this.floorPath();
    if (path === undefined) return 0;
    const kept = syncedBytes(path);
    const lost = readFileSync(path).length - kept;
    if (lost > 0) truncateSync(path, kept);
    return Math.max(0, lost);
  }

  /** The whole chain goes, and the note of what it held: the node syncs anew. Keys stay. */
  loseChain(): void {
    rmSync(join(this.folder, "chain"), { recursive: true, force: true });
    rmSync(join(this.folder, "durable-tip.json"), { force: true });
  }

  /** What it says at a path of its API; undefined while it does not answer. */
  async get(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const url = `http://127.0.0.1:${this.address.http}${path}`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(3000) });
      return answer.ok ? ((await answer.json()) as Record<string, unknown>) : undefined;
    } catch {
      return undefined;
    }
  }

  private floorPath(): string | undefined {
    const keys = join(this.folder, "keys");
    const name = readdirSync(keys).find((each) => each.endsWith(".floor"));
    return name === undefined ? undefined : join(keys, name);
  }
}

const syncedBytes = (path: string) => Number(readFileSync(`${path}${syncedSuffix}`, "utf8"));

export class Arena {
  readonly network: NetworkFile;
  readonly genesisHash: string;
  readonly folder: TestnetFolder;
  readonly validators: readonly Member[];
  readonly follower: Member;

  private constructor(folder: TestnetFolder, members: readonly Member[]) {
    this.folder = folder;
    this.network = folder.network.file;
    this.genesisHash = folder.network.genesisHash;
    this.validators = members.slice(0, -1);
    this.follower = members.at(-1)!;
  }

  /** On disk; nothing runs yet. */
  static async make(options: ArenaOptions): Promise<Arena> {
    const { validators, slotMs, genesisAheadMs, noFsync, unguarded } = options;
    const count = validators + 1;
    const ports = await findFreePorts(2 * count);
    if (ports === undefined) throw new Error("no free ports");
    const addresses = ports
      .slice(0, count)
      .map((listen, index) => ({ listen, http: ports[count + index]! }));
    const genesisTimeMs = Date.now() + genesisAheadMs;
    const folder = makeTestnetFolder({
      ...{ nodes: count, validators, slotMs, genesisTimeMs },
      keep: undefined,
    });
    const plan: VictimPlan = { noFsync, unguarded };
    const members = addresses.map((address, index) => {
      const others = addresses.filter((other) => other !== address);
      const dataDir = folder.nodeFolders[index]!;
      const argv = [
        JSON.stringify(plan),
        ...["--listen", String(address.listen), "--http", `127.0.0.1:${address.http}`],
        ...["--data-dir", dataDir, "--network", folder.networkFile],
        ...others.flatMap(({ listen }) => ["--connect", `127.0.0.1:${listen}`]),
      ];
      const key = folder.network.file.validators[index];
      return new Member({ name: `node-${index}`, key, address, folder: dataDir, argv });
    });
    return new Arena(folder, members);
  }

  get members(): readonly Member[] {
    return [...this.validators, this.follower];
  }

  slot(): number {
    return slotAt(this.network, Date.now());
  }

  async end(): Promise<void> {
    for (const member of this.members) member.kill();
    await Promise.all(this.members.map((member) => member.whenEnded()));
    if (existsSync(this.folder.path)) this.folder.remove();
  }
}
