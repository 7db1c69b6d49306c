/**
 * The fields of every message: how many bytes they take, how they are written, how they are read,
 * side by side. Lengths and ranges here are the protocol's; meaning is for whoever handles the
 * message. NOT the array header and the type number, which are alike for all (`codec.ts`).
 * Invariant: what `write` takes, `read` gives back, and `size` is what `write` wrote.
 * protocol-spec/04-messages §2.
 */
import { attestationBytes } from "../model/attestation.ts";
import { certificateBytesOf } from "../model/certificate.ts";
import { voteBytes, voteDataBytes } from "../model/vote.ts";
import {
  chainLimits,
  connectionLimits,
  relayLimits,
  syncLimits,
  wireLimits,
} from "../params/limits.ts";
import { addressEntriesFault } from "./address.ts";
import { compactFields } from "./compact-fields.ts";
import { WireError } from "./errors.ts";
import {
  BinField,
  bytesField,
  faultless,
  fixedField,
  hashField,
  namesOf,
  printable,
  TextField,
  UintField,
  u32Field,
  u53Field,
} from "./field.ts";
import type { MessageShape } from "./message-shape.ts";
import {
  addressEntryBytes,
  disconnectNumbers,
  inventoryItemBytes,
  inventoryKinds,
  type MessageType,
  sealedHeaderBytes,
} from "./messages.ts";
import { verifiedFields } from "./verified-fields.ts";

type PingType = "ping" | "pong";
type ItemsType = "inv" | "get_data" | "not_found";

const signatureBytes = 64;

const nonce = fixedField(8);
const disconnectCode = new UintField(1, 0x7f);
const reason = new TextField(wireLimits.reasonBytesMax);
const peersCount = new UintField(1, connectionLimits.addressesPerMessageMax);
const entries = new BinField(addressEntryBytes, 0, connectionLimits.addressesPerMessageMax);
const items = new BinField(inventoryItemBytes, 1, relayLimits.inventoryPerMessageMax);
const locator = new BinField(32, 1, syncLimits.locatorMax);
const headersCount = new UintField(1, syncLimits.headersPerMessageMax);
const headers = new BinField(sealedHeaderBytes, 0, syncLimits.headersPerMessageMax);
const hashes = new BinField(32, 1, syncLimits.blocksPerRequestMax);
const sealedHeader = fixedField(sealedHeaderBytes);
/** At least the length of an absent certificate. */
const body = bytesField(4, chainLimits.blockBodyBytesMax);
const transaction = bytesField(
  chainLimits.transactionHeadBytes + signatureBytes,
  chainLimits.transactionBytesMax,
);
const vote = fixedField(voteBytes);
const attestation = fixedField(attestationBytes);
/** The least: of one validator. The most: all of the largest set signed. */
const certificate = bytesField(
  certificateBytesOf(1),
  certificateBytesOf(chainLimits.validatorsMax),
);
/** The least: of two votes. The most: of two headers. */
const evidence = bytesField(
  evidenceBytes(voteDataBytes + signatureBytes),
  evidenceBytes(sealedHeaderBytes),
);

const disconnectNames = namesOf(disconnectNumbers);

function pingFields<T extends PingType>(type: PingType & T): MessageShape<T> {
  const fields: MessageShape<PingType> = {
    count: 2,
    size: (m) => nonce.size(m.nonce) + u53Field.size(m.sentAtMs),
    write: (w, m) => {
      nonce.write(w, m.nonce);
      u53Field.write(w, m.sentAtMs);
    },
    read: (r) => ({ type, nonce: nonce.read(r), sentAtMs: u53Field.read(r) }),
  };
  return fields as unknown as MessageShape<T>;
}

function itemsFields<T extends ItemsType>(type: ItemsType & T): MessageShape<T> {
  const fields: MessageShape<ItemsType> = {
    count: 1,
    size: (m) => items.size(m.items),
    write: (w, m) => items.write(w, m.items),
    read: (r) => ({ type, items: knownKinds(items.read(r), type) }),
  };
  return fields as unknown as MessageShape<T>;
}

/** A kind that was not negotiated is a violation, like an unknown type. */
function knownKinds(list: Uint8Array, type: ItemsType): Uint8Array {
  // Nobody has a compact block: it is a way to send one.
  const kindMax = type === "inv" ? inventoryKinds.block : inventoryKinds.compact;
  for (let at = 0; at < list.length; at += inventoryItemBytes) {
    const kind = list[at] ?? 0;
    if (kind < inventoryKinds.transaction || kind > kindMax) {
      throw new WireError("bad-field", `inventory kind ${kind}`);
    }
  }
  return list;
}

/** 05-objects §6, of two messages of this length. */
function evidenceBytes(messageBytes: number): number {
  return 1 + 32 + 2 * (2 + messageBytes);
}

/** A reason is for people and must never stop a goodbye: it is made to fit, not asserted. */
const reasonOf = (text: string): string => printable(text, wireLimits.reasonBytesMax);

export const messageFields: { readonly [T in MessageType]: MessageShape<T> } = {
  ping: pingFields("ping"),
  pong: pingFields("pong"),
  disconnect: {
    count: 2,
    size: (m) => disconnectCode.size(disconnectNumbers[m.code]) + reason.size(reasonOf(m.text)),
    write: (w, m) => {
      disconnectCode.write(w, disconnectNumbers[m.code]);
      reason.write(w, reasonOf(m.text));
    },
    read: (r) => {
      const code = disconnectNames[disconnectCode.read(r)];
      if (code === undefined) throw new WireError("bad-field", "unknown code of disconnect");
      return { type: "disconnect", code, text: reason.read(r) };
    },
  },
  credit: {
    count: 1,
    size: (m) => u53Field.size(m.totalBytes),
    write: (w, m) => u53Field.write(w, m.totalBytes),
    read: (r) => ({ type: "credit", totalBytes: u53Field.read(r) }),
  },
  get_peers: {
    count: 1,
    size: (m) => peersCount.size(m.count),
    write: (w, m) => peersCount.write(w, m.count),
    read: (r) => ({ type: "get_peers", count: peersCount.read(r) }),
  },
  peers: {
    count: 1,
    size: (m) => entries.size(m.entries),
    write: (w, m) => entries.write(w, m.entries),
    read: (r) => {
      const list = entries.read(r);
      return { type: "peers", entries: faultless(list, addressEntriesFault(list)) };
    },
  },
  inv: itemsFields("inv"),
  get_data: itemsFields("get_data"),
  not_found: itemsFields("not_found"),
  get_headers: {
    count: 4,
    size: (m) =>
      u32Field.size(m.request) +
      locator.size(m.locator) +
      hashField.size(m.stop) +
      headersCount.size(m.count),
    write: (w, m) => {
      u32Field.write(w, m.request);
      locator.write(w, m.locator);
      hashField.write(w, m.stop);
      headersCount.write(w, m.count);
    },
    read: (r) => ({
      type: "get_headers",
      request: u32Field.read(r),
      locator: locator.read(r),
      stop: hashField.read(r),
      count: headersCount.read(r),
    }),
  },
  headers: {
    count: 2,
    size: (m) => u32Field.size(m.request) + headers.size(m.headers),
    write: (w, m) => {
      u32Field.write(w, m.request);
      headers.write(w, m.headers);
    },
    read: (r) => ({ type: "headers", request: u32Field.read(r), headers: headers.read(r) }),
  },
  get_blocks: {
    count: 2,
    size: (m) => u32Field.size(m.request) + hashes.size(m.hashes),
    write: (w, m) => {
      u32Field.write(w, m.request);
      hashes.write(w, m.hashes);
    },
    read: (r) => ({ type: "get_blocks", request: u32Field.read(r), hashes: hashes.read(r) }),
  },
  block_body: {
    count: 3,
    size: (m) =>
      u32Field.size(m.request) +
      hashField.size(m.hash) +
      (m.body === undefined ? 1 : body.size(m.body)),
    write: (w, m) => {
      u32Field.write(w, m.request);
      hashField.write(w, m.hash);
      if (m.body === undefined) w.nil();
      else body.write(w, m.body);
    },
    read: (r) => ({
      type: "block_body",
      request: u32Field.read(r),
      hash: hashField.read(r),
      body: r.takeNil() ? undefined : body.read(r),
    }),
  },
  new_block: {
    count: 2,
    size: (m) => sealedHeader.size(m.header) + body.size(m.body),
    write: (w, m) => {
      sealedHeader.write(w, m.header);
      body.write(w, m.body);
    },
    read: (r) => ({ type: "new_block", header: sealedHeader.read(r), body: body.read(r) }),
  },
  new_transaction: {
    count: 1,
    size: (m) => transaction.size(m.transaction),
    write: (w, m) => transaction.write(w, m.transaction),
    read: (r) => ({ type: "new_transaction", transaction: transaction.read(r) }),
  },
  vote: {
    count: 1,
    size: (m) => vote.size(m.vote),
    write: (w, m) => vote.write(w, m.vote),
    read: (r) => ({ type: "vote", vote: vote.read(r) }),
  },
  certificate: {
    count: 1,
    size: (m) => certificate.size(m.certificate),
    write: (w, m) => certificate.write(w, m.certificate),
    read: (r) => ({ type: "certificate", certificate: certificate.read(r) }),
  },
  evidence: {
    count: 1,
    size: (m) => evidence.size(m.evidence),
    write: (w, m) => evidence.write(w, m.evidence),
    read: (r) => ({ type: "evidence", evidence: evidence.read(r) }),
  },
  attest: {
    count: 1,
    size: (m) => attestation.size(m.attestation),
    write: (w, m) => attestation.write(w, m.attestation),
    read: (r) => ({ type: "attest", attestation: attestation.read(r) }),
  },
  ...compactFields,
  ...verifiedFields,
};
