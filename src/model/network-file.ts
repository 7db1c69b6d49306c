/**
 * The network file: everything that makes one chain another chain. JSON, read strictly, every
 * problem reported at once. `formatNetworkFile` is its canonical text: the genesis state commits to
 * its hash, so one network has one text and one genesis.
 * NOT configuration of a node (`host/config.ts`). protocol-spec/05-objects §9.
 */
import { z } from "zod";
import { asciiBytes } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import { chainLimits, wireLimits } from "../params/limits.ts";
import type { Address, PublicKey } from "./ids.ts";
import { address, fieldOf, listOf, parseStrictJson, publicKey, repeatedIn } from "./strict-json.ts";

export interface NetworkFile {
  readonly name: string;
  /** Wall time at which slot 0 begins. */
  readonly genesisTimeMs: number;
  readonly slotMs: number;
  readonly engine: "poa";
  /** In rank order: the first wins ties and leads slot 0 modulo their number. */
  readonly validators: readonly PublicKey[];
  readonly accounts: readonly { readonly address: Address; readonly balance: bigint }[];
  /** To the sealer, per block. */
  readonly blockReward: bigint;
  readonly minFee: bigint;
}

/** No sum of balances ever reaches this, so that no sum of two overflows a u64. */
export const supplyEnd = 1n << 63n;

const paramsHash = tagged("params/1");

const amount = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,18})$/, "a decimal string of a whole number below 2^63 expected")
  .transform((text) => BigInt(text))
  .refine((value) => value < supplyEnd, "must be below 2^63");

const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, "1 to 64 letters, digits, space, . _ - expected"),
  genesisTimeMs: z
    .int()
    .min(0)
    .max(2 ** 52),
  slotMs: z.int().min(chainLimits.slotMsMin).max(chainLimits.slotMsMax),
  engine: z.literal("poa"),
  validators: z.array(publicKey).min(1).max(chainLimits.validatorsMax),
  accounts: z.array(z.strictObject({ address, balance: amount })),
  blockReward: amount,
  minFee: amount,
});

/** The file that `text` holds, or every problem found, each `field: what is wrong`. */
export function parseNetworkFile(text: string): NetworkFile | { readonly errors: string[] } {
  const parsed = parseStrictJson(text, schema, crossFieldProblems);
  if ("errors" in parsed) return parsed;
  const file: NetworkFile = parsed.value;
  return formatNetworkFile(file).length > wireLimits.networkFileBytesMax
    ? { errors: [`file: its canonical text has over ${wireLimits.networkFileBytesMax} bytes`] }
    : file;
}

/**
 * The canonical text: JSON, two spaces, fixed order of fields, accounts by address, amounts as
 * decimal strings, a line feed at the end. ASCII only.
 */
export function formatNetworkFile(file: NetworkFile): string {
  const accounts = [...file.accounts]
    .sort((a, b) => (a.address < b.address ? -1 : 1))
    .map(({ address, balance }) => ({ address, balance: balance.toString() }));
  const fields = {
    name: file.name,
    genesisTimeMs: file.genesisTimeMs,
    slotMs: file.slotMs,
    engine: file.engine,
    validators: file.validators,
    accounts,
    blockReward: file.blockReward.toString(),
    minFee: file.minFee.toString(),
  };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}

/** H("params/1", canonical text): what the genesis state commits to. 32 bytes. */
export function networkFileHash(file: NetworkFile): Uint8Array {
  return paramsHash(asciiBytes(formatNetworkFile(file)));
}

/** The slot at `wallMs`; 0, the slot of genesis in which nobody seals, before it. */
export function slotAt(file: NetworkFile, wallMs: number): number {
  return Math.max(0, Math.floor((wallMs - file.genesisTimeMs) / file.slotMs));
}

/** Wall time at which `slot` begins: the timestamp of its block. At or above 2^53 it is inexact. */
export function slotStartMs(file: NetworkFile, slot: number): number {
  return file.genesisTimeMs + slot * file.slotMs;
}

/** Outside the schema, because it would not look at them while any field is wrong. */
function crossFieldProblems(json: unknown): string[] {
  const errors = [...repeatedIn(json, "validators"), ...repeatedIn(json, "accounts", "address")];
  let supply = 0n;
  for (const account of listOf(json, "accounts")) {
    const balance = amount.safeParse(fieldOf(account, "balance"));
    if (balance.success) supply += balance.data;
  }
  if (supply >= supplyEnd) errors.push("accounts: the balances must sum to less than 2^63");
  return errors;
}
