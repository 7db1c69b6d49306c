/**
 * The registry as the state stores it: three leaves, the last two absent when they say nothing.
 * One encoding of each value. Decoders are strict, though what they read is our own.
 * protocol-spec/05-objects §8.
 *
 *  validators   the set (05-objects §7)
 *  governance   0 pending 1 (0 none, 1) | if 1: change 35, queuedAt 8
 *               | changes 2 | change 35 ... | proposals 2
 *               | id 32, change 35, proposer 32, slot 8, approvals 16 ...
 *  jailed       0 count 2 | validator 32, slot 8 ...      ascending by key
 *
 *  change       as in a proposal, action + 0x40 when it comes from evidence
 *  approvals    bit r (least significant first) = the validator of rank r approved
 */
import { assert } from "../base/assert.ts";
import {
  concatBytes,
  equalBytes,
  readSafeU64,
  readU16,
  u16Bytes,
  u64Bytes,
} from "../base/bytes.ts";
import { changeBytes, decodeChange, encodeChange } from "../model/governance.ts";
import { idBytes, publicKeyOf, txIdOf } from "../model/ids.ts";
import {
  decodeValidatorSet,
  encodeValidatorSet,
  type ValidatorSet,
} from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import type { Jailed, Proposal, Registry, SetChange } from "./registry.ts";

export interface RegistryLeaves {
  readonly validators: Uint8Array;
  readonly governance: Uint8Array | undefined;
  readonly jailed: Uint8Array | undefined;
}

type Governance = Pick<Registry, "proposals" | "pending" | "queue">;

const evidenceBit = 0x40;
const pendingBytes = changeBytes + 8;
const proposalBytes = 32 + changeBytes + 32 + 8 + 16;
const jailedBytes = 32 + 8;

export function encodeRegistry(registry: Registry): RegistryLeaves {
  return {
    validators: encodeValidatorSet(registry.validators),
    governance: encodeGovernance(registry),
    jailed: encodeJail(registry.jail),
  };
}

/** Undefined when the leaves are not those of a registry. */
export function decodeRegistry(leaves: RegistryLeaves): Registry | undefined {
  const validators = decodeValidatorSet(leaves.validators);
  if ("code" in validators) return undefined;
  const governance = decodeGovernance(leaves.governance, validators);
  const jail = decodeJail(leaves.jailed);
  return governance && jail && { validators, jail, ...governance };
}

function encodeJail(jail: readonly Jailed[]): Uint8Array | undefined {
  if (jail.length === 0) return undefined;
  const entries = jail.flatMap(({ validator, slot }) => [idBytes(validator), u64Bytes(slot)]);
  return concatBytes(u16Bytes(jail.length), ...entries);
}

function decodeJail(bytes: Uint8Array | undefined): readonly Jailed[] | undefined {
  if (bytes === undefined) return [];
  const jail: Jailed[] = [];
  if (bytes.length < 2 || bytes.length !== 2 + jailedBytes * readU16(bytes, 0)) return undefined;
  for (let at = 2; at < bytes.length; at += jailedBytes) {
    const validator = publicKeyOf(bytes.subarray(at, at + 32));
    const slot = readSafeU64(bytes, at + 32);
    const before = jail.at(-1);
    if (slot === undefined || (before && before.validator >= validator)) return undefined;
    jail.push({ validator, slot });
  }
  return jail.length > 0 ? jail : undefined;
}

function encodeGovernance(
  registry: Governance & Pick<Registry, "validators">,
): Uint8Array | undefined {
  const { pending, queue, proposals, validators } = registry;
  if (pending === undefined && proposals.length === 0) return undefined;
  return concatBytes(
    Uint8Array.of(pending === undefined ? 0 : 1),
    ...(pending === undefined ? [] : [encodeStored(pending), u64Bytes(pending.queuedAt)]),
    u16Bytes(queue.length),
    ...queue.map(encodeStored),
    u16Bytes(proposals.length),
    ...proposals.flatMap((proposal) => [
      idBytes(proposal.id),
      encodeChange(proposal),
      idBytes(proposal.proposer),
      u64Bytes(proposal.slot),
      approvalBits(proposal, validators),
    ]),
  );
}

function decodeGovernance(
  bytes: Uint8Array | undefined,
  validators: ValidatorSet,
): Governance | undefined {
  if (bytes === undefined) return { proposals: [], pending: undefined, queue: [] };
  const isPending = bytes[0] === 1;
  const queueAt = 1 + (isPending ? pendingBytes : 0);
  if (bytes.length < queueAt + 2) return undefined;
  const proposalsAt = queueAt + 2 + changeBytes * readU16(bytes, queueAt);
  if (bytes.length < proposalsAt + 2) return undefined;
  const end = proposalsAt + 2 + proposalBytes * readU16(bytes, proposalsAt);
  if (bytes.length !== end) return undefined;
  const queue: SetChange[] = [];
  for (let at = queueAt + 2; at < proposalsAt; at += changeBytes) {
    const change = decodeStored(bytes.subarray(at, at + changeBytes));
    if (change === undefined) return undefined;
    queue.push(change);
  }
  const proposals: Proposal[] = [];
  for (let at = proposalsAt + 2; at < end; at += proposalBytes) {
    const proposal = decodeProposal(bytes.subarray(at, at + proposalBytes), validators);
    if (proposal === undefined) return undefined;
    proposals.push(proposal);
  }
  const change = isPending ? decodeStored(bytes.subarray(1, 1 + changeBytes)) : undefined;
  const queuedAt = isPending ? readSafeU64(bytes, 1 + changeBytes) : undefined;
  const pending = change && queuedAt !== undefined ? { ...change, queuedAt } : undefined;
  const governance = { proposals, pending, queue };
  return isConsistent(governance) && isEncoding(bytes, governance, validators)
    ? governance
    : undefined;
}

/** Spare bits, other flags, leaves that say nothing: one value has one encoding. */
function isEncoding(bytes: Uint8Array, governance: Governance, validators: ValidatorSet): boolean {
  const again = encodeGovernance({ ...governance, validators });
  return again !== undefined && equalBytes(again, bytes);
}

function isConsistent({ proposals, pending, queue }: Governance): boolean {
  const proposers = new Set(proposals.map(({ proposer }) => proposer));
  const ids = new Set(proposals.map(({ id }) => id));
  return (
    proposers.size === proposals.length &&
    ids.size === proposals.length &&
    proposals.every(({ slot }, i) => i === 0 || proposals[i - 1]!.slot <= slot) &&
    queue.length <= chainLimits.setChangesQueuedMax &&
    (pending !== undefined || queue.length === 0)
  );
}

function encodeStored(change: SetChange): Uint8Array {
  const bytes = encodeChange(change);
  assert(!change.fromEvidence || change.action === "remove", "evidence removes");
  if (change.fromEvidence) bytes[0]! |= evidenceBit;
  return bytes;
}

function decodeStored(bytes: Uint8Array): SetChange | undefined {
  const fromEvidence = (bytes[0]! & evidenceBit) !== 0;
  const plain = bytes.slice();
  plain[0]! &= ~evidenceBit;
  const change = decodeChange(plain);
  if ("code" in change) return undefined;
  const isRemoval = change.action === "remove" && !change.force;
  return fromEvidence && !isRemoval ? undefined : { ...change, fromEvidence };
}

function decodeProposal(bytes: Uint8Array, validators: ValidatorSet): Proposal | undefined {
  const change = decodeChange(bytes.subarray(32, 32 + changeBytes));
  const at = 32 + changeBytes;
  const proposer = publicKeyOf(bytes.subarray(at, at + 32));
  const slot = readSafeU64(bytes, at + 32);
  const bits = bytes.subarray(at + 40);
  const approvals = validators.filter((_, rank) => ((bits[rank >> 3]! >> (rank & 7)) & 1) === 1);
  if ("code" in change || slot === undefined || !approvals.includes(proposer)) return undefined;
  return { ...change, id: txIdOf(bytes.subarray(0, 32)), proposer, slot, approvals };
}

function approvalBits({ approvals }: Proposal, validators: ValidatorSet): Uint8Array {
  const bits = new Uint8Array(chainLimits.validatorsMax / 8);
  for (const key of approvals) {
    const rank = validators.indexOf(key);
    assert(rank >= 0, "validators approve");
    bits[rank >> 3]! |= 1 << (rank & 7);
  }
  return bits;
}
