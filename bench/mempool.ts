/**
 * A full mempool and full blocks, in this process, without a network or a disk: what a transaction
 * costs to admit, what a block costs to build, and what one that arrives adds while 50,000 wait.
 *
 *   50,000 transactions of 12,500 senders (nonces 0 to 3), fees that differ, payees among 50,000
 */
import { defined } from "../src/base/assert.ts";
import { emptyBytes } from "../src/base/bytes.ts";
import { accountKey, emptyAccount, encodeAccount } from "../src/chain/account.ts";
import { buildBlock } from "../src/chain/block-builder.ts";
import { genesisBlock } from "../src/chain/genesis.ts";
import { Ledger } from "../src/chain/ledger.ts";
import { ed25519 } from "../src/crypto/ed25519.ts";
import type { SignatureScheme } from "../src/crypto/signature-scheme.ts";
import type { Env } from "../src/edge/env.ts";
import { makeNetwork } from "../src/host/network-maker.ts";
import { systemRandom } from "../src/host/system.ts";
import { Mempool } from "../src/mempool/mempool.ts";
import { type Block, decodeBody } from "../src/model/block.ts";
import type { Header } from "../src/model/header.ts";
import { type Address, idBytes, type PublicKey, publicKeyOf } from "../src/model/ids.ts";
import type { NetworkFile } from "../src/model/network-file.ts";
import { addressOfKey, signTransaction, type Transaction } from "../src/model/transaction.ts";
import { chainLimits, mempoolLimits } from "../src/params/limits.ts";
import type { BenchOptions } from "./options.ts";
import { atMost, type BenchLine, median, rounded } from "./report.ts";

const noncesEach = 4;
const buildBarMs = 50;
/** What the pool adds to taking in a block, of what executing that block takes. */
const arrivalBar = 0.5;
const blockRoom = chainLimits.blockBodyBytesMax - 4;

export async function mempool(options: BenchOptions): Promise<BenchLine[]> {
  const count = options.pending;
  const stand = new Stand(count);
  const admitted = stand.admit(stand.transactionsOf(0, noncesEach));
  const building = stand.build(options.builds);
  const arrival = stand.arrivals(options.arrivals);
  stand.refill();
  const evicting = stand.evict(Math.ceil(count / 10));
  const expiry = stand.expire();
  const figures = { pending: count, admitted, building, arrival, evicting, expiry };
  const bars = [
    atMost("ms to build a full block, median", building.ms.median, buildBarMs),
    atMost("ms to build a full block, p99", building.ms.p99, buildBarMs),
    atMost("the pool's part of a block's arrival", arrival.poolMs, arrival.executeMs, arrivalBar),
  ];
  return [{ bench: "mempool", figures, bars }];
}

interface Sender {
  readonly seed: Uint8Array;
  readonly key: PublicKey;
  readonly address: Address;
}

/** Real signatures are checked while `isChecking`: they would hide all else. */
class Stand {
  private readonly file: NetworkFile;
  private readonly ledger: Ledger;
  private readonly senders: readonly Sender[];
  private readonly clock = { monotonicMs: 0, wallMs: 0 };
  private readonly pool: Mempool;
  private readonly genesisHash: Uint8Array;
  private readonly validator: Sender;
  private isChecking = true;
  private parent: Header;
  private slot = 1;

  constructor(count: number) {
    this.senders = Array.from({ length: Math.ceil(count / noncesEach) }, sender);
    this.validator = sender();
    const network = makeNetwork({
      name: "bench",
      validators: [this.validator.key],
      accounts: [{ address: this.validator.address, balance: 1_000_000_000_000_000n }],
      genesisTimeMs: Date.now(),
      slotMs: 1000,
    });
    if ("errors" in network) throw new Error(network.errors.join("; "));
    this.file = network.file;
    this.ledger = new Ledger(network.file);
    this.parent = genesisBlock(network.file, this.ledger).header;
    // More than a network file holds.
    const value = defined(encodeAccount({ ...emptyAccount, balance: 1_000_000_000n }), "not zero");
    const accounts = this.senders.map(({ address }) => [accountKey(address), value] as const);
    this.ledger.load([...this.ledger.entries(), ...accounts]);
    this.genesisHash = idBytes(this.parent.hash);
    const signatures: SignatureScheme = {
      ...ed25519,
      verify: (...asked) => !this.isChecking || ed25519.verify(...asked),
    };
    const env: Env = { clock: this.clock, random: systemRandom, signatures };
    const view = {
      account: (address: Address) => this.ledger.account(address),
      slot: () => this.slot,
      checkAction: (transaction: Transaction) => this.ledger.checkAction(transaction, this.slot),
      validators: () => this.ledger.validators(),
    };
    const { genesisHash, file } = this;
    this.pool = new Mempool(env, view, {
      genesisHash,
      minFee: file.minFee,
      transactionsMax: count,
    });
  }

  /** Nonces from the account's on, a round of all senders for each. */
  transactionsOf(from: number, to: number, feeBase = 10n): readonly Transaction[] {
    const { senders } = this;
    const made: Transaction[] = [];
    for (let ahead = from; ahead < to; ahead++) {
      for (const [index, each] of senders.entries()) {
        const { nonce } = this.ledger.account(each.address);
        const fee = feeBase + BigInt((index * 7919 + ahead * 104_729) % 1000);
        const to = senders[(index * 31 + ahead * 17 + 1) % senders.length]!.address;
        made.push(this.transfer(each, nonce + BigInt(ahead), fee, to));
      }
    }
    return made;
  }

  admit(transactions: readonly Transaction[]) {
    this.isChecking = true;
    const part = Math.ceil(transactions.length / 10);
    const checked = cpuMs(() => this.addAll(transactions.slice(0, part)));
    this.isChecking = false;
    const rest = transactions.slice(part);
    const unchecked = cpuMs(() => this.addAll(rest));
    return {
      microsecondsEach: rounded((1000 * checked) / part),
      microsecondsWithoutSignature: rounded((1000 * unchecked) / rest.length),
      heapBytesEach: this.heapBytesEach(),
    };
  }

  build(times: number) {
    const runs = Array.from({ length: times + 2 }, () => {
      let candidates: readonly Transaction[] = [];
      const selectMs = cpuMs(() => {
        candidates = this.candidates();
      });
      const executeMs = cpuMs(() => this.unsealed(candidates));
      return { selectMs, executeMs, ms: selectMs + executeMs };
    }).slice(2);
    return {
      transactions: this.blockOf(this.candidates()).body.transactions.length,
      ms: spread(runs.map(({ ms }) => ms)),
      selectMs: spread(runs.map(({ selectMs }) => selectMs)),
      executeMs: spread(runs.map(({ executeMs }) => executeMs)),
    };
  }

  /** Full blocks of others, of what is pending here; and each undone and done again. */
  arrivals(times: number) {
    const runs = Array.from({ length: times }, () => {
      const block = this.blockOf(this.candidates());
      const { transactions } = block.body;
      let changes: Parameters<Ledger["undo"]>[0] = [];
      const executeMs = cpuMs(() => {
        const applied = this.ledger.apply(this.contextOf(block.header), transactions);
        if ("code" in applied) throw new Error(applied.detail);
        ({ changes } = applied);
      });
      const poolMs = cpuMs(() => this.pool.onChainMoved([], [block]));
      this.ledger.undo(changes);
      const undoneMs = cpuMs(() => this.pool.onChainMoved([block], []));
      this.ledger.apply(this.contextOf(block.header), transactions);
      this.pool.onChainMoved([], [block]);
      this.parent = block.header;
      this.slot++;
      return { executeMs, poolMs, undoneMs };
    });
    const of = (figure: (run: (typeof runs)[number]) => number) =>
      rounded(median(runs.map(figure)));
    return {
      blocks: times,
      executeMs: of(({ executeMs }) => executeMs),
      poolMs: of(({ poolMs }) => poolMs),
      undonePoolMs: of(({ undoneMs }) => undoneMs),
      left: this.pool.size,
    };
  }

  refill(): void {
    this.addAll(this.transactionsOf(0, noncesEach));
  }

  /** Newcomers that pay more, each of which pushes another out; and some that are too poor. */
  evict(count: number) {
    const rich = this.transactionsOf(noncesEach, noncesEach + 1, 100_000n).slice(0, count);
    const poor = this.transactionsOf(noncesEach, noncesEach + 1, 1n).slice(count, 2 * count);
    const richMs = cpuMs(() => this.addAll(rich));
    const poorMs = cpuMs(() => this.addAll(poor));
    return {
      size: this.pool.size,
      microsecondsEach: rounded((1000 * richMs) / rich.length),
      microsecondsRefused: rounded((1000 * poorMs) / Math.max(1, poor.length)),
    };
  }

  expire() {
    const { size } = this.pool;
    this.clock.monotonicMs += mempoolLimits.expiryMs;
    let ticks = 0;
    let worstMs = 0;
    const begunAt = performance.now();
    while (this.pool.size > 0) {
      worstMs = Math.max(
        worstMs,
        cpuMs(() => this.pool.tick()),
      );
      this.clock.monotonicMs = Math.max(this.clock.monotonicMs + 1, this.pool.deadline);
      ticks++;
      if (!Number.isFinite(this.clock.monotonicMs)) break;
    }
    const ms = performance.now() - begunAt;
    return {
      expired: size - this.pool.size,
      ms: rounded(ms),
      ticks,
      worstTickMs: rounded(worstMs),
    };
  }

  private candidates(): readonly Transaction[] {
    return this.pool.select(blockRoom, chainLimits.blockTransactionsMax);
  }

  private unsealed(candidates: readonly Transaction[]) {
    return buildBlock(this.ledger, this.file, this.parent, {
      slot: this.slot,
      sealer: this.validator.key,
      candidates,
      certificate: undefined,
      voters: [],
      finalHeight: 0,
    });
  }

  private blockOf(candidates: readonly Transaction[]): Block {
    const { header, body: bytes } = this.unsealed(candidates);
    const body = decodeBody(bytes);
    if ("code" in body) throw new Error(body.detail);
    return { header, seal: new Uint8Array(64), body };
  }

  private contextOf({ height, slot, sealer }: Header) {
    return { height, slot, sealer, finalizedHeight: 0, voters: [] };
  }

  private addAll(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.pool.add(transaction);
  }

  private transfer({ seed, key }: Sender, nonce: bigint, fee: bigint, to: Address): Transaction {
    const fields = { type: 0, sender: key, nonce, fee, to, amount: 1n, payload: emptyBytes };
    return signTransaction({ ...fields, validUntilSlot: 0 }, this.genesisHash, (preimage) =>
      this.isChecking ? ed25519.sign(seed, preimage) : new Uint8Array(64),
    );
  }

  /** With the transactions themselves, which a node keeps as long. */
  private heapBytesEach(): number {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return Math.round((heapUsed + arrayBuffers) / this.pool.size);
  }
}

function sender(): Sender {
  const seed = systemRandom.bytes(32);
  const key = publicKeyOf(ed25519.publicKey(seed));
  return { seed, key, address: addressOfKey(key) };
}

/**
 * Of this thread, from above: the time on the wall counts what others take of the machine, the
 * processor time of the process what V8 does beside us.
 */
function cpuMs(work: () => void): number {
  const begunAt = performance.now();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return Math.min((user + system) / 1000, performance.now() - begunAt);
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1]!;
  return { median: rounded(median(sorted)), p99: rounded(p99) };
}
