/** `finality HASH|HEIGHT` and `evidence`: what a node says of a block's standing, and of cheats. */
import { grouped } from "../status-line.ts";
import { fieldsText, tableText } from "../terminal/table.ts";
import { evidenceAnswer, finalityAnswer } from "./answers.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { blockRefOf, type Given } from "./values.ts";

const meanings = {
  unknown: "this node knows no such block",
  orphan: "its parent has not come",
  fork: "beside the chain",
  canonical: "on the chain",
  justified: "on the chain, and voted for by a quorum, or under a block that is",
  final: "nothing undoes it",
} as const;

export async function finality(given: Given, client: NodeClient, world: CliWorld): Promise<Reply> {
  const { paint } = world;
  const answer = await client.get(`/api/blockchain/finality/${blockRefOf(given)}`, finalityAnswer);
  const { confirmations, finalizedHeight, hash, height, proof, status } = answer;
  const tint = status === "final" ? "green" : "yellow";
  const fields: (readonly [string, string])[] = [
    ["block", [height === null ? "-" : grouped(height), hash].filter(Boolean).join("  ")],
    ["status", `${paint(tint, status)}: ${meanings[status]}`],
    ["confirmations", grouped(confirmations)],
    ["final up to", grouped(finalizedHeight)],
  ];
  if (proof !== null) {
    const { signed, count } = proof.validators;
    const below = proof.height === height ? "" : ", which stands on it";
    fields.push(["proof", `of block ${grouped(proof.height)} ${proof.hash}${below}`]);
    fields.push(["signed by", `${signed} of ${count} validators, ${proof.validators.hash}`]);
    fields.push(["certificate", proof.certificate]);
  }
  return { text: fieldsText(fields, paint), json: answer };
}

export async function evidence(client: NodeClient, { paint }: CliWorld): Promise<Reply> {
  const answer = await client.get("/api/evidence", evidenceAnswer);
  if (answer.evidence.length === 0) return { text: "no evidence against anybody", json: answer };
  const rows = answer.evidence.map(({ validator, kind, slot, included }) => [
    validator,
    kind,
    grouped(slot),
    included ? "punished" : "not on the chain yet",
  ]);
  const columns = [
    { title: "validator" },
    { title: "fault" },
    { title: "slot", align: "right" },
    { title: "" },
  ] as const;
  return { text: tableText(columns, rows, paint), json: answer };
}
