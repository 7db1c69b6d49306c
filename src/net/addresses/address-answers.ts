/**
 * Which addresses of the book an answer to `get_peers` tells, and for how long it stays the same:
 * whoever asks again, or as another member of its netgroup, learns nothing new about a large book.
 * Small books are told as they are, so that small networks heal at once.
 *
 * Invariants: at most 64 addresses; half of them, if there are so many, answered our dials; what
 * nobody vouches for comes last. protocol-spec/09-connections §3
 */
import { BoundedMap } from "../../base/bounded.ts";
import type { Env } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { AddressBook, BookEntry } from "./address-book.ts";
import { isUseless, isVouched } from "./address-entry.ts";

const {
  addressesPerMessageMax,
  answerAddressesMin,
  answerKeptMaxMs,
  answerKeptMinMs,
  answerSharePercent,
  smallBook,
} = connectionLimits;

interface KeptAnswer {
  readonly addresses: readonly string[];
  /** Monotonic. */
  readonly untilMs: number;
  /** Of the book then: one that has doubled has something to tell. */
  readonly bookSize: number;
}

export class AddressAnswers {
  private readonly env: Env;
  private readonly book: AddressBook;
  private readonly kept = new BoundedMap<string, KeptAnswer>(connectionLimits.answersKeptMax);

  constructor(env: Env, book: AddressBook) {
    this.env = env;
    this.book = book;
  }

  /** For an asker of `group`, to whose kind `mayTell` is fitted. */
  answerFor(group: string, mayTell: (entry: BookEntry) => boolean): readonly BookEntry[] {
    const { size } = this.book;
    if (size <= smallBook) return this.choose(mayTell);
    const now = this.env.clock.monotonicMs;
    let kept = this.kept.get(group);
    if (kept === undefined || kept.untilMs <= now || size >= 2 * kept.bookSize) {
      const addresses = this.choose(mayTell).map((entry) => entry.endpoint.address);
      const keptMs = answerKeptMinMs + this.env.random.below(answerKeptMaxMs - answerKeptMinMs);
      kept = { addresses, untilMs: now + keptMs, bookSize: size };
      this.kept.set(group, kept);
    }
    return kept.addresses.flatMap((address) => this.book.get(address) ?? []).filter(mayTell);
  }

  private choose(mayTell: (entry: BookEntry) => boolean): readonly BookEntry[] {
    const { wallMs } = this.env.clock;
    const tried: BookEntry[] = [];
    const heard: BookEntry[] = [];
    for (const entry of this.book.values()) {
      if (entry.fails > 0 || isUseless(entry, wallMs) || !mayTell(entry)) continue;
      (entry.confirmed ? tried : heard).push(entry);
    }
    const all = tried.length + heard.length;
    const share = Math.max(answerAddressesMin, Math.floor((all * answerSharePercent) / 100));
    const count = Math.min(share, addressesPerMessageMax, all);
    this.shuffle(tried);
    this.shuffle(heard);
    heard.sort((a, b) => Number(isVouched(b)) - Number(isVouched(a)));
    const ofHeard = Math.min(heard.length, Math.max(Math.floor(count / 2), count - tried.length));
    return [...tried.slice(0, count - ofHeard), ...heard.slice(0, ofHeard)];
  }

  private shuffle(entries: BookEntry[]): void {
    for (let i = entries.length - 1; i > 0; i--) {
      const j = this.env.random.below(i + 1);
      [entries[i], entries[j]] = [entries[j]!, entries[i]!];
    }
  }
}
