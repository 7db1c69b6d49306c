/**
 * What seals and votes are signed for, besides what they say: 32 bytes that stand in every preimage
 * of theirs. The genesis hash, and from the least slot of a recovery on another value, so that no
 * signature of before counts after. Transactions keep the genesis hash: wallets know of no recovery.
 * protocol-spec/05-objects §10.
 *
 *   slot   0 ──────────────── minSlot ──────────────── minSlot' ──────>
 *          genesis hash       H("recover/1", genesis hash || recoveryId)   ... of the next recovery
 */
import { hexBytes } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import type { Recovery } from "./recovery.ts";

export interface RecoveredDomain {
  readonly genesisHash: Uint8Array;
  /** By rising slot. */
  readonly later: readonly { readonly minSlot: number; readonly domain: Uint8Array }[];
}

/** The genesis hash alone: of a network that never recovered. */
export type SigningDomain = Uint8Array | RecoveredDomain;

const recoveryHash = tagged("recover/1");

export function signingDomain(
  genesisHash: Uint8Array,
  recoveries: readonly Recovery[],
): SigningDomain {
  if (recoveries.length === 0) return genesisHash;
  const later = recoveries.map((recovery) => ({
    minSlot: recovery.minSlot,
    domain: recoveryHash(genesisHash, hexBytes(recovery.recoveryId)),
  }));
  return { genesisHash, later };
}

/** What transactions are signed for, in every slot. */
export function genesisOf(domain: SigningDomain): Uint8Array {
  return domain instanceof Uint8Array ? domain : domain.genesisHash;
}

/** 32 bytes: what a seal of `slot`, or a vote for a target in it, is signed for. */
export function domainAt(domain: SigningDomain, slot: number): Uint8Array {
  if (domain instanceof Uint8Array) return domain;
  return domain.later.findLast(({ minSlot }) => minSlot <= slot)?.domain ?? domain.genesisHash;
}
