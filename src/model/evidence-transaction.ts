/**
 * The transaction that carries evidence into a block. Nobody signs it and nobody pays for it: the
 * evidence proves itself, and the sealer who includes it is named as the one rewarded.
 * NOT the check of its signatures, nor whether the fault still counts. protocol-spec/05-objects §2.
 *
 *  type 4; sender, nonce, fee, validUntilSlot, amount and signature zero; to = the rewarded address;
 *  payload = evidence
 */
import { assert } from "../base/assert.ts";
import { concatBytes, isZero } from "../base/bytes.ts";
import { decodeEvidence, type Evidence } from "./evidence.ts";
import { type Address, publicKeyOf } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";
import {
  decodeTransaction,
  encodeUnsigned,
  type Transaction,
  transactionTypes,
} from "./transaction.ts";

const nobody = publicKeyOf(new Uint8Array(32));
const noSignature = new Uint8Array(64);

export function evidenceTransaction(evidence: Evidence, rewardTo: Address): Transaction {
  const unsigned = encodeUnsigned({
    type: transactionTypes.evidence,
    sender: nobody,
    nonce: 0n,
    fee: 0n,
    validUntilSlot: 0,
    to: rewardTo,
    amount: 0n,
    payload: evidence.bytes,
  });
  const transaction = decodeTransaction(concatBytes(unsigned, noSignature));
  assert(!("code" in transaction), "what we encode decodes");
  return transaction;
}

/** The evidence that `transaction` carries; a Rejection when it is no evidence transaction. */
export function evidenceOf(transaction: Transaction): Evidence | Rejection {
  const bad = (detail: string) => rejection("transaction-evidence", detail);
  const { type, sender, nonce, fee, amount, validUntilSlot, signature } = transaction;
  if (type !== transactionTypes.evidence) return bad(`type ${type}`);
  const isPaid = nonce !== 0n || fee !== 0n || amount !== 0n || validUntilSlot !== 0;
  if (sender !== nobody || isPaid || !isZero(signature)) {
    return bad("sender, nonce, fee, validUntilSlot, amount and signature must be zero");
  }
  const evidence = decodeEvidence(transaction.payload);
  return "code" in evidence ? bad(evidence.detail) : evidence;
}
