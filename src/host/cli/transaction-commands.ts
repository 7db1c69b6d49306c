/** `tx send` and `tx show ID`. The key stays here: the node is given a signed transaction. */
import type { output } from "zod";
import type { Address } from "../../model/ids.ts";
import { addressOfKey, transactionTypes } from "../../model/transaction.ts";
import { grouped } from "../status-line.ts";
import { fieldsText } from "../terminal/table.ts";
import { transactionAnswer } from "./answers.ts";
import { signingKey } from "./key-file.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { submitSigned, waitFor, waitOf } from "./submission.ts";
import { type Given, hex32Of, neededText, optionalAmount } from "./values.ts";

export async function sendTransaction(
  given: Given,
  client: NodeClient,
  world: CliWorld,
): Promise<Reply> {
  const to = hex32Of(neededText(given, "to", "ADDRESS"), "--to", "an address") as Address;
  neededText(given, "amount", "N");
  const amount = optionalAmount(given, "amount")!;
  const waitS = waitOf(given);
  const key = signingKey(given);
  const from = addressOfKey(key.publicKey);
  const transaction = await submitSigned(given, client, key, (terms) => ({
    ...terms,
    type: transactionTypes.transfer,
    to,
    amount,
    payload: new Uint8Array(0),
  }));
  const { id } = transaction;
  if (waitS !== undefined) return reply(await waitFor(id, waitS, client, world), world);
  const sent = {
    id,
    status: "pending",
    from,
    to,
    amount,
    fee: transaction.fee,
    nonce: transaction.nonce,
  };
  const text = fieldsText(
    [
      ["sent", id],
      ["from", from],
      ["to", to],
      ["amount", `${grouped(amount)}, fee ${grouped(transaction.fee)}, nonce ${transaction.nonce}`],
    ],
    world.paint,
  );
  return { text, json: sent };
}

export async function showTransaction(
  given: Given,
  client: NodeClient,
  world: CliWorld,
): Promise<Reply> {
  const id = hex32Of(neededText(given, "id", "ID"), "ID", "a transaction id");
  return reply(await client.get(`/api/transactions/${id}`, transactionAnswer), world);
}

function reply(found: output<typeof transactionAnswer>, { paint }: CliWorld): Reply {
  const { id, transaction } = found;
  const where =
    found.status === "pending"
      ? "pending"
      : `in block ${grouped(found.block.height)} ${found.block.hash}, ` +
        `${found.confirmations} confirmations${found.final ? ", final" : ""}`;
  const { from, to, amount, fee, nonce } = transaction;
  const money = `${grouped(BigInt(amount))}, fee ${grouped(BigInt(fee))}, nonce ${nonce}`;
  const text = fieldsText(
    [
      ["transaction", id],
      ["status", where],
      ["from", from],
      ["to", to],
      ["amount", money],
    ],
    paint,
  );
  return { text, json: found };
}
