/**
 * Who validates, who is jailed, and what is to change about it: an immutable value, a part of the
 * state. Here are its shape and the one step that changes the set; what leads there is in
 * `governance.ts`, how it is stored in `registry-codec.ts`. protocol-spec/05-objects §8.
 *
 * Invariant: a validator is left that may seal; a step adds, removes or moves one member.
 */

import type { ProposedChange } from "../model/governance.ts";
import type { PublicKey, TxId } from "../model/ids.ts";
import type { ValidatorSet } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";

/** A change that was decided: by a quorum, or by evidence against the validator. */
export interface SetChange extends ProposedChange {
  readonly fromEvidence: boolean;
}

export interface PendingChange extends SetChange {
  /** Height of the block that made it the next; it is done once that one is final. */
  readonly queuedAt: number;
}

/** Open: not yet passed. */
export interface Proposal extends ProposedChange {
  /** Of the transaction that proposed it. */
  readonly id: TxId;
  readonly proposer: PublicKey;
  /** Of the block that holds it. */
  readonly slot: number;
  /** The proposer's too; in rank order, members of the set only. */
  readonly approvals: readonly PublicKey[];
}

export interface Jailed {
  readonly validator: PublicKey;
  /** Of the block with the evidence. */
  readonly slot: number;
}

export interface Registry {
  readonly validators: ValidatorSet;
  /** Ascending by key. Former validators too, until evidence of the same age no longer counts. */
  readonly jail: readonly Jailed[];
  /** Oldest first, at most one of each proposer, who is a validator. */
  readonly proposals: readonly Proposal[];
  readonly pending: PendingChange | undefined;
  /** Those after `pending`. */
  readonly queue: readonly SetChange[];
}

/** With nothing open and nobody jailed: at genesis, and after a recovery. */
export function registryOf(validators: ValidatorSet): Registry {
  return { validators, jail: [], proposals: [], pending: undefined, queue: [] };
}

/** Validators and jailed together: what bounds the jail. */
const keysKnownMax = 2 * chainLimits.validatorsMax;

export function isJailed({ jail }: Pick<Registry, "jail">, key: PublicKey): boolean {
  return jail.some(({ validator }) => validator === key);
}

/** The set after `change`; undefined when the change makes no sense. */
export function changedSet(
  registry: Pick<Registry, "validators" | "jail">,
  change: SetChange,
): ValidatorSet | undefined {
  const { validators } = registry;
  const rank = validators.indexOf(change.validator);
  const others = validators.filter((key) => key !== change.validator);
  switch (change.action) {
    case "add":
      return rank < 0 && hasRoom(registry, change) ? placed(others, change) : undefined;
    case "remove":
      return rank >= 0 && canLose(registry, others, change) ? others : undefined;
    case "rerank": {
      const moved = placed(others, change);
      return rank >= 0 && moved[rank] !== change.validator ? moved : undefined;
    }
  }
}

function placed(others: ValidatorSet, { validator, rank }: SetChange): ValidatorSet {
  const at = rank ?? others.length;
  return [...others.slice(0, at), validator, ...others.slice(at)];
}

function hasRoom(
  registry: Pick<Registry, "validators" | "jail">,
  { validator }: SetChange,
): boolean {
  const { validators, jail } = registry;
  const known = new Set([...validators, ...jail.map((jailed) => jailed.validator)]);
  return (
    validators.length < chainLimits.validatorsMax &&
    known.size < keysKnownMax &&
    !isJailed(registry, validator)
  );
}

function canLose(
  registry: Pick<Registry, "validators" | "jail">,
  others: ValidatorSet,
  change: SetChange,
): boolean {
  const safe = chainLimits.validatorsSafeMin;
  const isSafe = others.length >= safe || registry.validators.length < safe;
  const mayGo = isSafe || change.force || change.fromEvidence;
  return mayGo && others.some((key) => !isJailed(registry, key));
}
