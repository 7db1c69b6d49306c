/**
 * Keys that the command line uses: a key file (keys.ts), or the accounts file of a devnet or a
 * local network, which holds several with their names. Secrets are read only from files that none
 * but their owner can read.
 */
import { z } from "zod";
import { hexBytes } from "../../base/bytes.ts";
import { ed25519 } from "../../crypto/ed25519.ts";
import { isHex32, type PublicKey, publicKeyOf } from "../../model/ids.ts";
import { type Key, type KeyKind, openKey, readPrivate } from "../keys.ts";
import { parseJson } from "../loose-json.ts";
import { readPassphrase } from "../passphrase.ts";
import { systemRandom } from "../system.ts";
import { type Given, optionalText, usageError } from "./values.ts";

export const defaultAccountsFile = "data/4321/keys/accounts.json";

const accountsFile = z
  .array(z.looseObject({ name: z.string(), seed: z.string().refine(isHex32) }))
  .min(1);
const keyHead = z.looseObject({
  kind: z.enum(["node", "validator", "account"]),
  publicKey: z.string().refine(isHex32),
});

/** The account that `--key` and `--from` name. */
export function signingKey(given: Given): Key {
  const path = optionalText(given, "key") ?? defaultAccountsFile;
  const from = optionalText(given, "from");
  const text = readPrivate(path);
  if (text === undefined) throw noKey(path, optionalText(given, "key") !== undefined);
  const accounts = accountsFile.safeParse(parseJson(text));
  if (!accounts.success) {
    if (from !== undefined) {
      throw usageError(
        `--from ${from}: ${path} is a key file of one key`,
        "leave --from out, or name an accounts file with --key",
      );
    }
    return openKey(path, keyOptions("account", given)) ?? failNoKey(path);
  }
  const names = accounts.data.map(({ name }) => name);
  const account =
    from === undefined ? accounts.data[0] : accounts.data.find(({ name }) => name === from);
  if (account === undefined) {
    throw usageError(`--from ${from}: no such account in ${path}`, `it has ${names.join(", ")}`);
  }
  const seed = hexBytes(account.seed);
  return { publicKey: publicKeyOf(ed25519.publicKey(seed)), seed };
}

/** What a key file says of itself without its secret; needs no passphrase. */
export function readKeyHead(path: string, where: string): { kind: KeyKind; publicKey: PublicKey } {
  const text = readPrivate(path);
  if (text === undefined) throw usageError(`${where}: there is no file ${path}`, "check the path");
  const head = keyHead.safeParse(parseJson(text));
  if (!head.success) {
    throw usageError(`${path} is not a key file`, "make one with: npx tsx bin/cli.ts key new FILE");
  }
  return { kind: head.data.kind, publicKey: head.data.publicKey as PublicKey };
}

export function keyOptions(kind: KeyKind, given: Given) {
  const passphrase = readPassphrase(optionalText(given, "passphrase-file"));
  return { kind, signatures: ed25519, random: systemRandom, passphrase };
}

function failNoKey(path: string): never {
  throw noKey(path, true);
}

function noKey(path: string, isNamed: boolean) {
  return usageError(
    isNamed ? `--key: there is no file ${path}` : `no --key is given, and there is no ${path}`,
    "name a key or accounts file with --key, or make one with: npx tsx bin/cli.ts key new FILE",
  );
}
