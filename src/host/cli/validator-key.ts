/**
 * Validator keys on the command line: named by public key or key file, and the file that signs what
 * validators send. Such a transaction is signed here, by the key itself: it is no vote and no seal,
 * so the signer of a running node is not asked and its floors are not touched.
 */

import type { Terms } from "../../model/governance.ts";
import { isHex32, type PublicKey } from "../../model/ids.ts";
import type { Transaction, TransactionFields } from "../../model/transaction.ts";
import { addressOfKey } from "../../model/transaction.ts";
import { type Key, openKey } from "../keys.ts";
import { CliError } from "./cli-error.ts";
import { keyOptions, readKeyHead } from "./key-file.ts";
import type { NodeClient } from "./node-client.ts";
import { submitSigned } from "./submission.ts";
import { type Given, optionalText, usageError } from "./values.ts";

export const defaultValidatorKey = "data/4321/keys/validator.json";

/** The public key that `text` is, or that is in the key file of that name. */
export function validatorNamed(text: string, where: string): PublicKey {
  if (isHex32(text)) return text as PublicKey;
  const { kind, publicKey } = readKeyHead(text, where);
  if (kind === "validator") return publicKey;
  throw usageError(
    `${where}: ${text} holds the key of ${kind === "node" ? "a node" : "an account"}`,
    "name a validator key, or make one with: npx tsx bin/cli.ts key new FILE --kind validator",
  );
}

/** The key that `--key` names. */
export function validatorSigner(given: Given): Key {
  const path = optionalText(given, "key") ?? defaultValidatorKey;
  const key = openKey(path, keyOptions("validator", given));
  if (key !== undefined) return key;
  throw usageError(
    `--key: there is no file ${path}`,
    "name the key file of a validator with --key: in its node's data folder, keys/validator.json",
  );
}

/** As `submitSigned`; a validator that cannot pay is told who pays and how that is mended. */
export async function submitAsValidator(
  given: Given,
  client: NodeClient,
  key: Key,
  fieldsOf: (terms: Terms) => TransactionFields,
): Promise<Transaction> {
  try {
    return await submitSigned(given, client, key, fieldsOf);
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "transaction-balance") throw error;
    const address = addressOfKey(key.publicKey);
    throw new CliError(
      "no",
      error.code,
      `${error.message}: the fee is paid by the validator's own account, ${address}`,
      `seal a block for its reward, or pay it: npx tsx bin/cli.ts tx send --to ${address} ` +
        "--amount N (where the network's minFee is 0, leave --fee out)",
    );
  }
}
