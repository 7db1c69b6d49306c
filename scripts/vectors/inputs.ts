/** The fixed keys, names and bytes from which every vector is made. Nothing here is secret. */
import { asciiBytes, hexBytes, toHex } from "../../src/base/bytes.ts";
import { genesisBlock } from "../../src/chain/genesis.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { idBytes, type PublicKey, publicKeyOf } from "../../src/model/ids.ts";
import type { NetworkFile } from "../../src/model/network-file.ts";
import { addressOfKey } from "../../src/model/transaction.ts";
import { WireError } from "../../src/wire/errors.ts";

export type VectorCase = Readonly<Record<string, unknown>>;

export interface VectorFile {
  readonly name: string;
  readonly description: string;
  /** Where the rules are. */
  readonly spec: string;
  readonly cases: readonly VectorCase[];
}

export const fill = (value: number, count = 32): Uint8Array => new Uint8Array(count).fill(value);

/** Byte i is i mod 251: large inputs are named by their length alone. */
export function pattern(count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = i % 251;
  return out;
}

/** 32 bytes that stand for a hash. */
export const digestOf = (text: string): Uint8Array => sha256(asciiBytes(text));

export const seeds = {
  initiatorNode: fill(0x11),
  responderNode: fill(0x12),
  initiatorStatic: fill(0x21),
  responderStatic: fill(0x22),
  initiatorEphemeral: fill(0x31),
  responderEphemeral: fill(0x32),
  validators: [fill(0x41), fill(0x42), fill(0x43), fill(0x44)],
  accounts: [fill(0x51), fill(0x52), fill(0x53)],
} as const;

export const initiatorId = ed25519.publicKey(seeds.initiatorNode);
export const responderId = ed25519.publicKey(seeds.responderNode);

export const keyOfSeed = (seed: Uint8Array): PublicKey => publicKeyOf(ed25519.publicKey(seed));
export const validatorKeys: readonly PublicKey[] = seeds.validators.map(keyOfSeed);
export const accountKeys: readonly PublicKey[] = seeds.accounts.map(keyOfSeed);

/** The network of all vectors. */
export const network: NetworkFile = {
  name: "vectors",
  genesisTimeMs: 1_800_000_000_000,
  slotMs: 1_000,
  engine: "poa",
  validators: validatorKeys,
  accounts: accountKeys.map((key, index) => ({
    address: addressOfKey(key),
    balance: [1_000_000n, 500n, 0n][index] ?? 0n,
  })),
  blockReward: 50n,
  minFee: 2n,
};

export const genesis = genesisBlock(network, new Ledger(network));
export const genesisHash = idBytes(genesis.header.hash);

/** `code` that `act` throws as a WireError; fails when it throws nothing. */
export function wireCodeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
  throw new Error("a fault was expected");
}

/** The code of a Rejection; fails for anything else. */
export function ruleCodeOf(result: unknown): string {
  if (typeof result === "object" && result !== null && "code" in result) {
    return String(result.code);
  }
  throw new Error("a rejection was expected");
}

/** `bytes` with the byte at `at` replaced. */
export function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const out = bytes.slice();
  out[at < 0 ? out.length + at : at] = value;
  return out;
}

/** `bytes` with one bit of the byte at `at` flipped. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const index = at < 0 ? bytes.length + at : at;
  return withByte(bytes, index, bytes[index]! ^ 1);
}

export const hex = toHex;
export const bytesOf = hexBytes;
