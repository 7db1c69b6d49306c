/**
 * The fields of the messages of compact block relay, in the manner of `message-fields.ts`.
 * NOT what they mean for a block (`model/compact-block.ts` has the layouts).
 * protocol-spec/04-messages §2, §8.
 */
import { certificateBytesOf } from "../model/certificate.ts";
import {
  indexesFault,
  prefilledFault,
  shortIdBytes,
  txIndexBytes,
} from "../model/compact-block.ts";
import { chainLimits, relayLimits } from "../params/limits.ts";
import { BinField, boolField, bytesField, faultless, fixedField, hashField } from "./field.ts";
import type { MessageShape } from "./message-shape.ts";
import { saltBytes, sealedHeaderBytes } from "./messages.ts";

type CompactType = "compact_block" | "get_block_txs" | "block_txs" | "relay_mode";

const sealedHeader = fixedField(sealedHeaderBytes);
const carried = bytesField(0, certificateBytesOf(chainLimits.validatorsMax));
const salt = fixedField(saltBytes);
const shortIds = new BinField(shortIdBytes, 0, chainLimits.blockTransactionsMax);
const prefilled = bytesField(0, relayLimits.prefilledBytesMax);
const txIndexes = new BinField(txIndexBytes, 1, chainLimits.blockTransactionsMax);
const transactions = bytesField(
  chainLimits.transactionHeadBytes + chainLimits.sealBytes,
  relayLimits.blockTxsBytesMax,
);

export const compactFields: { readonly [T in CompactType]: MessageShape<T> } = {
  compact_block: {
    count: 5,
    size: (m) =>
      sealedHeader.size(m.header) +
      carried.size(m.certificate) +
      salt.size(m.salt) +
      shortIds.size(m.shortIds) +
      prefilled.size(m.prefilled),
    write: (w, m) => {
      sealedHeader.write(w, m.header);
      carried.write(w, m.certificate);
      salt.write(w, m.salt);
      shortIds.write(w, m.shortIds);
      prefilled.write(w, m.prefilled);
    },
    read: (r) => {
      const header = sealedHeader.read(r);
      const certificate = carried.read(r);
      const fields = { salt: salt.read(r), shortIds: shortIds.read(r) };
      const list = prefilled.read(r);
      const known = faultless(list, prefilledFault(list));
      return { type: "compact_block", header, certificate, ...fields, prefilled: known };
    },
  },
  get_block_txs: {
    count: 2,
    size: (m) => hashField.size(m.hash) + txIndexes.size(m.indexes),
    write: (w, m) => {
      hashField.write(w, m.hash);
      txIndexes.write(w, m.indexes);
    },
    read: (r) => {
      const hash = hashField.read(r);
      const list = txIndexes.read(r);
      return { type: "get_block_txs", hash, indexes: faultless(list, indexesFault(list)) };
    },
  },
  block_txs: {
    count: 2,
    size: (m) => hashField.size(m.hash) + transactions.size(m.transactions),
    write: (w, m) => {
      hashField.write(w, m.hash);
      transactions.write(w, m.transactions);
    },
    read: (r) => ({
      type: "block_txs",
      hash: hashField.read(r),
      transactions: transactions.read(r),
    }),
  },
  relay_mode: {
    count: 1,
    size: (m) => boolField.size(m.push),
    write: (w, m) => boolField.write(w, m.push),
    read: (r) => ({ type: "relay_mode", push: boolField.read(r) }),
  },
};
