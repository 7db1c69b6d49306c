/** The passphrase that opens and seals key files: the first line of a file, never an argument. */
import { existsSync, readFileSync } from "node:fs";
import { HostError, reasonOf } from "./host-error.ts";

/** Undefined when no file is named; `HostError` when the named one has none. */
export function readPassphrase(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  let why = "it is empty";
  try {
    const passphrase = existsSync(path) ? readFileSync(path, "utf8").split(/\r?\n/)[0] : undefined;
    if (passphrase === undefined) why = "there is no such file";
    else if (passphrase !== "") return passphrase;
  } catch (error) {
    why = reasonOf(error);
  }
  throw new HostError(
    "usage",
    `no passphrase in ${path}: ${why}`,
    "put it into the first line of the file that --passphrase-file names",
  );
}
