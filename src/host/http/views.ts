/**
 * Blocks, transactions and peers as JSON: ids and bytes in lower-case hex, amounts and nonces as
 * decimal strings (a JSON number loses digits above 2^53), heights, slots and times as numbers.
 */
import { toHex } from "../../base/bytes.ts";
import type { Body } from "../../model/block.ts";
import type { Transaction } from "../../model/transaction.ts";
import type { Queries } from "../../node/queries.ts";
import type { FoundBlock } from "../chain-reader.ts";

/** Header fields and standing, without transactions. */
export function headerView({ sealed, status, validation, confirmations }: FoundBlock) {
  const { header, seal } = sealed;
  return {
    hash: header.hash,
    height: header.height,
    slot: header.slot,
    timestampMs: header.timestampMs,
    status,
    validation,
    confirmations,
    version: header.version,
    engine: header.engine,
    parentHash: header.parentHash,
    sealer: header.sealer,
    seal: toHex(seal),
    txCount: header.txCount,
    bodyBytes: header.bodyBytes,
    stateRoot: toHex(header.stateRoot),
    txRoot: toHex(header.txRoot),
    receiptsRoot: toHex(header.receiptsRoot),
    certHash: toHex(header.certHash),
    justifiedSlot: header.justifiedSlot,
    justifiedHash: header.justifiedHash,
    validatorsHash: toHex(header.validatorsHash),
    nextValidatorsHash: toHex(header.nextValidatorsHash),
    extra: toHex(header.extra),
  };
}

/** `certificate` and `transactions` are null while only the header has come. */
export function blockView(block: FoundBlock, body: Body | undefined) {
  return {
    ...headerView(block),
    certificate: body === undefined ? null : toHex(body.certificate),
    transactions: body?.transactions.map(transactionView) ?? null,
  };
}

export function transactionView(transaction: Transaction) {
  return {
    id: transaction.id,
    type: transaction.type,
    from: transaction.from,
    sender: transaction.sender,
    to: transaction.to,
    amount: transaction.amount.toString(),
    fee: transaction.fee.toString(),
    nonce: transaction.nonce.toString(),
    validUntilSlot: transaction.validUntilSlot,
    payload: toHex(transaction.payload),
    signature: toHex(transaction.signature),
    size: transaction.bytes.length,
  };
}

/** Absent members are null, so that every peer has the same ones. */
export function peerView(peer: ReturnType<Queries["peers"]>[number]) {
  return {
    nodeId: peer.nodeId ?? null,
    address: peer.address,
    direction: peer.inbound ? "inbound" : "outbound",
    state: peer.state,
    manual: peer.manual,
    agent: peer.agent ?? null,
    height: peer.height ?? null,
    connectedAt: peer.connectedAt ?? null,
    pingMs: peer.pingMs ?? null,
    bytesReceived: peer.bytesReceived,
    bytesSent: peer.bytesSent,
    score: peer.score,
  };
}
