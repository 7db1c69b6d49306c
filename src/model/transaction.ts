/**
 * Signed transactions: fixed layout, one encoding. Knows the layout, not the ledger, nor what the
 * payloads of its types mean (`governance.ts`, `evidence-transaction.ts`).
 * protocol-spec/05-objects §2.
 *
 *  0 type 2 | 2 reserved 2 | 4 sender 32 | 36 nonce 8 | 44 fee 8 | 52 validUntilSlot 8
 *  60 to 32 | 92 amount 8 | 100 payload length 4 | 104 payload | signature 64
 */
import { assert, defined } from "../base/assert.ts";
import {
  concatBytes,
  readSafeU64,
  readU16,
  readU32,
  readU64,
  writeU16,
  writeU32,
  writeU64,
} from "../base/bytes.ts";
import { tag16, taggedHex } from "../crypto/hash.ts";
import { chainLimits } from "../params/limits.ts";
import { type Address, addressOf, idBytes, type PublicKey, publicKeyOf, type TxId } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";

/** Those that the ledger knows; 1 is reserved for data. */
export const transactionTypes = { transfer: 0, propose: 2, approve: 3, evidence: 4 } as const;

export interface TransactionFields {
  /** One of `transactionTypes`, or unknown. */
  readonly type: number;
  readonly sender: PublicKey;
  readonly nonce: bigint;
  /** For the whole transaction, not per byte. */
  readonly fee: bigint;
  /** The last slot in which it may be included; 0 = no limit. */
  readonly validUntilSlot: number;
  readonly to: Address;
  readonly amount: bigint;
  readonly payload: Uint8Array;
}

export interface Transaction extends TransactionFields {
  readonly id: TxId;
  /** Address of the sender's key. */
  readonly from: Address;
  readonly signature: Uint8Array;
  /** Whole encoding with signature: what txRoot commits to. */
  readonly bytes: Uint8Array;
}

const headBytes = chainLimits.transactionHeadBytes;
const bytesMin = headBytes + 64;
const txIdHash = taggedHex("txid/1");
const addressHash = taggedHex("addr/1");
const signingTag = tag16("tx/1");

/** The address of an account: H("addr/1", public key). */
export function addressOfKey(key: PublicKey): Address {
  return addressHash(idBytes(key)) as string as Address;
}

/** All bytes but the signature. */
export function encodeUnsigned(fields: TransactionFields): Uint8Array {
  const bytes = new Uint8Array(headBytes + fields.payload.length);
  writeU16(bytes, 0, fields.type);
  bytes.set(idBytes(fields.sender), 4);
  writeU64(bytes, 36, fields.nonce);
  writeU64(bytes, 44, fields.fee);
  writeU64(bytes, 52, fields.validUntilSlot);
  bytes.set(idBytes(fields.to), 60);
  writeU64(bytes, 92, fields.amount);
  writeU32(bytes, 100, fields.payload.length);
  bytes.set(fields.payload, headBytes);
  return bytes;
}

/** What the sender signs: "tx/1" || genesisHash || unsigned bytes. */
export function transactionPreimage(genesisHash: Uint8Array, unsigned: Uint8Array): Uint8Array {
  return concatBytes(signingTag, genesisHash, unsigned);
}

/** Outside of its function: a closure for each call costs more than the checks. */
const bad = (detail: string) => rejection("transaction-malformed", detail);

/** What keeps `bytes` from being a transaction; cheap: nothing is hashed. */
export function transactionLayoutProblem(bytes: Uint8Array): Rejection | undefined {
  if (bytes.length < bytesMin) return bad(`at least ${bytesMin} bytes, got ${bytes.length}`);
  if (bytes.length > chainLimits.transactionBytesMax) {
    return rejection("transaction-size", `at most ${chainLimits.transactionBytesMax} bytes`);
  }
  const payloadBytes = readU32(bytes, 100);
  if (bytes.length !== bytesMin + payloadBytes) {
    return bad(`payload of ${payloadBytes} bytes does not end at the signature`);
  }
  if (readU16(bytes, 2) !== 0) return bad("reserved bytes must be zero");
  if (readSafeU64(bytes, 52) === undefined) return bad("validUntilSlot must be below 2^53");
  return undefined;
}

/** The transaction in exactly `bytes`; keeps `bytes`, so hand it a copy that may be kept. */
export function decodeTransaction(bytes: Uint8Array): Transaction | Rejection {
  const problem = transactionLayoutProblem(bytes);
  if (problem !== undefined) return problem;
  const key = bytes.subarray(4, 36);
  const unsigned = bytes.subarray(0, bytes.length - 64);
  return {
    type: readU16(bytes, 0),
    sender: publicKeyOf(key),
    from: addressHash(key) as string as Address,
    nonce: readU64(bytes, 36),
    fee: readU64(bytes, 44),
    validUntilSlot: defined(readSafeU64(bytes, 52), "its layout is good"),
    to: addressOf(bytes.subarray(60, 92)),
    amount: readU64(bytes, 92),
    payload: bytes.subarray(headBytes, bytes.length - 64),
    id: txIdHash(unsigned) as string as TxId,
    signature: bytes.subarray(bytes.length - 64),
    bytes,
  };
}

/** A transaction signed by `sign`, which is given the preimage. */
export function signTransaction(
  fields: TransactionFields,
  genesisHash: Uint8Array,
  sign: (preimage: Uint8Array) => Uint8Array,
): Transaction {
  const unsigned = encodeUnsigned(fields);
  const signature = sign(transactionPreimage(genesisHash, unsigned));
  const transaction = decodeTransaction(concatBytes(unsigned, signature));
  assert(!("code" in transaction), "what we encode decodes");
  return transaction;
}

/** What `transaction.signature` must sign. */
export function preimageOf(transaction: Transaction, genesisHash: Uint8Array): Uint8Array {
  return transactionPreimage(genesisHash, transaction.bytes.subarray(0, -64));
}
