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
import { type Address, isHex32, type PublicKey } from "./ids.ts";

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

const hex32 = z.string().refine(isHex32, "64 lower-case hex digits expected");
const publicKey = hex32.transform((text) => text as PublicKey);
const address = hex32.transform((text) => text as Address);
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
  if (text.length > wireLimits.networkFileBytesMax) {
    return { errors: [`file: at most ${wireLimits.networkFileBytesMax} bytes`] };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { errors: [`file: not JSON: ${error instanceof Error ? error.message : error}`] };
  }
  const parsed = schema.safeParse(json);
  const errors = [...(parsed.error?.issues ?? []).map(describe), ...crossFieldProblems(json)];
  if (!parsed.success || errors.length > 0) return { errors };
  const file: NetworkFile = parsed.data;
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

function describe(issue: { path: PropertyKey[]; message: string }): string {
  return `${issue.path.length === 0 ? "file" : issue.path.map(String).join(".")}: ${issue.message}`;
}

/** Outside the schema, because it would not look at them while any field is wrong. */
function crossFieldProblems(json: unknown): string[] {
  const errors: string[] = [];
  const validators = listOf(json, "validators");
  for (const index of repeated(validators)) errors.push(`validators.${index}: is listed twice`);
  const accounts = listOf(json, "accounts");
  for (const index of repeated(accounts.map((account) => fieldOf(account, "address")))) {
    errors.push(`accounts.${index}.address: is listed twice`);
  }
  let supply = 0n;
  for (const account of accounts) {
    const balance = amount.safeParse(fieldOf(account, "balance"));
    if (balance.success) supply += balance.data;
  }
  if (supply >= supplyEnd) errors.push("accounts: the balances must sum to less than 2^63");
  return errors;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}

/** Indices of strings that occur earlier in `values`. */
function repeated(values: readonly unknown[]): number[] {
  const seen = new Set<unknown>();
  return values.flatMap((value, index) => {
    const again = typeof value === "string" && seen.has(value);
    seen.add(value);
    return again ? [index] : [];
  });
}
