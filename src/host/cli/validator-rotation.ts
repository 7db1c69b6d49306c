/**
 * `validator rotate NEWKEY`: a new key in the place of an old one, as two changes of the set: the
 * add, and once it is active the removal. Remembers nothing: each step follows from what the chain
 * says, so that the command goes on where it stopped, wherever that was.
 * protocol-spec/06-validation §10.
 *
 *   old ──propose add──> approvals ──final──> old, new ──propose removal──> approvals ──final──> new
 */
import { approveFields, type ProposedChange, proposeFields } from "../../model/governance.ts";
import type { PublicKey, TxId } from "../../model/ids.ts";
import { addressOfKey } from "../../model/transaction.ts";
import { chainLimits } from "../../params/limits.ts";
import type { Key } from "../keys.ts";
import { fieldsText } from "../terminal/table.ts";
import { accountAnswer } from "./answers.ts";
import { CliError } from "./cli-error.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { pollMs, waitFor } from "./submission.ts";
import { approveHint, changeText, progressOf, type Validators } from "./validator-changes.ts";
import { askValidators } from "./validator-commands.ts";
import { submitAsValidator, validatorNamed, validatorSigner } from "./validator-key.ts";
import { type Given, neededText, optionalInteger, usageError } from "./values.ts";

/** Approvals are asked of people. */
const waitDefaultS = 3600;
/** For a transaction of ours to be in a block. */
const confirmS = 120;

export type RotationStep =
  | { readonly type: "done" }
  | { readonly type: "propose"; readonly change: ProposedChange }
  | { readonly type: "approve"; readonly id: TxId; readonly change: ProposedChange }
  | { readonly type: "wait"; readonly change: ProposedChange; readonly why: string }
  | { readonly type: "never"; readonly code: string; readonly why: string; readonly mend: string };

/** What is next on the way from `old` to `next`. */
export function rotationStep(answer: Validators, old: PublicKey, next: PublicKey): RotationStep {
  const keys = answer.validators.map(({ key }) => key);
  const [hasOld, hasNext] = [keys.includes(old), keys.includes(next)];
  if (!hasOld && hasNext) return { type: "done" };
  if (!hasOld) {
    const why = `${old} is no validator of this network`;
    const mend = "name the key file of the validator to be replaced with --key";
    return { type: "never", code: "not-a-validator", why, mend };
  }
  if (!hasNext && answer.jailed.includes(next)) {
    const why = `${next} is jailed: evidence against it is on the chain`;
    const mend = "make another key: npx tsx bin/cli.ts key new FILE --kind validator";
    return { type: "never", code: "validator-jailed", why, mend };
  }
  const change: ProposedChange = hasNext
    ? // As many as before the rotation are left, be they few.
      { ...removal(old), force: keys.length - 1 < chainLimits.validatorsSafeMin }
    : { action: "add", validator: next, rank: keys.indexOf(old), force: false };
  return stepTowards(change, answer, old);
}

export async function rotateValidator(
  given: Given,
  client: NodeClient,
  world: CliWorld,
): Promise<Reply> {
  const next = validatorNamed(neededText(given, "newKey", "NEWKEY"), "NEWKEY");
  const seconds = optionalInteger(given, "timeout", 1, 604_800) ?? waitDefaultS;
  const isWaiting = given["wait"] === true;
  const key = validatorSigner(given);
  if (key.publicKey === next) {
    throw usageError("NEWKEY is the old key", "name another one, or another --key");
  }
  const until = world.wallMs() + seconds * 1000;
  const proposed = new Set<string>();
  let said = "";
  const say = (line: string) => {
    if (line !== said) world.say(line);
    said = line;
  };
  for (;;) {
    const step = await nextStep(client, key, next);
    if (step.type === "done") return doneReply(key.publicKey, next, world);
    if (step.type === "never") throw new CliError("no", step.code, step.why, step.mend);
    if (step.type === "wait") {
      if (!isWaiting) return waitReply(step, world);
      say(`${changeText(shown(step.change))}: ${step.why}`);
      if (world.wallMs() >= until) throw notYet(step, seconds);
      await world.sleep(pollMs);
      continue;
    }
    const { change } = step;
    if (proposed.has(change.action)) throw cameToNothing(change);
    if (step.type === "propose") proposed.add(change.action);
    const { id } = await submitAsValidator(given, client, key, (terms) =>
      step.type === "propose" ? proposeFields(change, terms) : approveFields(step.id, terms),
    );
    say(
      `${changeText(shown(change))}: ${step.type === "propose" ? "proposed" : "approved"}, ${id}`,
    );
    await waitFor(id, confirmS, client, world);
  }
}

/** A transaction of ours that is in no block yet may be that very step. */
async function nextStep(client: NodeClient, key: Key, next: PublicKey): Promise<RotationStep> {
  const address = addressOfKey(key.publicKey);
  const { pending } = await client.get(`/api/accounts/${address}`, accountAnswer);
  const step = rotationStep(await askValidators(client), key.publicKey, next);
  if (pending === 0 || (step.type !== "propose" && step.type !== "approve")) return step;
  const why = "a transaction of this validator waits for its block";
  return { type: "wait", change: step.change, why };
}

function stepTowards(change: ProposedChange, answer: Validators, old: PublicKey): RotationStep {
  const { proposals, quorum } = answer;
  const { rank, force } = shown(change);
  const open = proposals.find(
    (each) =>
      each.action === change.action &&
      each.validator === change.validator &&
      // Ours may be from before other ranks changed.
      (each.proposer === old || (each.rank === rank && each.force === force)),
  );
  if (open !== undefined) {
    const { id, approvals } = open;
    if (!approvals.includes(old)) return { type: "approve", id: id as TxId, change };
    const why = `${approvals.length} of ${quorum} approvals; the others run: ${approveHint(id)}`;
    return { type: "wait", change, why };
  }
  if (progressOf(answer, shown(change), undefined).state === "passed") {
    return { type: "wait", change, why: "passed, active once that is final" };
  }
  const other = proposals.find(({ proposer }) => proposer === old);
  if (other === undefined) return { type: "propose", change };
  const why = `this validator proposes something else: ${changeText(other)}`;
  const mend = "let that pass first: a new proposal would replace it";
  return { type: "never", code: "proposal-open", why, mend };
}

const removal = (validator: PublicKey) =>
  ({ action: "remove", validator, rank: undefined }) as const;

const shown = (change: ProposedChange) => ({ ...change, rank: change.rank ?? null });

function doneReply(old: PublicKey, next: PublicKey, { paint }: CliWorld): Reply {
  const text = fieldsText(
    [
      ["rotated", `${next} validates in the place of ${old}`],
      ["then", "stop the node that has the old key, and destroy that key"],
    ],
    paint,
  );
  return { text, json: { state: "done", old, new: next } };
}

function waitReply(step: Extract<RotationStep, { type: "wait" }>, { paint }: CliWorld): Reply {
  const change = shown(step.change);
  const text = fieldsText(
    [
      ["now", changeText(change)],
      ["waits", step.why],
      ["then", "run this command again: it goes on from there (or with --wait, to the end)"],
    ],
    paint,
  );
  return { text, json: { state: "waiting", change, why: step.why } };
}

function notYet({ change, why }: Extract<RotationStep, { type: "wait" }>, seconds: number) {
  return new CliError(
    "no",
    "not-active",
    `after ${seconds} s, ${changeText(shown(change))}: ${why}`,
    "run the same command again: it goes on where it stopped",
  );
}

function cameToNothing(change: ProposedChange) {
  return new CliError(
    "no",
    "proposal-failed",
    `${changeText(shown(change))}: it was proposed and is neither open nor decided`,
    "see npx tsx bin/cli.ts validator list, then run the same command again",
  );
}
