/**
 * Transactions that wait for a block. NOT a relay (net/relay/relay.ts) and no judge of blocks: what it
 * holds may still become invalid, and the ledger has the last word.
 *
 * Invariant: of each sender, nonces from the account's on with at most `nonceGapMax` beyond the
 * first missing one, together affordable; in all at most `transactionsMax` and `bytesMax`.
 * Eviction takes the tail of the account whose tail is worth least, so it never leaves a gap; what
 * waits behind a gap goes first. Every change costs O(log n). protocol-spec/06-validation §7.
 */
import type { Env } from "../edge/env.ts";
import type { Block } from "../model/block.ts";
import { type Address, idBytes, type TxId } from "../model/ids.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { addressOfKey, preimageOf, type Transaction } from "../model/transaction.ts";
import { mempoolLimits } from "../params/limits.ts";
import {
  AccountQueue,
  isWorthLess,
  type PoolEntry,
  poorestTailFirst,
  type Worth,
} from "./account-queue.ts";
import { checkAlone, checkAmongOwn, isExpired } from "./admission.ts";
import { Expiry } from "./expiry.ts";
import type { LedgerView } from "./ledger-view.ts";
import { OrderedHeap } from "./ordered-heap.ts";
import { richestHeadFirst, selectFrom } from "./selection.ts";

export interface MempoolOptions {
  readonly genesisHash: Uint8Array;
  readonly minFee: bigint;
  /** Lower caps for tests; by default those of params/limits.ts. */
  readonly transactionsMax?: number;
  readonly bytesMax?: number;
}

export interface Accepted {
  readonly type: "accepted";
  /** The transaction of the same nonce that had to go. */
  readonly replaced?: TxId;
}

export class Mempool {
  private readonly env: Env;
  private readonly view: LedgerView;
  private readonly options: Required<MempoolOptions>;
  private readonly byId = new Map<TxId, PoolEntry>();
  private readonly queues = new Map<Address, AccountQueue>();
  private readonly byTail = new OrderedHeap<AccountQueue>(0, poorestTailFirst);
  private readonly byHead = new OrderedHeap<AccountQueue>(1, richestHeadFirst);
  private readonly expiry = new Expiry();
  private lastSequence = 0;
  private totalBytes = 0;

  constructor(env: Env, view: LedgerView, options: MempoolOptions) {
    this.env = env;
    this.view = view;
    const { transactionsMax, bytesMax } = mempoolLimits;
    this.options = { transactionsMax, bytesMax, ...options };
  }

  get size(): number {
    return this.byId.size;
  }

  get bytes(): number {
    return this.totalBytes;
  }

  /** Another number once anything came or went. */
  get revision(): number {
    return this.lastSequence;
  }

  has(id: TxId): boolean {
    return this.byId.has(id);
  }

  get(id: TxId): Transaction | undefined {
    return this.byId.get(id)?.transaction;
  }

  /** Pending and waiting transactions of one sender. */
  countOf(address: Address): number {
    return this.queues.get(address)?.size ?? 0;
  }

  /** The first nonce of a sender that is neither used nor pending without a gap before it. */
  nextNonceOf(address: Address): bigint {
    return this.queues.get(address)?.nextNonce ?? this.view.account(address).nonce;
  }

  *entries(): Generator<Transaction> {
    for (const { transaction } of this.byId.values()) yield transaction;
  }

  /** Takes `transaction`, whose bytes the pool keeps. Its signature is checked last. */
  add(transaction: Transaction): Accepted | Rejection {
    const { id, from, nonce } = transaction;
    if (this.byId.has(id)) return rejection("transaction-duplicate", "already pending");
    const account = this.view.account(from);
    const alone = checkAlone(transaction, account, this.view.slot(), this.options);
    if (alone !== undefined) return alone;
    const queue = this.queues.get(from) ?? new AccountQueue(from, account.nonce);
    const replaced = queue.at(nonce);
    const amongOwn = checkAmongOwn(transaction, queue, account.balance, replaced);
    const action = amongOwn ?? this.view.checkAction(transaction);
    if (action !== undefined) return action;
    const entry = this.entryOf(transaction);
    const worth = queue.worthOf(nonce, entry.rate, entry.sequence);
    if (replaced === undefined && this.isFullFor(transaction) && !this.isWorthMore(worth)) {
      return rejection("mempool-full", "worth less than all that is pending");
    }
    const preimage = preimageOf(transaction, this.options.genesisHash);
    const { signature, sender } = transaction;
    if (!this.env.signatures.verify(signature, preimage, idBytes(sender))) {
      return rejection("transaction-signature", "does not verify");
    }
    const isPushing = replaced === undefined && queue.size >= mempoolLimits.perAccountMax;
    const removed = replaced ?? (isPushing ? queue.tail : undefined);
    if (!this.exchange(queue, entry, removed)) {
      return rejection("mempool-full", "no room without evicting what is worth more");
    }
    return { type: "accepted", ...(replaced && { replaced: replaced.transaction.id }) };
  }

  /**
   * The head moved and `view` shows it. Transactions of disconnected blocks come back if they are
   * still valid, without another look at signatures; what is confirmed or no longer affordable goes.
   */
  onChainMoved(disconnected: readonly Block[], connected: readonly Block[]): void {
    const touched = new Set<Address>();
    // Undone rewards of voters may leave them with less than what they have pending costs.
    const voters = disconnected.some(({ body }) => body.certificate.length > 0)
      ? this.view.validators()
      : [];
    for (const key of voters) touched.add(addressOfKey(key));
    for (const { header, body } of disconnected) {
      touched.add(addressOfKey(header.sealer));
      for (const { to } of body.transactions) touched.add(to);
    }
    // Whoever a connected block pays has more than before, and all still fits.
    for (const { body } of [...disconnected, ...connected]) {
      for (const { from } of body.transactions) touched.add(from);
    }
    // Before settling: what comes back fills the gap before what its sender has pending.
    const oldestFirst = [...disconnected].sort((a, b) => a.header.height - b.header.height);
    for (const { body } of oldestFirst) {
      for (const transaction of body.transactions) this.takeBack(transaction);
    }
    for (const address of touched) this.settle(address);
    this.dropExpired();
  }

  /** Transactions for a block in the current slot; nonces in order for each sender. */
  select(bytesMax: number, countMax: number): readonly Transaction[] {
    const slot = this.view.slot();
    return selectFrom(this.byHead, { bytesMax, countMax }, (t) => !isExpired(t, slot));
  }

  /** When the oldest transaction expires, or more that have expired are dropped. */
  get deadline(): number {
    return this.expiry.deadline;
  }

  tick(): void {
    this.dropExpired();
  }

  private entryOf(transaction: Transaction): PoolEntry {
    const rate = (transaction.fee << 32n) / BigInt(transaction.bytes.length);
    return {
      transaction,
      rate,
      roundRate: Number(rate),
      places: [-1, -1],
      sequence: ++this.lastSequence,
      expiresAt: this.env.clock.monotonicMs + mempoolLimits.expiryMs,
    };
  }

  private isFullFor({ bytes }: Transaction): boolean {
    const { transactionsMax, bytesMax } = this.options;
    return this.byId.size >= transactionsMax || this.totalBytes + bytes.length > bytesMax;
  }

  private isWorthMore(worth: Worth): boolean {
    const poorest = this.byTail.first;
    return poorest !== undefined && isWorthLess(poorest.tailWorth, worth);
  }

  private isOver(): boolean {
    return this.byId.size > this.options.transactionsMax || this.totalBytes > this.options.bytesMax;
  }

  /** Puts `entry` in and `removed` out, evicts what is worth less; all of it or nothing. */
  private exchange(queue: AccountQueue, entry: PoolEntry, removed: PoolEntry | undefined): boolean {
    const { nonce } = entry.transaction;
    if (removed !== undefined) this.remove(removed);
    this.insert(queue, entry);
    const evicted: PoolEntry[] = [];
    while (this.isOver()) {
      const poorest = this.byTail.first!;
      const worth = queue.worthOf(nonce, entry.rate, entry.sequence);
      if (poorest.tail === entry || !isWorthLess(poorest.tailWorth, worth)) {
        this.remove(entry);
        for (const back of evicted.reverse()) this.insert(this.queueOf(back), back);
        if (removed !== undefined) this.insert(this.queueOf(removed), removed);
        return false;
      }
      evicted.push(poorest.tail!);
      this.remove(poorest.tail!);
    }
    return true;
  }

  /** Of a block that is no longer on the chain; its sender's later ones make room for it. */
  private takeBack(transaction: Transaction): void {
    const { id, from, nonce } = transaction;
    if (this.byId.has(id)) return;
    const account = this.view.account(from);
    const slot = this.view.slot();
    if (checkAlone(transaction, account, slot, this.options) !== undefined) return;
    const queue = this.queues.get(from) ?? new AccountQueue(from, account.nonce);
    if (queue.at(nonce) !== undefined) return;
    for (const used of queue.advance(account.nonce)) this.forget(used);
    this.insert(queue, this.entryOf(transaction));
    if (queue.size > mempoolLimits.perAccountMax) this.settle(from);
    while (this.isOver()) this.remove(this.byTail.first!.tail!);
  }

  /** Of an entry's sender; a new one when its last was emptied. */
  private queueOf({ transaction: { from } }: PoolEntry): AccountQueue {
    return this.queues.get(from) ?? new AccountQueue(from, this.view.account(from).nonce);
  }

  /** Makes one account's queue fit its account again; the tail goes first. */
  private settle(address: Address): void {
    const queue = this.queues.get(address);
    if (queue === undefined) return;
    const { nonce, balance } = this.view.account(address);
    for (const used of queue.advance(nonce)) this.forget(used);
    for (let tail = queue.tail; tail !== undefined; tail = queue.tail) {
      const { perAccountMax, nonceGapMax } = mempoolLimits;
      const isNear = tail.transaction.nonce <= queue.nextNonce + BigInt(nonceGapMax);
      const fits = queue.cost <= balance && queue.size <= perAccountMax && isNear;
      if (fits) break;
      queue.remove(tail);
      this.forget(tail);
    }
    this.order(queue);
  }

  /** Followers of what is dropped wait for another of its nonce. */
  private dropExpired(): void {
    const due = this.expiry.take(this.env.clock.monotonicMs, this.view.slot());
    for (const entry of due) this.remove(entry);
    for (const address of new Set(due.map(({ transaction }) => transaction.from))) {
      this.settle(address);
    }
  }

  private insert(queue: AccountQueue, entry: PoolEntry): void {
    const { transaction } = entry;
    this.queues.set(queue.address, queue);
    this.byId.set(transaction.id, entry);
    this.totalBytes += transaction.bytes.length;
    this.expiry.add(entry);
    queue.insert(entry);
    this.order(queue);
  }

  private remove(entry: PoolEntry): void {
    const queue = this.queues.get(entry.transaction.from)!;
    queue.remove(entry);
    this.forget(entry);
    this.order(queue);
  }

  /** What its queue has let go of. */
  private forget(entry: PoolEntry): void {
    const { transaction } = entry;
    this.lastSequence++;
    this.byId.delete(transaction.id);
    this.totalBytes -= transaction.bytes.length;
    this.expiry.delete(entry);
  }

  private order(queue: AccountQueue): void {
    if (queue.size === 0) {
      this.byTail.delete(queue);
      this.byHead.delete(queue);
      if (this.queues.get(queue.address) === queue) this.queues.delete(queue.address);
      return;
    }
    this.byTail.set(queue);
    if (queue.head === undefined) this.byHead.delete(queue);
    else this.byHead.set(queue);
  }
}
