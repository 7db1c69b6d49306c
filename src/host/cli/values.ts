/** Values on the command line. yargs gives strings; what is wrong names the option and the mend. */
import { existsSync, readFileSync } from "node:fs";
import { isHex32 } from "../../model/ids.ts";
import { HostError, reasonOf } from "../host-error.ts";

export const usageError = (message: string, mend: string) => new HostError("usage", message, mend);

/** Options of yargs as they come: what was not given is undefined, what was given twice a list. */
export type Given = Readonly<Record<string, unknown>>;

/** One text or none. */
export function optionalText(given: Given, name: string): string | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "") return value;
  const got = Array.isArray(value) ? "it is given more than once" : "it has no value";
  throw usageError(`--${name}: ${got}`, `give --${name} once, with a value`);
}

export function neededText(given: Given, name: string, says: string): string {
  const value = optionalText(given, name);
  if (value === undefined) throw usageError(`--${name} is missing`, `give --${name} ${says}`);
  return value;
}

/** A whole number from `min` to `max`. */
export function optionalInteger(
  given: Given,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const text = optionalText(given, name);
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usageError(
    `--${name}: ${JSON.stringify(text)} is not a whole number from ${min} to ${max}`,
    `give --${name} such a number`,
  );
}

/** An amount, a fee or a nonce: a whole number below 2^64, without separators. */
export function optionalAmount(given: Given, name: string): bigint | undefined {
  const text = optionalText(given, name);
  return text === undefined ? undefined : amountOf(text, `--${name}`);
}

export function amountOf(text: string, where: string): bigint {
  const value = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : 1n << 64n;
  if (value < 1n << 64n) return value;
  throw usageError(
    `${where}: ${JSON.stringify(text)} is not a whole number below 2^64`,
    "write digits only, as in 1000000",
  );
}

export function hex32Of(text: string, where: string, what: string): string {
  if (isHex32(text)) return text;
  throw usageError(
    `${where}: ${JSON.stringify(text.slice(0, 80))} is not ${what}`,
    "64 lower-case hex digits are expected, without 0x",
  );
}

/** The block that the command names, by hash or height. */
export function blockRefOf(given: Given): string {
  const ref = neededText(given, "block", "HASH or HEIGHT");
  if (isHex32(ref) || /^(0|[1-9][0-9]{0,14})$/.test(ref)) return ref;
  throw usageError(
    `${JSON.stringify(ref.slice(0, 80))} is no block`,
    "give a height, or a hash of 64 lower-case hex digits",
  );
}

/** The text of a file that the user named with `where`. */
export function readTextFile(path: string, where: string): string {
  if (!existsSync(path)) throw usageError(`${where}: there is no file ${path}`, "check the path");
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(`${where}: ${path} cannot be read: ${reasonOf(error)}`, "check the path");
  }
}
