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
  readonly shares: readonly { readonly to: Address; readonly amount: bigint }[];
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
  const shareOf = (key: PublicKey, amount: bigint) => ({ to: payeeOf(key), amount });
  return {
    minted: reward + bounty,
    shares: [shareOf(sealer, rest + fees + bounty), ...paid.map((key) => shareOf(key, each))],
  };
}

/** The same few in every block: an address is a hash. */
const payees = new BoundedMap<PublicKey, Address>(2 * chainLimits.validatorsMax);

function payeeOf(key: PublicKey): Address {
  const known = payees.get(key);
  if (known !== undefined) return known;
  const address = addressOfKey(key);
  payees.set(key, address);
  return address;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
