/**
 * A fresh private network for one: its validator is this node, three accounts have money and their
 * keys are the user's. For trying things out; nothing in it is secret from whoever has the folder.
 */
import { toHex } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { Random } from "../edge/env.ts";
import { type Address, type PublicKey, publicKeyOf } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import { addressOfKey } from "../model/transaction.ts";
import { chainLimits } from "../params/limits.ts";

export interface DevAccount {
  readonly name: string;
  readonly address: Address;
  readonly publicKey: PublicKey;
  /** 32 bytes in hex, secret. */
  readonly seed: string;
}

export interface Devnet {
  readonly networkFile: NetworkFile;
  readonly accounts: readonly DevAccount[];
}

const names = ["alice", "bob", "carol"] as const;
const balance = 1_000_000_000n;
const blockReward = 50n;
const minFee = 1n;

export function makeDevnet(options: {
  readonly random: Random;
  readonly signatures: SignatureScheme;
  readonly validator: PublicKey;
  readonly wallMs: number;
  readonly slotMs?: number | undefined;
}): Devnet {
  const { random, signatures, validator, wallMs } = options;
  const accounts = names.map((name) => {
    const seed = random.bytes(32);
    const publicKey = publicKeyOf(signatures.publicKey(seed));
    return { name, address: addressOfKey(publicKey), publicKey, seed: toHex(seed) };
  });
  const networkFile: NetworkFile = {
    name: `devnet-${toHex(random.bytes(2))}`,
    genesisTimeMs: wallMs,
    slotMs: options.slotMs ?? chainLimits.slotMsDevnet,
    engine: "poa",
    validators: [validator],
    accounts: accounts.map(({ address }) => ({ address, balance })),
    blockReward,
    minFee,
  };
  return { networkFile, accounts };
}
