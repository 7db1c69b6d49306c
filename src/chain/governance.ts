/**
 * How the validator set comes to change: proposals, approvals, punishment, and the hand-over from
 * set to set. Pure functions from registry to registry; no money, no signatures.
 *
 *   propose ──> approvals ──quorum──> queue ──> pending ──that block is final on chain──> set
 *   evidence ─────────────────────────^         one at a time, each by one member
 *
 * Invariant: the set changes only by a pending change whose block the chain itself has shown to
 * be final, so that no two forks are ever more than one member apart. protocol-spec/05-objects §8.
 */

import { decodeApproval, decodeChange, isToNobody } from "../model/governance.ts";
import type { PublicKey } from "../model/ids.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { type Transaction, transactionTypes } from "../model/transaction.ts";
import { quorum } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import { changedSet, isJailed, type Proposal, type Registry, type SetChange } from "./registry.ts";

export interface Moment {
  readonly height: number;
  readonly slot: number;
}

/** Votes leave room for the removal of every validator by evidence. */
const votedChangesMax = chainLimits.setChangesQueuedMax - chainLimits.validatorsMax;

/** What a proposal or an approval comes to; a Rejection when it fails. */
export function governed(
  registry: Registry,
  transaction: Transaction,
  now: Moment,
): Registry | Rejection {
  if (!registry.validators.includes(transaction.sender)) return failed("not a validator's");
  if (!isToNobody(transaction)) return failed("to and amount must be zero");
  return transaction.type === transactionTypes.propose
    ? proposed(registry, transaction, now)
    : approved(registry, transaction, now);
}

/** `validator` may no longer seal, and is to leave the set. It is in the set and not jailed. */
export function punished(registry: Registry, validator: PublicKey, now: Moment): Registry {
  const jail = [...registry.jail, { validator, slot: now.slot }];
  jail.sort((a, b) => (a.validator < b.validator ? -1 : 1));
  const removal: SetChange = {
    action: "remove",
    validator,
    rank: undefined,
    force: false,
    fromEvidence: true,
  };
  return decided({ ...registry, jail }, removal, now.height);
}

/** Can no evidence against `validator` be taken now? Then why not. */
export function unpunishable(registry: Registry, validator: PublicKey): string | undefined {
  const others = registry.validators.filter((key) => key !== validator);
  if (others.length === registry.validators.length) return "not of a validator";
  if (isJailed(registry, validator)) return "of one who is jailed already";
  if (others.every((key) => isJailed(registry, key))) return "nobody else is left to seal";
  const isFull = registry.queue.length >= chainLimits.setChangesQueuedMax;
  return isFull ? "too many changes of the set are waiting" : undefined;
}

/** Without what is too old to count in a block of `slot`: done before its transactions. */
export function refreshed(registry: Registry, slot: number): Registry {
  const { validators } = registry;
  const { proposalMaxAgeSlots, evidenceMaxAgeSlots } = chainLimits;
  const proposals = registry.proposals.filter((open) => slot - open.slot <= proposalMaxAgeSlots);
  const jail = registry.jail.filter(
    (jailed) => slot - jailed.slot <= evidenceMaxAgeSlots || validators.includes(jailed.validator),
  );
  const isSame =
    proposals.length === registry.proposals.length && jail.length === registry.jail.length;
  return isSame ? registry : { ...registry, proposals, jail };
}

/** Does the pending change if its block is final: done after a block's transactions. */
export function handedOver(
  registry: Registry,
  now: Moment & { readonly finalizedHeight: number },
): Registry {
  const { pending } = registry;
  if (pending === undefined || pending.queuedAt > now.finalizedHeight) return registry;
  const validators = changedSet(registry, pending);
  const after = { ...registry, validators: validators ?? registry.validators };
  const next = registry.queue.findIndex((change) => changedSet(after, change) !== undefined);
  const [first, ...queue] = next < 0 ? [] : registry.queue.slice(next);
  const moved: Registry = {
    ...after,
    pending: first && { ...first, queuedAt: now.height },
    queue,
  };
  return validators === undefined ? moved : recounted(moved, now.height);
}

function proposed(
  registry: Registry,
  transaction: Transaction,
  { height, slot }: Moment,
): Registry | Rejection {
  const change = decodeChange(transaction.payload);
  if ("code" in change) return change;
  if (!isSensible(registry, change)) return failed("the change makes no sense");
  const { id, sender: proposer } = transaction;
  const proposal = { ...change, id, proposer, slot, approvals: [proposer] };
  const others = registry.proposals.filter((open) => open.proposer !== proposer);
  return counted({ ...registry, proposals: others }, proposal, height);
}

function approved(
  registry: Registry,
  { payload, sender }: Transaction,
  { height }: Moment,
): Registry | Rejection {
  const id = decodeApproval(payload);
  if (typeof id !== "string") return id;
  const proposal = registry.proposals.find((open) => open.id === id);
  if (proposal === undefined) return failed("no such proposal is open");
  if (proposal.approvals.includes(sender)) return failed("approved already");
  const approvals = registry.validators.filter(
    (key) => key === sender || proposal.approvals.includes(key),
  );
  return counted(registry, { ...proposal, approvals }, height);
}

/** `proposal` is new or has a new approval: it stays open, or passes. */
function counted(registry: Registry, proposal: Proposal, height: number): Registry | Rejection {
  const isKnown = registry.proposals.some((open) => open.id === proposal.id);
  const proposals = isKnown
    ? registry.proposals.map((open) => (open.id === proposal.id ? proposal : open))
    : [...registry.proposals, proposal];
  const open = { ...registry, proposals };
  if (proposal.approvals.length < quorum(registry.validators.length)) return open;
  return passed(open, proposal, height) ?? failed("the change makes no sense, or too many wait");
}

/** The proposal is decided; undefined when it cannot be. */
function passed(registry: Registry, proposal: Proposal, height: number): Registry | undefined {
  const { action, validator, rank, force, id } = proposal;
  if (registry.queue.length >= votedChangesMax || !isSensible(registry, proposal)) return undefined;
  const proposals = registry.proposals.filter((open) => open.id !== id);
  const change = { action, validator, rank, force, fromEvidence: false };
  return decided({ ...registry, proposals }, change, height);
}

function decided(registry: Registry, change: SetChange, height: number): Registry {
  return registry.pending === undefined
    ? { ...registry, pending: { ...change, queuedAt: height } }
    : { ...registry, queue: [...registry.queue, change] };
}

/** After the set changed: only members propose and approve, and another quorum may be there. */
function recounted(registry: Registry, height: number): Registry {
  const { validators } = registry;
  const proposals = registry.proposals
    .filter(({ proposer }) => validators.includes(proposer))
    .map((open) => ({
      ...open,
      approvals: validators.filter((key) => open.approvals.includes(key)),
    }));
  let result: Registry = { ...registry, proposals };
  for (const open of proposals) {
    if (open.approvals.length < quorum(validators.length)) continue;
    result = passed(result, open, height) ?? result;
  }
  return result;
}

/** Once all that waits is done. */
function isSensible(registry: Registry, change: Omit<SetChange, "fromEvidence">): boolean {
  const { pending, queue, jail } = registry;
  let { validators } = registry;
  for (const waiting of pending === undefined ? [] : [pending, ...queue]) {
    validators = changedSet({ validators, jail }, waiting) ?? validators;
  }
  return changedSet({ validators, jail }, { ...change, fromEvidence: false }) !== undefined;
}

function failed(detail: string): Rejection {
  return rejection("transaction-governance", detail);
}
