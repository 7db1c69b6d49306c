/**
 * One compact block of one peer, on its way to being whole: what is at hand is put in, what is
 * missing is named, what comes is compared with its short id. NOT a verdict on the block: the body
 * that comes out may still be another than the header's.
 * Invariant: every place is empty or holds a whole transaction; what a peer sends is compared with
 * what it promised before it is put in. protocol-spec/04-messages §8.
 */
import { copyBytes } from "../../base/bytes.ts";
import type { Conn } from "../../edge/conn.ts";
import type { Random } from "../../edge/env.ts";
import {
  joinBody,
  prefilledOf,
  readShortId,
  shortIdBytes,
  shortIdKey,
  shortIdOf,
  splitTransactions,
  type TxBytes,
  txIndexBytes,
} from "../../model/compact-block.ts";
import type { SealedHeader } from "../../model/header.ts";
import { relayLimits } from "../../params/limits.ts";
import type { MessageOf } from "../../wire/messages.ts";
import { ShortIdTable } from "./short-id-table.ts";
import type { TransactionIndex } from "./transaction-index.ts";

/** What a compact block tells beside its header; owned by whoever holds it. */
type Told = Pick<MessageOf<"compact_block">, "certificate" | "salt" | "shortIds" | "prefilled">;

/** Each with its index. */
type Prefilled = readonly (readonly [number, TxBytes])[];

export class PartialBlock {
  readonly conn: Conn;
  readonly sealed: SealedHeader;
  private readonly certificate: Uint8Array;
  private readonly key: Uint32Array;
  private readonly shortIds: Uint8Array;
  private readonly places: (TxBytes | undefined)[];
  /** Of each short id the place of its transaction. */
  private readonly placeOfId: readonly number[];
  private readonly table: ShortIdTable;
  private readonly prefilled: Prefilled;
  private isPrefilledAtHand = true;
  /** Indexes of those that were not at hand, ascending. */
  missing: readonly number[] = [];

  /** Undefined when `told` is not as many transactions as the header says, in places it has. */
  static of(
    random: Random,
    conn: Conn,
    sealed: SealedHeader,
    told: Told,
  ): PartialBlock | undefined {
    const { txCount } = sealed.header;
    const prefilled = [...prefilledOf(copyBytes(told.prefilled))];
    const count = told.shortIds.length / shortIdBytes;
    const last = prefilled.at(-1)?.[0] ?? -1;
    if (count + prefilled.length !== txCount || last >= txCount) return undefined;
    return new PartialBlock(random, conn, sealed, told, prefilled);
  }

  private constructor(
    random: Random,
    conn: Conn,
    sealed: SealedHeader,
    told: Told,
    prefilled: Prefilled,
  ) {
    this.conn = conn;
    this.sealed = sealed;
    this.prefilled = prefilled;
    this.certificate = copyBytes(told.certificate);
    this.shortIds = copyBytes(told.shortIds);
    this.key = shortIdKey(sealed.header.hash, told.salt);
    this.places = new Array<TxBytes | undefined>(sealed.header.txCount).fill(undefined);
    for (const [index, transaction] of prefilled) this.places[index] = transaction;
    this.placeOfId = this.places.flatMap((each, place) => (each === undefined ? [place] : []));
    this.table = new ShortIdTable(random, this.shortIds, this.placeOfId.length);
  }

  /** Two of its short ids are alike. */
  get hasTwins(): boolean {
    return this.table.hasTwins;
  }

  /** Puts in what is at hand; two that fit one id fit none. */
  fillFrom(index: TransactionIndex): void {
    const twice = new Set<number>();
    if (this.placeOfId.length > 0) {
      index.match(this.key, this.table, (id, transaction) => {
        const place = this.placeOfId[id]!;
        if (this.places[place] === undefined) this.places[place] = transaction;
        else twice.add(place);
      });
    }
    for (const place of twice) this.places[place] = undefined;
    this.missing = this.placeOfId.filter((place) => this.places[place] === undefined);
    this.isPrefilledAtHand = this.prefilled.every(([, transaction]) => index.has(transaction));
  }

  /**
   * Indexes of what others will lack, judged by us: nothing when we lacked nothing, so that what was
   * prefilled for nothing goes no further; else what we lacked and what was thought rare before us;
   * everything, if it may be prefilled, when mempools are not in step.
   */
  get rare(): readonly number[] {
    if (this.missing.length === 0 && this.isPrefilledAtHand) return [];
    const prefilled = this.prefilled.map(([index]) => index);
    if (!this.isOutOfStep || this.bytesPrefilled > relayLimits.prefilledBytesMax) {
      return [...prefilled, ...this.missing];
    }
    return [...this.places.keys()];
  }

  /** Who gave it told what it lacked, and we lacked others; or we lacked many. */
  private get isOutOfStep(): boolean {
    if (this.prefilled.length > 0 && this.missing.length > 0) return true;
    return this.missing.length * relayLimits.outOfStepOneIn >= this.places.length;
  }

  /** Of all its transactions, were they prefilled. */
  private get bytesPrefilled(): number {
    const { bodyBytes, txCount } = this.sealed.header;
    return bodyBytes - 4 - this.certificate.length + txIndexBytes * txCount;
  }

  /** How many bytes the missing ones have, if what is at hand is right. */
  get missingBytes(): number {
    let bytes = this.sealed.header.bodyBytes - 4 - this.certificate.length;
    for (const transaction of this.places) bytes -= transaction?.length ?? 0;
    return bytes;
  }

  /** Puts in the answer to the question for `missing`; says what is wrong with it. */
  take(bytes: Uint8Array): string | undefined {
    const found = splitTransactions(copyBytes(bytes));
    if (found?.length !== this.missing.length) {
      return `${this.missing.length} whole transactions expected`;
    }
    let id = 0;
    for (const [at, place] of this.missing.entries()) {
      while (this.placeOfId[id] !== place) id++;
      const transaction = found[at]!;
      if (shortIdOf(this.key, transaction) !== readShortId(this.shortIds, id)) {
        return `transaction ${place} has another short id`;
      }
      this.places[place] = transaction;
    }
    return undefined;
  }

  /** Undefined when what was put in cannot be right: it has another length. */
  body(): Uint8Array | undefined {
    const found = this.places.flatMap((each) => each ?? []);
    if (found.length !== this.places.length) return undefined;
    return joinBody(this.sealed.header.bodyBytes, this.certificate, found);
  }
}
