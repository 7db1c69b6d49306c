/**
 * `validator list`, `proposals`, `propose` and `approve`: who validates, and how validators change
 * that among themselves. Decides nothing: what may be proposed is the chain's.
 * protocol-spec/06-validation §10.
 */
import { approveFields, type ProposedChange, proposeFields } from "../../model/governance.ts";
import type { TxId } from "../../model/ids.ts";
import { chainLimits } from "../../params/limits.ts";
import { short } from "../event-text.ts";
import { grouped } from "../status-line.ts";
import { fieldsText, tableText } from "../terminal/table.ts";
import { validatorsAnswer } from "./answers.ts";
import { CliError } from "./cli-error.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { waitFor, waitOf } from "./submission.ts";
import {
  approveHint,
  type Change,
  changeText,
  progressOf,
  progressText,
  type Validators,
} from "./validator-changes.ts";
import { submitAsValidator, validatorNamed, validatorSigner } from "./validator-key.ts";
import { type Given, hex32Of, neededText, optionalInteger, usageError } from "./values.ts";

export const askValidators = (client: NodeClient): Promise<Validators> =>
  client.get("/api/validators", validatorsAnswer);

export async function listValidators(client: NodeClient, world: CliWorld): Promise<Reply> {
  const { paint } = world;
  const answer = await askValidators(client);
  const slotText = (slot: number | null) => (slot === null ? "-" : grouped(slot));
  const rows = answer.validators.map((validator) => [
    String(validator.rank),
    validator.key,
    slotText(validator.lastSealSlot),
    slotText(validator.lastVoteSlot),
    grouped(validator.missedSlots),
    validator.jailed ? paint("red", "jailed") : validator.self ? "this node" : "",
  ]);
  const right = (title: string) => ({ title, align: "right" }) as const;
  const columns = [right("rank"), { title: "key" }, right("last seal"), right("last vote")];
  const table = tableText([...columns, right("missed"), { title: "" }], rows, paint);
  const { pending, proposals, queue, quorum, slot } = answer;
  const lines = [`slot ${grouped(slot)}, quorum ${quorum} of ${answer.validators.length}`];
  if (pending !== null) {
    lines.push(`next: ${changeText(pending)}, once block ${grouped(pending.queuedAt)} is final`);
  }
  for (const change of queue) lines.push(`then: ${changeText(change)}`);
  if (proposals.length > 0) {
    lines.push(`${proposals.length} open: npx tsx bin/cli.ts validator proposals`);
  }
  return { text: `${table}\n${lines.join("\n")}`, json: answer };
}

export async function listProposals(client: NodeClient, { paint }: CliWorld): Promise<Reply> {
  const { proposals, quorum, validators } = await askValidators(client);
  const rankOf = (key: string) => validators.find((validator) => validator.key === key)?.rank;
  const texts = proposals.map((proposal) =>
    fieldsText(
      [
        ["proposal", proposal.id],
        ["change", changeText(proposal)],
        ["by", `${proposal.proposer}, rank ${rankOf(proposal.proposer) ?? "-"}`],
        ["approvals", `${proposal.approvals.map(short).join(", ")}; ${quorum} needed`],
      ],
      paint,
    ),
  );
  const text = texts.length === 0 ? "no open proposals" : texts.join("\n\n");
  return { text, json: { quorum, proposals } };
}

export async function proposeChange(
  given: Given,
  client: NodeClient,
  world: CliWorld,
): Promise<Reply> {
  const proposed = proposedBy(given);
  const waitS = waitOf(given);
  const key = validatorSigner(given);
  const { id } = await submitAsValidator(given, client, key, (terms) =>
    proposeFields(proposed, terms),
  );
  const change = { ...proposed, rank: proposed.rank ?? null };
  if (waitS === undefined) return sentReply(id, change, await askValidators(client), world);
  await waitFor(id, waitS, client, world);
  return progressReply(id, change, await askValidators(client), world);
}

export async function approveProposal(
  given: Given,
  client: NodeClient,
  world: CliWorld,
): Promise<Reply> {
  const id = hex32Of(neededText(given, "proposal", "ID"), "PROPOSAL", "the id of a proposal");
  const waitS = waitOf(given);
  const key = validatorSigner(given);
  const change = (await askValidators(client)).proposals.find((open) => open.id === id);
  if (change === undefined) {
    throw new CliError(
      "no",
      "proposal-not-open",
      `proposal ${id} is not open at this node`,
      "see what is open with: npx tsx bin/cli.ts validator proposals (what has passed is not)",
    );
  }
  const sent = await submitAsValidator(given, client, key, (terms) =>
    approveFields(id as TxId, terms),
  );
  if (waitS === undefined) {
    const text = fieldsText(
      [
        ["sent", sent.id],
        ["approves", changeText(change)],
      ],
      world.paint,
    );
    return { text, json: { transaction: sent.id, proposal: id, change: bare(change) } };
  }
  await waitFor(sent.id, waitS, client, world);
  return progressReply(id, change, await askValidators(client), world);
}

function proposedBy(given: Given): ProposedChange {
  const action = neededText(given, "action", "add, remove or rerank");
  if (action !== "add" && action !== "remove" && action !== "rerank") {
    throw usageError(
      `${JSON.stringify(action.slice(0, 40))} is no change`,
      "add, remove or rerank",
    );
  }
  const validator = validatorNamed(neededText(given, "validator", "KEY"), "KEY");
  const rank = optionalInteger(given, "rank", 0, chainLimits.validatorsMax - 1);
  const force = given["force"] === true;
  if (rank !== undefined && action === "remove") {
    throw usageError("--rank: a removed validator stands nowhere", "leave --rank out");
  }
  if (rank === undefined && action === "rerank") {
    throw usageError("--rank is missing", "give --rank N, where it shall stand: 0 is the first");
  }
  if (force && action !== "remove") {
    throw usageError("--force: only a removal can be forced", "leave --force out");
  }
  return { action, validator, rank, force };
}

function sentReply(id: string, change: Change, { quorum }: Validators, world: CliWorld): Reply {
  const others = quorum === 1 ? [] : ([["then", `the others run: ${approveHint(id)}`]] as const);
  const text = fieldsText(
    [
      ["sent", id],
      ["change", changeText(change)],
      ["needs", `approvals of ${quorum}, the proposer's included`],
      ...others,
    ],
    world.paint,
  );
  return { text, json: { proposal: id, change: bare(change), state: "pending", quorum } };
}

function progressReply(id: string, change: Change, answer: Validators, world: CliWorld): Reply {
  const { quorum } = answer;
  const progress = progressOf(answer, change, id);
  const fields: (readonly [string, string])[] = [
    ["proposal", id],
    ["change", changeText(change)],
    ["state", progressText(progress, quorum)],
  ];
  if (progress.state === "open") fields.push(["then", `the others run: ${approveHint(id)}`]);
  const json = { proposal: id, change: bare(change), ...progress, quorum };
  return { text: fieldsText(fields, world.paint), json };
}

const bare = ({ action, validator, rank, force }: Change): Change => ({
  action,
  validator,
  rank,
  force,
});
