/**
 * A lone sealing node without sockets, disk or clock: its effects are performed at once on a Map
 * and with the real keys; time moves when the test says so. For tests of what reads a node.
 */
import { toHex } from "../../src/base/bytes.ts";
import { firstBad } from "../../src/chain/first-bad.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { commandJob, type Job } from "../../src/edge/conn.ts";
import type { Answer, Effect } from "../../src/edge/effect.ts";
import type { Env } from "../../src/edge/env.ts";
import type { Command, Input } from "../../src/edge/input.ts";
import { preimageOf } from "../../src/edge/signing-rule.ts";
import { emptyImage } from "../../src/edge/store-image.ts";
import { ChainReader } from "../../src/host/chain-reader.ts";
import { type DevAccount, makeDevnet } from "../../src/host/devnet.ts";
import { NodeMetrics } from "../../src/host/metrics/node-metrics.ts";
import { type Address, idBytes, publicKeyOf } from "../../src/model/ids.ts";
import { formatNetworkFile, type NetworkFile } from "../../src/model/network-file.ts";
import { signTransaction, type Transaction } from "../../src/model/transaction.ts";
import { Node } from "../../src/node/node.ts";

const genesisTimeMs = 1_767_225_600_000;

export class SoloNode {
  readonly node: Node;
  readonly file: NetworkFile;
  readonly accounts: readonly DevAccount[];
  readonly reader: ChainReader;
  readonly records = new Map<string, Uint8Array>();
  readonly metrics: NodeMetrics;
  private readonly clock = { monotonicMs: 0, wallMs: genesisTimeMs };
  readonly validatorSeed: Uint8Array;
  private readonly answers = new Map<Job, Answer>();
  private commandCount = 0;

  /** `validators`: how many in the set; the first is this node, so that with more nothing is final. */
  constructor(validators = 1) {
    let randomCount = 0;
    const random = {
      below: (bound: number) => randomCount++ % bound,
      bytes: (count: number) => new Uint8Array(count).fill((randomCount++ % 250) + 1),
    };
    const env: Env = { clock: this.clock, random, signatures: ed25519 };
    this.validatorSeed = random.bytes(32);
    const keys = [this.validatorSeed];
    while (keys.length < validators) keys.push(random.bytes(32));
    const publicKeys = keys.map((seed) => publicKeyOf(ed25519.publicKey(seed)));
    const validator = publicKeys[0]!;
    const devnet = makeDevnet({
      random,
      signatures: ed25519,
      validator,
      wallMs: genesisTimeMs,
      slotMs: 1000,
    });
    this.file = { ...devnet.networkFile, validators: publicKeys };
    this.accounts = devnet.accounts;
    const options = {
      networkFile: this.file,
      networkFileBytes: Buffer.from(formatNetworkFile(this.file)),
      nodeSeed: random.bytes(32),
      validator: {
        key: validator,
        floors: { sealSlot: 0, sourceSlot: 0, targetSlot: 0 },
        isFresh: true,
      },
      listenPort: 0,
      connect: [],
      agent: "solo",
      peersMax: 8,
      outboundTarget: 0,
      allowPrivate: true,
      knownAddresses: [],
    };
    this.node = new Node(env, options, emptyImage);
    const load = (keys: readonly Uint8Array[]) =>
      Promise.resolve(keys.map((key) => this.records.get(toHex(key))));
    this.reader = new ChainReader(this.node.queries, { load });
    this.metrics = new NodeMetrics(this.node.queries, () => this.clock.wallMs);
    this.step({ type: "started" });
  }

  get height(): number {
    return this.node.queries.head().height;
  }

  wallMs(): number {
    return this.clock.wallMs;
  }

  /** Lets `count` slots begin; ticks whenever the node asks for it, and at the end. */
  runSlots(count: number): void {
    const end = this.clock.monotonicMs + count * this.file.slotMs;
    while (this.clock.monotonicMs < end) {
      const next = Math.min(this.node.deadline, end);
      this.clock.wallMs += next - this.clock.monotonicMs;
      this.clock.monotonicMs = next;
      this.step({ type: "tick" });
    }
  }

  submit(bytes: Uint8Array): Answer {
    return this.command({ type: "submit-transaction", bytes });
  }

  command(command: Command): Answer {
    const job = commandJob(this.commandCount++);
    this.step({ type: "command", job, command });
    return this.answers.get(job)!;
  }

  /** A transfer of `from`, signed. */
  transfer(from: DevAccount, fields: { to: Address; amount: bigint; nonce: bigint }): Transaction {
    return signTransaction(
      {
        type: 0,
        sender: from.publicKey,
        fee: 1n,
        validUntilSlot: 0,
        payload: new Uint8Array(0),
        ...fields,
      },
      idBytes(this.node.queries.info().genesisHash),
      (preimage) => ed25519.sign(Buffer.from(from.seed, "hex"), preimage),
    );
  }

  private step(input: Input): void {
    const inputs: Input[] = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      for (const effect of this.node.handle(next)) inputs.push(...this.perform(effect));
    }
  }

  private perform(effect: Effect): readonly Input[] {
    switch (effect.type) {
      case "persist":
        for (const { key, value } of effect.writes) {
          if (value === undefined) this.records.delete(toHex(key));
          else this.records.set(toHex(key), value);
        }
        return effect.sync ? [{ type: "persisted", through: effect.ticket }] : [];
      case "verify": {
        const { job, check } = effect;
        return [{ type: "verified", job, firstBad: firstBad(ed25519, check) }];
      }
      case "sign": {
        // Without floors: nothing here crashes, and the node asks for nothing twice.
        const signature = ed25519.sign(this.validatorSeed, preimageOf(effect.request));
        return [{ type: "signed", job: effect.job, signature }];
      }
      case "load": {
        const values = effect.keys.map((key) => this.records.get(toHex(key)));
        return [{ type: "loaded", job: effect.job, values }];
      }
      case "answer":
        this.answers.set(effect.job, effect.answer);
        return [];
      case "notify":
        this.metrics.onEvent(effect.event);
        return [];
      default:
        return [];
    }
  }
}
