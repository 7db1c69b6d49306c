/**
 * The transactions of which compact blocks are put together: those that are pending, and the newest
 * of those that were, because a rival of our head carries what our head has taken. Found by short
 * id, which is another under each key: all are hashed for a block, from words that lie in a row.
 * NOT the mempool: what is pending it asks. Only transactions whose signature is good may come in,
 * or a forged copy would keep the real one out of every block.
 * Invariant: at most what a mempool holds and `recentTransactionsMax`, `recentTransactionBytesMax`
 * more; when that is reached the oldest that are not pending go. protocol-spec/04-messages §8.
 */
import { sipHash48, sipInputWords } from "../../crypto/siphash.ts";
import { putShortIdWords, type TxBytes } from "../../model/compact-block.ts";
import type { TxId } from "../../model/ids.ts";
import { decodeTransaction, type Transaction } from "../../model/transaction.ts";
import { mempoolLimits, relayLimits } from "../../params/limits.ts";
import type { ShortIdTable } from "./short-id-table.ts";

const entriesAtFirst = 64;
const { recentTransactionsMax, recentTransactionBytesMax } = relayLimits;

type Known = Pick<Transaction, "id" | "bytes">;

export interface IndexLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

const limitsByDefault: IndexLimits = {
  entriesMax: mempoolLimits.transactionsMax + recentTransactionsMax,
  bytesMax: mempoolLimits.bytesMax + recentTransactionBytesMax,
};

export class TransactionIndex {
  private readonly isPending: (id: TxId) => boolean;
  private readonly limits: IndexLimits;
  private readonly ids = new Set<TxId>();
  /** In order of arrival; of each its words beside it. */
  private entries: Known[] = [];
  private words = new Uint32Array(entriesAtFirst * sipInputWords);
  private totalBytes = 0;

  constructor(isPending: (id: TxId) => boolean, limits = limitsByDefault) {
    this.isPending = isPending;
    this.limits = limits;
  }

  get size(): number {
    return this.entries.length;
  }

  get bytes(): number {
    return this.totalBytes;
  }

  /** Keeps `transaction`; its signature must be good. */
  add(transaction: Known): void {
    if (this.ids.has(transaction.id)) return;
    const { entriesMax, bytesMax } = this.limits;
    const bytes = transaction.bytes.length;
    if (this.entries.length >= entriesMax || this.totalBytes + bytes > bytesMax) this.makeRoom();
    if (this.entries.length >= entriesMax || this.totalBytes + bytes > bytesMax) return;
    const at = this.entries.length * sipInputWords;
    if (at === this.words.length) this.grow();
    putShortIdWords(this.words, at, transaction.bytes);
    this.entries.push(transaction);
    this.ids.add(transaction.id);
    this.totalBytes += bytes;
  }

  /** Whoever signed it, and however. */
  has(bytes: TxBytes): boolean {
    const decoded = decodeTransaction(bytes);
    return !("code" in decoded) && this.ids.has(decoded.id);
  }

  /** Calls `found` for each transaction here whose short id is in `table`. */
  match(
    key: Uint32Array,
    table: ShortIdTable,
    found: (index: number, transaction: Uint8Array) => void,
  ): void {
    const { entries, words } = this;
    for (let i = 0; i < entries.length; i++) {
      const index = table.find(sipHash48(key, words, i * sipInputWords));
      if (index >= 0) found(index, entries[i]!.bytes);
    }
  }

  private grow(): void {
    const grown = new Uint32Array(2 * this.words.length);
    grown.set(this.words);
    this.words = grown;
  }

  /** Keeps what is pending, and of the rest the newest half of what is allowed beside it. */
  private makeRoom(): void {
    const old = this.entries;
    const keep = new Uint8Array(old.length);
    let count = recentTransactionsMax / 2;
    let bytes = recentTransactionBytesMax / 2;
    for (let i = old.length - 1; i >= 0; i--) {
      const { id, bytes: encoded } = old[i]!;
      if (this.isPending(id)) keep[i] = 1;
      else if (count > 0 && bytes >= encoded.length) {
        keep[i] = 1;
        count--;
        bytes -= encoded.length;
      }
    }
    this.entries = [];
    this.ids.clear();
    this.totalBytes = 0;
    for (let i = 0; i < old.length; i++) {
      if (keep[i] === 0) continue;
      const entry = old[i]!;
      const at = i * sipInputWords;
      this.words.copyWithin(this.entries.length * sipInputWords, at, at + sipInputWords);
      this.entries.push(entry);
      this.ids.add(entry.id);
      this.totalBytes += entry.bytes.length;
    }
  }
}
