/**
 * Which inbound peer makes room for a newcomer. Pure: it looks at candidates and names one.
 *
 * A peer is spared for what is hard to forge all at once: a netgroup that stands first in an order
 * which only we know, a short way, news, a good name, a long stay. Of the others the youngest of
 * the netgroup that holds most goes, so whoever comes with many addresses of few networks makes
 * room for himself. Invariant: a newcomer's own qualities play no part; of n candidates at least a
 * quarter may go, so slots never close. protocol-spec/09-connections §1
 */
import { asciiBytes, concatBytes, toHex } from "../../base/bytes.ts";
import { sha256 } from "../../crypto/hash.ts";
import type { Conn } from "../../edge/conn.ts";
import { connectionLimits } from "../../params/limits.ts";

export interface EvictionCandidate {
  readonly conn: Conn;
  readonly group: string;
  /** Monotonic, as all times here; -Infinity for never. */
  readonly readyAt: number;
  /** Lowest round trip; Infinity when unknown. */
  readonly pingMs: number;
  readonly blockAt: number;
  readonly transactionAt: number;
  /** A block-only link. */
  readonly quiet: boolean;
  /** Of its score (peer-score.ts); above 0 is good. */
  readonly value: number;
  /** On its way to be turned away: goes before all others that are not spared. */
  readonly isSuspect: boolean;
}

/** Whom all reasons but a long stay spare together. */
const keptMax =
  connectionLimits.keptByGroupMax +
  connectionLimits.keptByPingMax +
  connectionLimits.keptByTransactionMax +
  connectionLimits.keptByQuietBlockMax +
  connectionLimits.keptByBlockMax +
  connectionLimits.keptByScoreMax;

/** Undefined when there is nobody to choose from. `key`: secret, the same for this process. */
export function victimOf(
  candidates: readonly EvictionCandidate[],
  key: Uint8Array,
): EvictionCandidate | undefined {
  let left = unprotected(candidates, key);
  const suspects = left.filter((peer) => peer.isSuspect);
  if (suspects.length > 0) left = suspects;
  const largest = largestGroup(left);
  return left
    .filter((peer) => peer.group === largest)
    .reduce<EvictionCandidate | undefined>(
      (victim, peer) => (victim === undefined || peer.readyAt >= victim.readyAt ? peer : victim),
      undefined,
    );
}

/** Those who are not spared for anything. */
export function unprotected(
  candidates: readonly EvictionCandidate[],
  key: Uint8Array,
): readonly EvictionCandidate[] {
  const limits = connectionLimits;
  // With few slots each reason spares fewer: all together never more than half.
  const atMost = (max: number) =>
    Math.min(max, Math.floor((candidates.length * max) / (2 * keptMax)));
  let left = [...candidates];
  const spare = (chosen: readonly EvictionCandidate[]) => {
    left = left.filter((peer) => !chosen.includes(peer));
  };
  spare(firstOfGroups(left, key).slice(0, atMost(limits.keptByGroupMax)));
  const best = (
    max: number,
    isGood: (peer: EvictionCandidate) => boolean,
    rank: (peer: EvictionCandidate) => number,
  ) =>
    spare(
      left
        .filter(isGood)
        .sort((a, b) => compare(rank(a), rank(b)))
        .slice(0, atMost(max)),
    );
  const never = Number.NEGATIVE_INFINITY;
  best(
    limits.keptByPingMax,
    (peer) => peer.pingMs < -never,
    (peer) => peer.pingMs,
  );
  best(
    limits.keptByTransactionMax,
    (peer) => peer.transactionAt > never,
    (peer) => -peer.transactionAt,
  );
  best(
    limits.keptByQuietBlockMax,
    (peer) => peer.quiet && peer.blockAt > never,
    (peer) => -peer.blockAt,
  );
  best(
    limits.keptByBlockMax,
    (peer) => peer.blockAt > never,
    (peer) => -peer.blockAt,
  );
  best(
    limits.keptByScoreMax,
    (peer) => peer.value > 0,
    (peer) => -peer.value,
  );
  // Of the rest the half that has been here longest.
  left.sort((a, b) => compare(a.readyAt, b.readyAt));
  return left.slice(left.length >> 1);
}

/** The longest here of each netgroup, in an order that is secret and always the same. */
function firstOfGroups(peers: readonly EvictionCandidate[], key: Uint8Array) {
  const first = new Map<string, EvictionCandidate>();
  for (const peer of peers) {
    const standing = first.get(peer.group);
    if (standing === undefined || peer.readyAt < standing.readyAt) first.set(peer.group, peer);
  }
  const keyed = [...first].map(([group, peer]) => ({ peer, place: placeOf(group, key) }));
  return keyed.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ peer }) => peer);
}

function placeOf(group: string, key: Uint8Array): string {
  return toHex(sha256(concatBytes(key, asciiBytes(group))));
}

/** The netgroup with most peers; of equal ones that with the youngest. */
function largestGroup(peers: readonly EvictionCandidate[]): string | undefined {
  const groups = new Map<string, { count: number; youngestAt: number }>();
  for (const { group, readyAt } of peers) {
    const standing = groups.get(group) ?? { count: 0, youngestAt: Number.NEGATIVE_INFINITY };
    const youngestAt = Math.max(standing.youngestAt, readyAt);
    groups.set(group, { count: standing.count + 1, youngestAt });
  }
  let largest: { group: string; count: number; youngestAt: number } | undefined;
  for (const [group, { count, youngestAt }] of groups) {
    const isLarger =
      largest === undefined ||
      count > largest.count ||
      (count === largest.count && youngestAt > largest.youngestAt);
    if (isLarger) largest = { group, count, youngestAt };
  }
  return largest?.group;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
