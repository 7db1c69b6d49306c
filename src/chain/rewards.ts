/**
 * Who is paid for a block, and with what: new money up to the end of the supply, and the fees.
 * Integers only; what does not divide goes to the sealer. protocol-spec/05-objects §8.
 *
 *   reward R ──┬── R/8 if a certificate is carried: equal parts to those who signed it
 *              └── the rest ──┐
 *   fees ─────────────────────┼──> sealer
 *   R once more per evidence ─┘
 */
import { BoundedMap } from "../base/bounded.ts";
import type { Address, PublicKey } from "../model/ids.ts";
import { supplyEnd } from "../model/network-file.ts";
import { addressOfKey } from "../model/transaction.ts";
import { chainLimits } from "../params/limits.ts";
import { accountKey } from "./account.ts";
import type { BlockContext } from "./state-machine.ts";

/** Of the reward, to the voters: one part in so many. */
const votersPart = 8n;

export interface Earned {
  /** Of the network. */
  readonly blockReward: bigint;
  /** Before the block. */
  readonly supply: bigint;
  readonly fees: bigint;
  /** Pieces of evidence in the block. */
  readonly evidence: number;
}

export interface Payout {
  /** New money. */
  readonly minted: bigint;
  /** They sum to `minted` and the fees; an address may come twice. */
  readonly shares: readonly Share[];
}

export interface Share {
  readonly to: Address;
  /** `accountKey(to)`. */
  readonly key: Uint8Array;
  readonly amount: bigint;
}

export function payoutOf(
  { sealer, voters }: Pick<BlockContext, "sealer" | "voters">,
  { blockReward, supply, fees, evidence }: Earned,
): Payout {
  const room = supplyEnd - 1n - supply;
  const reward = least(blockReward, room);
  const bounty = least(blockReward * BigInt(evidence), room - reward);
  const each = voters.length === 0 ? 0n : reward / votersPart / BigInt(voters.length);
  const paid = each === 0n ? [] : voters;
  const rest = reward - each * BigInt(paid.length);
  const shares = [shareOf(sealer, rest + fees + bounty)];
  for (const voter of paid) shares.push(shareOf(voter, each));
  return { minted: reward + bounty, shares };
}

function shareOf(payee: PublicKey, amount: bigint): Share {
  const { to, key } = payeeOf(payee);
  return { to, key, amount };
}

/** The same few in every block: an address is a hash, and so is where it stands. */
const payees = new BoundedMap<PublicKey, Omit<Share, "amount">>(2 * chainLimits.validatorsMax);

function payeeOf(payee: PublicKey): Omit<Share, "amount"> {
  const known = payees.get(payee);
  if (known !== undefined) return known;
  const to = addressOfKey(payee);
  const fresh = { to, key: accountKey(to) };
  payees.set(payee, fresh);
  return fresh;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
