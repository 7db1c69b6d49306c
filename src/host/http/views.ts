/**
 * Blocks, proofs, transactions, changes of the validators and peers as JSON: ids and bytes in lower-case hex, amounts and nonces as
 * decimal strings (a JSON number loses digits above 2^53), heights, slots and times as numbers.
 */
import { toHex } from "../../base/bytes.ts";
import type { Proposal, SetChange } from "../../chain/registry.ts";
import type { Body } from "../../model/block.ts";
import { evidenceSlot } from "../../model/evidence.ts";
import type { ProposedChange } from "../../model/governance.ts";
import type { Transaction } from "../../model/transaction.ts";
import type { BanView } from "../../net/conduct/ban-list.ts";
import type { EvidenceView, Queries } from "../../node/queries.ts";
import type { FoundBlock, FoundProof } from "../chain-reader.ts";

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

/** Header and certificate are the bytes that `verifyFinality` takes. */
export function proofView({ height, hash, header, certificate, certified }: FoundProof) {
  return {
    height,
    hash,
    header: toHex(header),
    certificate: toHex(certificate),
    validators: {
      hash: toHex(certified.validatorsHash),
      count: certified.validatorCount,
      signed: certified.signers.length,
    },
  };
}

/** `rank`: where it shall stand; null for last, and in every removal. */
function proposedView({ action, validator, rank, force }: ProposedChange) {
  return { action, validator, rank: rank ?? null, force };
}

export function changeView(change: SetChange) {
  return { ...proposedView(change), fromEvidence: change.fromEvidence };
}

export function proposalView(proposal: Proposal) {
  const { id, proposer, slot, approvals } = proposal;
  return { id, ...proposedView(proposal), proposer, slot, approvals };
}

const kinds = { 1: "double-seal", 2: "double-vote", 3: "surround" } as const;

/** `hex`: the whole piece, to be checked by anybody with the genesis hash. */
export function evidenceView({ evidence, included }: EvidenceView) {
  const { type, validator, bytes } = evidence;
  return {
    validator,
    kind: kinds[type],
    slot: evidenceSlot(evidence),
    included,
    hex: toHex(bytes),
  };
}

/** `untilMs` and `leftMs` are null for a ban that stands until it is lifted. */
export function banView({ type, value, reason, by, sinceMs, untilMs, leftMs }: BanView) {
  return { type, value, reason, by, sinceMs, untilMs: untilMs ?? null, leftMs: leftMs ?? null };
}

/** Absent members are null, so that every peer has the same ones. */
export function peerView(peer: ReturnType<Queries["peers"]>[number]) {
  return {
    nodeId: peer.nodeId ?? null,
    address: peer.address,
    direction: peer.inbound ? "inbound" : "outbound",
    state: peer.state,
    manual: peer.manual,
    validator: peer.validator,
    agent: peer.agent ?? null,
    height: peer.height ?? null,
    connectedAt: peer.connectedAt ?? null,
    pingMs: peer.pingMs ?? null,
    bytesReceived: peer.bytesReceived,
    bytesSent: peer.bytesSent,
    score: peer.score,
    asn: peer.asn ?? null,
    country: peer.country ?? null,
    /** What it says that it verified: a claim. */
    verified: peer.verified ?? null,
  };
}
