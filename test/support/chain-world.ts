/**
 * A `ChainManager` in a hand-moved world: its store is a list of batches, so that a test can end it
 * after any of them. The blocks it is given are made by `chain-builder.ts`.
 */
import { toHex } from "../../src/base/bytes.ts";
import { ChainManager } from "../../src/chain/chain-manager.ts";
import type { Trust } from "../../src/chain/chain-parts.ts";
import { firstBad } from "../../src/chain/first-bad.ts";
import type { ChainPort, Imported } from "../../src/chain/imported.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import type { Conn, Job, Ticket } from "../../src/edge/conn.ts";
import type { DurableTip, SignatureCheck, Write } from "../../src/edge/effect.ts";
import type { Env } from "../../src/edge/env.ts";
import type { NodeEvent } from "../../src/edge/event.ts";
import { emptyImage, type StoreImage } from "../../src/edge/store-image.ts";
import type { Certificate } from "../../src/model/certificate.ts";
import type { BlockHash } from "../../src/model/ids.ts";
import type { Vote } from "../../src/model/vote.ts";
import type { Built } from "./built.ts";
import type { ChainBuilder } from "./chain-builder.ts";
import { cheapSignatures, genesisTimeMs, slotMs } from "./chain-network.ts";

export interface Batch {
  readonly writes: readonly Write[];
  readonly sync: boolean;
  readonly durableTip: DurableTip | undefined;
}

/** The store after the first `count` batches. */
export function storeAfter(batches: readonly Batch[], count: number): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (const { writes } of batches.slice(0, count)) {
    for (const { key, value } of writes) {
      if (value === undefined) records.delete(toHex(key));
      else records.set(toHex(key), value);
    }
  }
  return records;
}

export function imageOf(records: ReadonlyMap<string, Uint8Array>): StoreImage {
  const sorted = [...records.keys()].sort();
  return {
    get: (key) => records.get(toHex(key)),
    range: (prefix) => {
      const start = toHex(prefix);
      return sorted
        .filter((key) => key.startsWith(start))
        .map((key) => [new Uint8Array(Buffer.from(key, "hex")), records.get(key)!] as const);
    },
  };
}

export interface WorldOptions {
  readonly image?: StoreImage;
  /** Answer `verify` at once; otherwise by `verify(job)`. */
  readonly autoVerify?: boolean;
  /** Slot whose start the wall clock shows. */
  readonly slot?: number;
  readonly trust?: Trust;
}

interface VerifyJob {
  readonly job: Job;
  readonly check: SignatureCheck;
}

export const sourceOf = (number: number): Conn => number as Conn;

export class ChainWorld {
  readonly clock = { monotonicMs: 5000, wallMs: 0 };
  readonly env: Env;
  readonly batches: Batch[] = [];
  readonly events: NodeEvent[] = [];
  readonly jobs: VerifyJob[] = [];
  /** Headers, as they entered the tree. */
  readonly entered: BlockHash[] = [];
  readonly state: Ledger;
  readonly chain: ChainManager;
  private readonly builder: ChainBuilder;
  private readonly autoVerify: boolean;
  private jobCount = 0;

  constructor(builder: ChainBuilder, options: WorldOptions = {}) {
    this.builder = builder;
    this.autoVerify = options.autoVerify ?? true;
    this.clock.wallMs = genesisTimeMs + (options.slot ?? 100_000) * slotMs;
    this.state = new Ledger(builder.file);
    const random = { below: () => 0, bytes: (count: number) => new Uint8Array(count) };
    this.env = { clock: this.clock, random, signatures: cheapSignatures };
    const port: ChainPort = {
      persist: (writes, { sync, durableTip }) => {
        this.batches.push({ writes, sync, durableTip });
        return this.batches.length as Ticket;
      },
      verify: (check) => {
        const job = ++this.jobCount as Job;
        this.jobs.push({ job, check });
        return job;
      },
      notify: (event) => this.events.push(event),
      onHeader: ({ hash }) => this.entered.push(hash),
    };
    const { image = emptyImage, trust } = options;
    this.chain = new ChainManager(this.env, port, builder.file, this.state, image, trust);
  }

  block(built: Built, source?: Conn): Imported[] {
    return this.settled(this.chain.importBlock(built.sealed, built.body, source));
  }

  body(built: Built, source?: Conn): Imported[] {
    return this.settled(this.chain.importBody(built.hash, built.body, source));
  }

  headers(blocks: readonly Built[], source?: Conn) {
    return this.chain.importHeaders(
      blocks.map((b) => b.sealed),
      source,
    );
  }

  vote(vote: Vote, source?: Conn): Imported[] {
    return this.settled(this.chain.importVote(vote, source));
  }

  /** Votes of the validators `ranks` for `block`. */
  votes(block: Built, ranks: readonly number[], source?: Conn): Imported[] {
    return ranks.flatMap((rank) => this.vote(this.builder.vote(block, rank), source));
  }

  certificate(certificate: Certificate, source?: Conn): Imported[] {
    return this.settled(this.chain.importCertificate(certificate, source));
  }

  thaw(): Imported[] {
    return this.settled(this.chain.thaw());
  }

  /** Answers the job at `index` of those open. */
  verify(index = 0): Imported[] {
    const { job, check } = this.jobs.splice(index, 1)[0]!;
    return this.chain.onVerified(job, firstBad(cheapSignatures, check));
  }

  /** Everything written so far is durable. */
  persisted(): void {
    this.chain.onPersisted(this.batches.length as Ticket);
  }

  advance(ms: number): Imported[] {
    this.clock.monotonicMs += ms;
    this.clock.wallMs += ms;
    return this.settled(this.chain.tick());
  }

  /** Ticks while something is due at once. */
  drain(): Imported[] {
    const results: Imported[] = [];
    while (this.chain.deadline <= this.clock.monotonicMs + 1) results.push(...this.advance(1));
    return results;
  }

  get root(): string {
    return toHex(this.state.root);
  }

  /** A new process on what the first `count` batches left. */
  restarted(count = this.batches.length, options: Omit<WorldOptions, "image"> = {}): ChainWorld {
    const records = storeAfter(this.batches, count);
    return new ChainWorld(this.builder, { ...options, image: imageOf(records) });
  }

  private settled(first: readonly Imported[]): Imported[] {
    const results = [...first];
    while (this.autoVerify && this.jobs.length > 0) results.push(...this.verify());
    return results;
  }
}

/** "moved b2", "rejected b1 header-seal": results in one line each, hashes by name. */
export function spoken(
  results: readonly Imported[],
  names: ReadonlyMap<BlockHash, string>,
): string[] {
  const name = (hash: BlockHash) => names.get(hash) ?? hash;
  return results.map((result) => {
    if (result.type === "moved") return `moved ${name(result.head.hash)}`;
    if (result.type === "rejected") return `rejected ${name(result.hash)} ${result.rejection.code}`;
    if (result.type === "orphan")
      return `orphan ${name(result.hash)} wants ${name(result.missing)}`;
    if (result.type === "refused") return `refused ${result.rejection.code}`;
    if (result.type === "vote") return `vote ${name(result.vote.targetHash)}`;
    if (result.type === "certificate") {
      return `certificate ${name(result.certificate.data.targetHash)}`;
    }
    if (result.type === "evidence") return `evidence ${result.evidence.type}`;
    return `${result.type} ${name(result.hash)}`;
  });
}
