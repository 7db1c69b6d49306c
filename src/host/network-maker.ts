/**
 * Makes a network file: the library call behind `cli genesis` and the local network. Whatever it
 * returns passes the same strict reading as a file from a stranger. Writes nothing, makes no keys.
 * protocol-spec/05-objects §9.
 */
import { genesisBlock } from "../chain/genesis.ts";
import { Ledger } from "../chain/ledger.ts";
import type { Address, BlockHash, PublicKey } from "../model/ids.ts";
import { formatNetworkFile, type NetworkFile, parseNetworkFile } from "../model/network-file.ts";
import { chainLimits } from "../params/limits.ts";

export interface NetworkPlan {
  readonly name: string;
  /** In rank order. */
  readonly validators: readonly PublicKey[];
  readonly accounts: readonly { readonly address: Address; readonly balance: bigint }[];
  /** Wall time at which slot 0 begins, ms since 1970. */
  readonly genesisTimeMs: number;
  readonly slotMs?: number | undefined;
  readonly blockReward?: bigint | undefined;
  readonly minFee?: bigint | undefined;
}

export interface MadeNetwork {
  readonly file: NetworkFile;
  /** The canonical text, to be written as it is. */
  readonly text: string;
  readonly genesisHash: BlockHash;
}

export const networkDefaults = {
  slotMs: chainLimits.slotMsDefault,
  blockReward: 50n,
  minFee: 1n,
} as const;

/** Every problem of the plan at once, or the network. */
export function makeNetwork(plan: NetworkPlan): MadeNetwork | { readonly errors: string[] } {
  return readNetwork(
    formatNetworkFile({
      name: plan.name,
      genesisTimeMs: plan.genesisTimeMs,
      slotMs: plan.slotMs ?? networkDefaults.slotMs,
      engine: "poa",
      validators: plan.validators,
      accounts: plan.accounts,
      blockReward: plan.blockReward ?? networkDefaults.blockReward,
      minFee: plan.minFee ?? networkDefaults.minFee,
    }),
  );
}

/** The network that the text of a file describes, with its identity. */
export function readNetwork(text: string): MadeNetwork | { readonly errors: string[] } {
  const file = parseNetworkFile(text);
  if ("errors" in file) return file;
  const genesisHash = genesisBlock(file, new Ledger(file)).header.hash;
  return { file, text: formatNetworkFile(file), genesisHash };
}
