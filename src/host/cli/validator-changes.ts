/**
 * How far a change of the validators has come, from what a node says of them, in words.
 *
 *   open ──quorum──> passed ──its block final──> active        gone: replaced, or it made no sense
 */
import type { output } from "zod";
import type { validatorsAnswer } from "./answers.ts";

export type Validators = output<typeof validatorsAnswer>;

export interface Change {
  readonly action: "add" | "remove" | "rerank";
  readonly validator: string;
  readonly rank: number | null;
  readonly force: boolean;
}

export type Progress =
  | { readonly state: "open"; readonly id: string; readonly approvals: number }
  | { readonly state: "passed" | "active" | "gone" };

/** `id`: of its proposal, if one is known. */
export function progressOf(
  validators: Validators,
  change: Change,
  id: string | undefined,
): Progress {
  const { pending, proposals, queue } = validators;
  const isSame = (other: Change) =>
    other.action === change.action && other.validator === change.validator;
  const open = proposals.find((proposal) => proposal.id === id);
  if (open !== undefined) {
    return { state: "open", id: open.id, approvals: open.approvals.length };
  }
  if ([...(pending === null ? [] : [pending]), ...queue].some(isSame)) return { state: "passed" };
  return { state: isActive(validators, change) ? "active" : "gone" };
}

export function changeText({ action, validator, rank, force }: Change): string {
  const place = rank === null ? "last" : `at rank ${rank}`;
  if (action === "remove") return `remove ${validator}${force ? ", whatever is left" : ""}`;
  return action === "add" ? `add ${validator} ${place}` : `move ${validator}, ${place}`;
}

export function progressText(progress: Progress, quorum: number): string {
  switch (progress.state) {
    case "open":
      return `open, ${progress.approvals} of ${quorum} approvals`;
    case "passed":
      return "passed; active once the block that decided it is final";
    case "active":
      return "active";
    case "gone":
      return "not open: replaced by another proposal of its sender, or it made no sense any more";
  }
}

/** What the others do about an open proposal. */
export const approveHint = (id: string) => `npx tsx bin/cli.ts validator approve ${id} --key FILE`;

function isActive({ validators }: Validators, change: Change): boolean {
  const at = validators.findIndex(({ key }) => key === change.validator);
  if (change.action === "remove") return at < 0;
  if (change.action === "add") return at >= 0;
  return at === Math.min(change.rank ?? validators.length - 1, validators.length - 1);
}
