/** `tx send` and `tx show ID`. The key stays here: the node is given a signed transaction. */
import { hexBytes, toHex } from "../../base/bytes.ts";
import { ed25519 } from "../../crypto/ed25519.ts";
import type { Address } from "../../model/ids.ts";
import { addressOfKey, signTransaction } from "../../model/transaction.ts";
import { grouped } from "../status-line.ts";
import { fieldsText } from "../terminal/table.ts";
import { accountAnswer, infoAnswer, submittedAnswer, transactionAnswer } from "./answers.ts";
import { CliError } from "./cli-error.ts";
import { signingKey } from "./key-file.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { type Given, hex32Of, neededText, optionalAmount, optionalInteger } from "./values.ts";

const pollMs = 250;
const waitDefaultS = 60;

export async function sendTransaction(
  given: Given,
  client: NodeClient,
  world: CliWorld,
): Promise<Reply> {
  const to = hex32Of(neededText(given, "to", "ADDRESS"), "--to", "an address") as Address;
  neededText(given, "amount", "N");
  const amount = optionalAmount(given, "amount")!;
  const fee = optionalAmount(given, "fee");
  const nonce = optionalAmount(given, "nonce");
  const waitS = optionalInteger(given, "timeout", 1, 86_400) ?? waitDefaultS;
  const key = signingKey(given);
  const from = addressOfKey(key.publicKey);
  const info = await client.get("/api/blockchain/info", infoAnswer);
  const transaction = signTransaction(
    {
      type: 0,
      sender: key.publicKey,
      nonce: nonce ?? (await nextNonce(client, from)),
      fee: fee ?? BigInt(info.minFee),
      validUntilSlot: 0,
      to,
      amount,
      payload: new Uint8Array(0),
    },
    hexBytes(info.genesisHash),
    (preimage) => ed25519.sign(key.seed, preimage),
  );
  const body = { transaction: toHex(transaction.bytes) };
  const { id } = await client.post("/api/transactions", body, submittedAnswer);
  if (given["wait"] === true) return await waitFor(id, waitS, client, world);
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

async function nextNonce(client: NodeClient, address: Address): Promise<bigint> {
  const account = await client.get(`/api/accounts/${address}`, accountAnswer);
  return BigInt(account.nextNonce);
}

async function waitFor(
  id: string,
  seconds: number,
  client: NodeClient,
  world: CliWorld,
): Promise<Reply> {
  const until = world.wallMs() + seconds * 1000;
  for (;;) {
    const found = await client.get(`/api/transactions/${id}`, transactionAnswer);
    if (found.status === "confirmed") return reply(found, world);
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

function reply(found: import("zod").output<typeof transactionAnswer>, { paint }: CliWorld): Reply {
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
