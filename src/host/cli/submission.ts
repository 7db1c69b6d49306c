/**
 * A transaction on its way: signed here, given to a node, waited for. The key stays here; the node
 * is asked for what the sender left out.
 */
import type { output } from "zod";
import { hexBytes, toHex } from "../../base/bytes.ts";
import { ed25519 } from "../../crypto/ed25519.ts";
import type { Terms } from "../../model/governance.ts";
import {
  addressOfKey,
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../../model/transaction.ts";
import type { Key } from "../keys.ts";
import { accountAnswer, infoAnswer, submittedAnswer, transactionAnswer } from "./answers.ts";
import { CliError } from "./cli-error.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld } from "./reply.ts";
import { type Given, optionalAmount, optionalInteger } from "./values.ts";

export const pollMs = 250;

const waitDefaultS = 60;

type FoundAnswer = output<typeof transactionAnswer>;

/** With `--fee` and `--nonce`, or the least fee and the next nonce. */
export async function submitSigned(
  given: Given,
  client: NodeClient,
  key: Key,
  fieldsOf: (terms: Terms) => TransactionFields,
): Promise<Transaction> {
  const fee = optionalAmount(given, "fee");
  const nonce = optionalAmount(given, "nonce");
  const info = await client.get("/api/blockchain/info", infoAnswer);
  const terms = {
    sender: key.publicKey,
    nonce: nonce ?? (await nextNonce(client, key)),
    fee: fee ?? BigInt(info.minFee),
    validUntilSlot: 0,
  };
  const transaction = signTransaction(fieldsOf(terms), hexBytes(info.genesisHash), (preimage) =>
    ed25519.sign(key.seed, preimage),
  );
  const body = { transaction: toHex(transaction.bytes) };
  await client.post("/api/transactions", body, submittedAnswer);
  return transaction;
}

/** Seconds to wait at most, as `--timeout` says; undefined without `--wait`. */
export function waitOf(given: Given): number | undefined {
  const seconds = optionalInteger(given, "timeout", 1, 86_400) ?? waitDefaultS;
  return given["wait"] === true ? seconds : undefined;
}

/** Until it is in a block; throws `CliError` after `seconds`. */
export async function waitFor(
  id: string,
  seconds: number,
  client: NodeClient,
  world: CliWorld,
): Promise<FoundAnswer> {
  const until = world.wallMs() + seconds * 1000;
  for (;;) {
    const found = await client.get(`/api/transactions/${id}`, transactionAnswer);
    if (found.status === "confirmed") return found;
    if (world.wallMs() >= until) {
      throw new CliError(
        "no",
        "not-confirmed",
        `transaction ${id} was sent and is not in a block after ${seconds} s`,
        `ask again with: npx tsx bin/cli.ts tx show ${id}`,
      );
    }
    await world.sleep(pollMs);
  }
}

async function nextNonce(client: NodeClient, { publicKey }: Key): Promise<bigint> {
  const address = addressOfKey(publicKey);
  const account = await client.get(`/api/accounts/${address}`, accountAnswer);
  return BigInt(account.nextNonce);
}
