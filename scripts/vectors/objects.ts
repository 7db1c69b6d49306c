/** Transactions, headers and bodies. */
import { concatBytes, emptyBytes, u32Bytes } from "../../src/base/bytes.ts";
import { decodeBody, encodeBody } from "../../src/model/block.ts";
import { decodeSealedHeader, type HeaderFields, sealPreimage } from "../../src/model/header.ts";
import { addressOf } from "../../src/model/ids.ts";
import { merkleRoot } from "../../src/model/merkle.ts";
import { decodeTransaction, preimageOf, type Transaction } from "../../src/model/transaction.ts";
import {
  fill,
  genesisHash,
  hex,
  pattern,
  ruleCodeOf,
  type VectorFile,
  withByte,
} from "./inputs.ts";
import { certificate, sealedOf, transfer } from "./signed.ts";

export function transactionsFile(): VectorFile {
  const most = 2n ** 64n - 1n;
  const samples: readonly (readonly [string, Transaction])[] = [
    ["typical", transfer(0, { nonce: 7n, fee: 25n, validUntilSlot: 5_000, amount: 123_456n })],
    ["least", transfer(0, { fee: 0n, amount: 0n, to: addressOf(fill(0)) })],
    [
      "most of every field",
      transfer(1, {
        type: 65_535,
        nonce: most,
        fee: most,
        amount: most,
        validUntilSlot: Number.MAX_SAFE_INTEGER,
        to: addressOf(fill(0xff)),
      }),
    ],
    ["with a payload", transfer(2, { payload: pattern(300) })],
  ];
  const good = samples[3]![1].bytes;
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["167 bytes", good.subarray(0, 167)],
    ["a byte missing", good.subarray(0, -1)],
    ["a byte more", concatBytes(good, fill(0, 1))],
    ["payload length one less", withByte(good, 103, good[103]! - 1)],
    ["payload length of 4 GiB", withByte(good, 100, 0xff)],
    ["reserved byte 2", withByte(good, 2, 1)],
    ["reserved byte 3", withByte(good, 3, 1)],
    ["validUntilSlot 2^53", withByte(good, 53, 0x20)],
  ];
  return {
    name: "transactions",
    description: "Signed transactions of the vectors' network, and bytes that are none.",
    spec: "protocol-spec/05-objects §2",
    cases: [
      ...samples.map(([name, t]) => ({
        name,
        kind: "transaction",
        genesisHash: hex(genesisHash),
        bytes: hex(t.bytes),
        type: t.type,
        sender: t.sender,
        from: t.from,
        nonce: t.nonce.toString(),
        fee: t.fee.toString(),
        validUntilSlot: t.validUntilSlot,
        to: t.to,
        amount: t.amount.toString(),
        payload: hex(t.payload),
        preimage: hex(preimageOf(t, genesisHash)),
        signature: hex(t.signature),
        id: t.id,
      })),
      ...wrong.map(([name, bytes]) => ({
        name,
        kind: "transaction",
        bytes: hex(bytes),
        error: ruleCodeOf(decodeTransaction(bytes)),
      })),
      {
        name: "65,537 bytes",
        kind: "transaction-size",
        bytesMax: 65_536,
        error: ruleCodeOf(decodeTransaction(fill(0, 65_537))),
      },
    ],
  };
}

export function headersFile(): VectorFile {
  const safeMax = Number.MAX_SAFE_INTEGER;
  const samples: readonly (readonly [string, Partial<HeaderFields>])[] = [
    ["typical", {}],
    [
      "height, slots and time at their most",
      { height: safeMax, slot: safeMax, timestampMs: safeMax, justifiedSlot: safeMax },
    ],
    [
      "fields that version 1 refuses in a chain, and still decodes",
      { version: 2, engine: 1, txCount: 0xffffffff, bodyBytes: 0xffffffff, extra: fill(1, 24) },
    ],
  ];
  const good = sealedOf({});
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["419 bytes", good.subarray(0, 419)],
    ["421 bytes", concatBytes(good, fill(0, 1))],
    ["height 2^53", withByte(good, 9, 0x20)],
    ["slot 2^53", withByte(good, 17, 0x20)],
    ["time 2^53", withByte(good, 25, 0x20)],
    ["justified slot 2^53", withByte(good, 193, 0x20)],
  ];
  return {
    name: "headers",
    description: "Sealed headers (header 356, seal 64), their hashes and seals.",
    spec: "protocol-spec/05-objects §1",
    cases: [
      ...samples.map(([name, fields]) => {
        const bytes = sealedOf(fields);
        const sealed = decodeSealedHeader(bytes);
        if ("code" in sealed) throw new Error(sealed.detail);
        const { header } = sealed;
        const shown = Object.entries(header).map(([key, value]) => [
          key,
          value instanceof Uint8Array ? hex(value) : value,
        ]);
        const preimage = hex(sealPreimage(genesisHash, header.hash));
        const { bytes: _, ...rest } = Object.fromEntries(shown);
        return {
          name,
          kind: "header",
          genesisHash: hex(genesisHash),
          bytes: hex(bytes),
          ...rest,
          sealPreimage: preimage,
        };
      }),
      ...wrong.map(([name, bytes]) => ({
        name,
        kind: "header",
        bytes: hex(bytes),
        error: ruleCodeOf(decodeSealedHeader(bytes)),
      })),
    ],
  };
}

export function bodiesFile(): VectorFile {
  const transactions = [transfer(0, {}), transfer(0, { nonce: 1n, payload: pattern(9) })];
  const bodies: readonly (readonly [string, Uint8Array])[] = [
    ["empty", encodeBody(emptyBytes, [])],
    ["two transactions", encodeBody(emptyBytes, transactions)],
    ["a certificate and a transaction", encodeBody(certificate().bytes, [transactions[0]!])],
  ];
  const two = bodies[1]![1];
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["no bytes", emptyBytes],
    ["3 bytes", fill(0, 3)],
    ["certificate beyond the end", concatBytes(u32Bytes(5), fill(0, 4))],
    ["cut transaction", two.subarray(0, -1)],
    ["a byte more", concatBytes(two, fill(0, 1))],
    ["a transaction with a reserved byte set", withByte(two, 6, 1)],
  ];
  return {
    name: "bodies",
    description: "Block bodies and their transaction roots.",
    spec: "protocol-spec/05-objects §3",
    cases: [
      ...bodies.map(([name, bytes]) => {
        const body = decodeBody(bytes);
        if ("code" in body) throw new Error(body.detail);
        return {
          name,
          kind: "body",
          bytes: hex(bytes),
          certificate: hex(body.certificate),
          transactionIds: body.transactions.map(({ id }) => id),
          txRoot: hex(merkleRoot(body.transactions.map((t) => t.bytes))),
        };
      }),
      ...wrong.map(([name, bytes]) => ({
        name,
        kind: "body",
        bytes: hex(bytes),
        error: ruleCodeOf(decodeBody(bytes)),
      })),
    ],
  };
}
