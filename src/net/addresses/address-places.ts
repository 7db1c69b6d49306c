/**
 * Who holds which slot of the two tables, and who gives way: in *new* the useless, the one heard
 * more often, the one nobody vouches for; in *tried* nobody. It keeps no list of addresses and
 * decides nothing by time (address-book.ts, address-tests.ts).
 *
 * Invariant: an entry holds slots of one table only, and each slot it names is its own.
 * protocol-spec/09-connections §3
 */
import { Counter } from "../../base/counter.ts";
import type { Random } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";
import { type BookEntry, isUseless, isVouched } from "./address-entry.ts";
import { BucketTable, PlaceChooser } from "./address-tables.ts";
import { isExempt } from "./netgroup.ts";

export class AddressPlaces {
  private readonly fresh = new BucketTable<BookEntry>(connectionLimits.newBuckets);
  private readonly tried = new BucketTable<BookEntry>(connectionLimits.triedBuckets);
  /** Addresses of each netgroup, by table. */
  private readonly counts = { new: new Counter(), tried: new Counter() };
  private readonly chooser: PlaceChooser;

  constructor(key: Uint8Array) {
    this.chooser = new PlaceChooser(key);
  }

  get triedSize(): number {
    return this.tried.size;
  }

  /**
   * By bucket, and the rarer the more addresses its netgroup has: whom we dial must cost an
   * attacker networks, not addresses.
   */
  draw(from: "new" | "tried", random: Random): BookEntry | undefined {
    const table = from === "new" ? this.fresh : this.tried;
    let rarest: { readonly entry: BookEntry; readonly count: number } | undefined;
    for (let i = 0; i < connectionLimits.groupDrawsMax; i++) {
      const entry = table.draw(random);
      if (entry === undefined) return undefined;
      const count = this.counts[from].get(diverse(entry));
      if (random.below(count) === 0) return entry;
      if (rarest === undefined || count < rarest.count) rarest = { entry, count };
    }
    return rarest?.entry;
  }

  /**
   * Into the new table, when its slot there is free or its holder gives way. `lost`: a holder that
   * has no slot left anywhere.
   */
  hear(
    entry: BookEntry,
    source: string,
    nowMs: number | "forced",
  ): { readonly isPlaced: boolean; readonly lost?: BookEntry } {
    const { address } = entry.endpoint;
    const place = this.chooser.newPlace(address, diverse(entry), source);
    const standing = this.fresh.get(place);
    if (standing === entry) return { isPlaced: true };
    if (standing !== undefined) {
      if (nowMs !== "forced" && !givesWay(standing, entry, nowMs)) return { isPlaced: false };
      this.fresh.clear(place);
      standing.newPlaces.splice(standing.newPlaces.indexOf(place), 1);
      if (standing.newPlaces.length === 0) this.counts.new.add(diverse(standing), -1);
    }
    this.fresh.put(place, entry);
    if (entry.newPlaces.length === 0) this.counts.new.add(diverse(entry), 1);
    entry.newPlaces.push(place);
    return standing === undefined || standing.newPlaces.length > 0
      ? { isPlaced: true }
      : { isPlaced: true, lost: standing };
  }

  /** Who stands where `entry` would in the tried table. */
  standing(entry: BookEntry): BookEntry | undefined {
    return this.tried.get(this.triedPlaceOf(entry));
  }

  /** From the new to the tried table; its slot there is free. */
  settle(entry: BookEntry): void {
    const place = this.triedPlaceOf(entry);
    this.remove(entry);
    this.tried.put(place, entry);
    entry.triedPlace = place;
    this.counts.tried.add(diverse(entry), 1);
  }

  remove(entry: BookEntry): void {
    if (entry.newPlaces.length > 0) this.counts.new.add(diverse(entry), -1);
    for (const place of entry.newPlaces.splice(0)) this.fresh.clear(place);
    if (entry.triedPlace !== undefined) {
      this.tried.clear(entry.triedPlace);
      this.counts.tried.add(diverse(entry), -1);
    }
    entry.triedPlace = undefined;
  }

  private triedPlaceOf(entry: BookEntry): number {
    return this.chooser.triedPlace(entry.endpoint.address, diverse(entry));
  }
}

function givesWay(standing: BookEntry, newcomer: BookEntry, nowMs: number): boolean {
  if (isUseless(standing, nowMs)) return true;
  if (newcomer.newPlaces.length > 0) return false;
  return standing.newPlaces.length > 1 || (!isVouched(standing) && isVouched(newcomer));
}

/** What an address counts as among others: the operator's own machines each for themselves. */
function diverse({ group, endpoint }: BookEntry): string {
  return isExempt(group) ? endpoint.address : group;
}
