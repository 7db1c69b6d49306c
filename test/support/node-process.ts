/** bin/node.ts as a process with `--json`: its facts and events as they come, its memory. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { hexBytes } from "../../src/base/bytes.ts";
import { findFreePorts } from "../../src/host/testnet/free-ports.ts";
import { Mailbox } from "./mailbox.ts";
import { Program } from "./program.ts";

export type Fact = Readonly<Record<string, unknown>>;

export interface NodeProcessOptions {
  readonly dataDir: string;
  readonly listen?: number;
  readonly http?: number;
  readonly more?: readonly string[];
  /** Killed after this, whatever the test does. */
  readonly lifeMs?: number;
}

export class NodeProcess {
  readonly program: Program;
  readonly listen: number;
  readonly http: number;
  readonly dataDir: string;
  /** Log lines (stderr). */
  readonly events = new Mailbox<Fact>();
  /** Facts (stdout): started, status, stopping, stopped. */
  readonly facts = new Mailbox<Fact>();

  private constructor(listen: number, http: number, options: NodeProcessOptions) {
    this.listen = listen;
    this.http = http;
    this.dataDir = options.dataDir;
    const argv = [
      ...["--listen", String(listen), "--http", `127.0.0.1:${http}`, "--json"],
      ...["--data-dir", options.dataDir, "--log-level", "debug", ...(options.more ?? [])],
    ];
    this.program = new Program("node.ts", argv, options.lifeMs);
    feed(this.program.child.stdout!, this.facts);
    feed(this.program.child.stderr!, this.events);
    void this.program.ended.then((code) => {
      this.facts.close(`the process ended with ${code}: ${this.program.err.slice(-1500)}`);
      this.events.close(`the process ended with ${code}: ${this.program.err.slice(-1500)}`);
    });
  }

  /** On free ports unless some are given; does not wait for anything. */
  static async spawn(options: NodeProcessOptions): Promise<NodeProcess> {
    const [listen, http] = (await findFreePorts(2))!;
    return new NodeProcess(options.listen ?? listen!, options.http ?? http!, options);
  }

  /** Ready to be talked to. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const node = await NodeProcess.spawn(options);
    await node.started();
    return node;
  }

  started(): Promise<Fact> {
    return this.facts.wait(
      "the node has started",
      (fact) => (fact["type"] === "started" ? fact : undefined),
      {
        timeoutMs: 30_000,
      },
    );
  }

  async genesisHash(): Promise<Uint8Array> {
    return hexBytes((await this.started())["genesisHash"] as string);
  }

  get isUp(): boolean {
    const { exitCode, signalCode } = this.program.child;
    return exitCode === null && signalCode === null;
  }

  get pid(): number {
    return this.program.child.pid!;
  }

  /** Resident memory in bytes. */
  get rssBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmRSS:\s+([0-9]+) kB/.exec(status)![1]) * 1024;
  }

  event(name: string, matching: (event: Fact) => boolean, from = 0): Promise<Fact> {
    const pick = (event: Fact) => (event["event"] === name && matching(event) ? event : undefined);
    return this.events.wait(`event ${name} of the node`, pick, { from });
  }

  async get(path: string): Promise<Fact> {
    const response = await fetch(`http://127.0.0.1:${this.http}${path}`);
    return (await response.json()) as Fact;
  }

  info(): Promise<Fact> {
    return this.get("/api/blockchain/info");
  }

  async blockHash(height: number): Promise<unknown> {
    return (await this.get(`/api/blockchain/blocks/${height}`))["hash"];
  }

  async kill(): Promise<void> {
    this.program.child.kill("SIGKILL");
    await this.program.ended;
  }

  /** Ctrl-C. */
  async interrupt(): Promise<void> {
    this.program.child.kill("SIGINT");
    const code = await this.program.ended;
    assert.equal(code, 0, `exit code after SIGINT; said ${this.program.err.slice(-2000)}`);
  }
}

function feed(stream: NodeJS.ReadableStream, box: Mailbox<Fact>): void {
  let rest = "";
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("{")) box.push(JSON.parse(line) as Fact);
      else box.push({ type: "text", line });
    }
  });
}
