/**
 * A file that the operator names and that must be right as a whole: read, parsed, or a `HostError`
 * that lists what is wrong with it. NOT its layout (`model/`), nor where it is named.
 */
import { readFileSync } from "node:fs";
import { HostError, reasonOf, systemCode } from "./host-error.ts";

export interface GivenFileTexts {
  /** As in "network file". */
  readonly what: string;
  /** The mend when it cannot be read. */
  readonly ifUnread: string;
  /** The mend when it is not valid. */
  readonly ifInvalid: string;
}

export function readGivenFile<T extends object>(
  path: string,
  parse: (text: string) => T | { readonly errors: string[] },
  texts: GivenFileTexts,
): T {
  return readGivenBytes(path, (bytes) => parse(bytes.toString("utf8")), texts);
}

export function readGivenBytes<T extends object>(
  path: string,
  parse: (bytes: Buffer) => T | { readonly errors: string[] },
  { what, ifUnread, ifInvalid }: GivenFileTexts,
): T {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const why = systemCode(error) === "ENOENT" ? "there is no such file" : reasonOf(error);
    throw new HostError("usage", `the ${what} ${path} cannot be read: ${why}`, ifUnread, error);
  }
  const parsed = parse(bytes);
  if (!("errors" in parsed)) return parsed;
  const problems = parsed.errors.join("\n  ");
  throw new HostError("usage", `the ${what} ${path} is not valid:\n  ${problems}`, ifInvalid);
}
