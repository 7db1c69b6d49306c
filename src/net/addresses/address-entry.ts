/**
 * One address of the book, what is kept of it over a restart, and what failures make of it. No
 * places and no bounds (address-book.ts). protocol-spec/09-connections §3
 */
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { Place } from "./address-tables.ts";
import type { Endpoint } from "./endpoint.ts";

const { addressMaxAgeMs } = connectionLimits;
/** Out of 256, by failures in a row: each leaves two thirds, eight leave 1/28. */
const chances = [256, 169, 112, 74, 49, 32, 21, 14, 9] as const;
const unvouchedDivisor = 4;
/** Of an address that never answered, and of one that did once. */
const failsOfStranger = 3;
const failsForgiven = 10;
const failsForgivenMs = 7 * 86_400_000;
const justTriedMs = 60_000;

/** The owner's word about its address; belongs to `nodeId` and `services` of the entry. */
export interface OwnersWord {
  readonly signedAtMs: number;
  readonly signature: Uint8Array;
}

export interface BookEntry {
  readonly endpoint: Endpoint;
  /** Netgroup. */
  readonly group: string;
  /** Who told us first: a netgroup, or an identity where netgroups are exempt. */
  readonly source: string;
  /** `nodeId` itself told us, and we saw its IP. */
  isSeen: boolean;
  /** Who answered there, when `confirmed`; else who is said to. */
  nodeId: NodeId | undefined;
  /** We dialled it and it proved who it is. */
  confirmed: boolean;
  services: number;
  word: OwnersWord | undefined;
  /** Wall clock; what others say is dated back, so that it never beats what we saw ourselves. */
  lastSeenMs: number;
  /** Wall clock; 0 for never. */
  answeredMs: number;
  /** Wall clock; 0 for never. */
  triedMs: number;
  /** Failed dials, or connections that did not last, in a row. */
  fails: number;
  /** Monotonic: not dialled before. */
  retryAt: number;
  /** At most `addressPlacesMax` of the new table; none once it has one of the tried table. */
  readonly newPlaces: Place[];
  triedPlace: Place | undefined;
}

/** What is kept of an address over a restart. */
export interface KnownAddress {
  readonly address: string;
  readonly nodeId: NodeId | undefined;
  readonly confirmed: boolean;
  readonly services: number;
  /** Wall clock. */
  readonly lastSeenMs: number;
  readonly answeredMs?: number;
  readonly fails?: number;
  readonly source?: string;
  readonly word?: OwnersWord | undefined;
}

export interface Hearsay {
  /** As `BookEntry.source`. */
  readonly source: string;
  readonly nodeId: NodeId | undefined;
  readonly services: number;
  /** Wall clock, as claimed. */
  readonly lastSeenMs: number;
  readonly isSeen?: boolean;
  /** Checked. */
  readonly word?: OwnersWord | undefined;
}

/** More than what anybody may have made up. */
export const isVouched = (entry: {
  readonly word?: OwnersWord | undefined;
  readonly isSeen?: boolean;
  readonly confirmed: boolean;
}): boolean => entry.word !== undefined || entry.isSeen === true || entry.confirmed;

/** Not worth its place. `nowMs`: wall clock. */
export function isUseless(entry: BookEntry, nowMs: number): boolean {
  const { triedMs, lastSeenMs, answeredMs, fails } = entry;
  if (triedMs > 0 && nowMs - triedMs < justTriedMs) return false;
  if (nowMs - lastSeenMs > addressMaxAgeMs) return true;
  if (answeredMs === 0) return fails >= failsOfStranger;
  return fails >= failsForgiven && nowMs - answeredMs > failsForgivenMs;
}

/** How often of 256 draws the entry is taken. */
export function chanceOf(entry: BookEntry): number {
  const chance = chances[Math.min(entry.fails, chances.length - 1)]!;
  return isVouched(entry) ? chance : Math.ceil(chance / unvouchedDivisor);
}

export function knownOf(entry: BookEntry): KnownAddress {
  const { endpoint, nodeId, confirmed, services, lastSeenMs } = entry;
  const { answeredMs, fails, source, word } = entry;
  const told = { address: endpoint.address, nodeId, confirmed, services, lastSeenMs };
  return { ...told, answeredMs, fails, source, word };
}

/** Of an address that is known already. The newest word of an owner counts. */
export function believe(known: BookEntry, said: Hearsay): void {
  const { nodeId, word } = said;
  const isHers = known.confirmed && known.nodeId !== nodeId;
  if (isHers) return;
  if (word !== undefined) {
    if (isOlder(word, known.word)) return;
    known.nodeId = nodeId;
    known.services = said.services;
    known.word = word;
  } else if (known.word === undefined && !known.confirmed && said.source === known.source) {
    known.nodeId = nodeId;
  }
  if (said.isSeen) known.isSeen = true;
}

const isOlder = (word: OwnersWord, than: OwnersWord | undefined): boolean =>
  than !== undefined && word.signedAtMs <= than.signedAtMs;
