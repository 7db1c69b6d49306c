/**
 * The payloads of transactions by which validators change their set: a proposed change, and the
 * approval of a proposal. One encoding each. NOT who may send them, nor what they come to
 * (`chain/governance.ts`). protocol-spec/05-objects §2.
 *
 *  propose  0 action 1 | 1 validator 32 | 33 rank 2       action 1 add, 2 remove, 3 rerank;
 *  approve  0 id of the proposing transaction 32          remove below the safe size: + 0x80
 *
 * The rank is where it shall stand, 0xffff = last; in a removal it is 0xffff.
 */
import { assert } from "../base/assert.ts";
import { concatBytes, readU16, u16Bytes } from "../base/bytes.ts";
import { chainLimits } from "../params/limits.ts";
import { addressOf, idBytes, type PublicKey, publicKeyOf, type TxId, txIdOf } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";
import { type TransactionFields, transactionTypes } from "./transaction.ts";

export type ChangeAction = "add" | "remove" | "rerank";

export interface ProposedChange {
  readonly action: ChangeAction;
  readonly validator: PublicKey;
  /** Where it shall stand, if so many are there; undefined: last, and in every removal. */
  readonly rank: number | undefined;
  /** A removal that may leave fewer validators than survive a cheating one. */
  readonly force: boolean;
}

/** What a governance transaction says beside its action. */
export type Terms = Pick<TransactionFields, "sender" | "nonce" | "fee" | "validUntilSlot">;

export const changeBytes = 35;
const actions: readonly (ChangeAction | undefined)[] = [undefined, "add", "remove", "rerank"];
const forceBit = 0x80;
const lastRank = 0xffff;
const nobody = addressOf(new Uint8Array(32));

export function encodeChange(change: ProposedChange): Uint8Array {
  const action = actions.indexOf(change.action) | (change.force ? forceBit : 0);
  const rank = u16Bytes(change.rank ?? lastRank);
  const bytes = concatBytes(Uint8Array.of(action), idBytes(change.validator), rank);
  assert(!("code" in decodeChange(bytes)), "a change is one that can be proposed");
  return bytes;
}

/** The change in exactly 35 bytes; decides nothing about whether it can be made. */
export function decodeChange(bytes: Uint8Array): ProposedChange | Rejection {
  const bad = (detail: string) => rejection("transaction-governance", detail);
  if (bytes.length !== changeBytes) return bad(`${changeBytes} bytes expected`);
  const force = bytes[0]! >= forceBit;
  const action = actions[bytes[0]! & ~forceBit];
  if (action === undefined) return bad(`action ${bytes[0]}`);
  if (force && action !== "remove") return bad("only a removal can be forced");
  const place = readU16(bytes, 33);
  const rank = place === lastRank ? undefined : place;
  if (rank !== undefined && (action === "remove" || rank >= chainLimits.validatorsMax)) {
    return bad(`rank ${rank}`);
  }
  return { action, validator: publicKeyOf(bytes.subarray(1, 33)), rank, force };
}

/** The proposal that a payload approves. */
export function decodeApproval(bytes: Uint8Array): TxId | Rejection {
  return bytes.length === 32
    ? txIdOf(bytes)
    : rejection("transaction-governance", `32 bytes expected, got ${bytes.length}`);
}

export function proposeFields(change: ProposedChange, terms: Terms): TransactionFields {
  return governanceFields(transactionTypes.propose, encodeChange(change), terms);
}

export function approveFields(proposal: TxId, terms: Terms): TransactionFields {
  return governanceFields(transactionTypes.approve, idBytes(proposal), terms);
}

/** Goes to nobody and moves nothing, as both types must. */
export function isToNobody({ to, amount }: Pick<TransactionFields, "to" | "amount">): boolean {
  return to === nobody && amount === 0n;
}

function governanceFields(type: number, payload: Uint8Array, terms: Terms): TransactionFields {
  const { sender, nonce, fee, validUntilSlot } = terms;
  return { type, sender, nonce, fee, validUntilSlot, to: nobody, amount: 0n, payload };
}
