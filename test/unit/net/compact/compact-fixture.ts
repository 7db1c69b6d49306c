/** Transactions, blocks and their compact forms, in layout only: nobody signed them. */
import { concatBytes, u32Bytes } from "../../../../src/base/bytes.ts";
import { sha256 } from "../../../../src/crypto/hash.ts";
import { encodeBody } from "../../../../src/model/block.ts";
import { compactBody, shortIdKey, splitBody } from "../../../../src/model/compact-block.ts";
import { encodeHeader, type SealedHeader } from "../../../../src/model/header.ts";
import { blockHashOf, publicKeyOf } from "../../../../src/model/ids.ts";
import { decodeTransaction, type Transaction } from "../../../../src/model/transaction.ts";
import { relayLimits } from "../../../../src/params/limits.ts";

const digest = (text: string) => sha256(Buffer.from(text));

/** The `n`-th transaction; two of one `n` and other `signed` have one id. */
export function transactionOf(n: number, payloadBytes = 0, signed = n, type = 0): Transaction {
  const bytes = concatBytes(
    Uint8Array.of(0, type, 0, 0),
    digest(`sender ${n}`),
    new Uint8Array(24),
    digest(`to ${n}`),
    new Uint8Array(8),
    u32Bytes(payloadBytes),
    new Uint8Array(payloadBytes).fill(n),
    digest(`r ${signed}`),
    digest(`s ${signed}`),
  );
  const transaction = decodeTransaction(bytes);
  if ("code" in transaction) throw new Error(transaction.detail);
  return transaction;
}

export interface Sample {
  readonly sealed: SealedHeader;
  readonly body: Uint8Array;
  readonly transactions: readonly Transaction[];
}

export function blockOf(
  transactions: readonly Transaction[],
  certificate = new Uint8Array(0),
): Sample {
  const body = encodeBody(certificate, transactions);
  const zeros = new Uint8Array(32);
  const header = encodeHeader({
    ...{ version: 1, engine: 0, txCount: transactions.length, height: 1, slot: 1, timestampMs: 1 },
    ...{ stateRoot: zeros, txRoot: sha256(body), receiptsRoot: zeros, certHash: zeros },
    ...{ parentHash: blockHashOf(zeros), justifiedHash: blockHashOf(zeros), justifiedSlot: 0 },
    ...{ validatorsHash: zeros, nextValidatorsHash: zeros, sealer: publicKeyOf(zeros) },
    ...{ bodyBytes: body.length, extra: new Uint8Array(24) },
  });
  return { sealed: { header, seal: new Uint8Array(64) }, body, transactions };
}

/** As its sender tells it. */
export function toldOf(sample: Sample, salt = new Uint8Array(8), rare = new Set<number>()) {
  const { certificate, transactions } = splitBody(sample.body);
  const key = shortIdKey(sample.sealed.header.hash, salt);
  const most = relayLimits.prefilledBytesMax;
  const told = compactBody(key, transactions, most, (index) => rare.has(index));
  return { certificate, salt, ...told };
}
