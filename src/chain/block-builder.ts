/**
 * The next block on a head, without its seal. NOT the decision to seal, nor the choice and order
 * of candidates (the mempool's). protocol-spec/06-validation §3.
 */
import { emptyBytes } from "../base/bytes.ts";
import { encodeBody } from "../model/block.ts";
import { type Certificate, certificateHash } from "../model/certificate.ts";
import { encodeHeader, type Header, headerVersion } from "../model/header.ts";
import type { PublicKey } from "../model/ids.ts";
import { merkleRoot } from "../model/merkle.ts";
import { type NetworkFile, slotStartMs } from "../model/network-file.ts";
import type { Transaction } from "../model/transaction.ts";
import { chainLimits } from "../params/limits.ts";
import { basisOf, type Recovered } from "./recoveries.ts";
import type { Applied, StateMachine } from "./state-machine.ts";

export interface UnsealedBlock {
  readonly header: Header;
  readonly body: Uint8Array;
  /** In the body; empty: none. */
  readonly certificate: Uint8Array;
  /** What it does: set aside in the state. */
  readonly applied: Applied;
}

export interface BlockIntent {
  readonly slot: number;
  readonly sealer: PublicKey;
  readonly candidates: readonly Transaction[];
  readonly certificate: Certificate | undefined;
  /** Signers of `certificate`. */
  readonly voters: readonly PublicKey[];
  /** Of the highest block that is final by this one. */
  readonly finalHeight: number;
  /** The parent is the block of a recovery. */
  readonly recovered?: Recovered | undefined;
}

/** `state` is that after `parent`, and is so again on return. */
export function buildBlock(
  state: StateMachine,
  file: NetworkFile,
  parent: Header,
  intent: BlockIntent,
): UnsealedBlock {
  const { slot, sealer, candidates, certificate, voters, finalHeight, recovered } = intent;
  const height = parent.height + 1;
  const basis = basisOf(parent, recovered);
  const carried = certificate?.bytes ?? emptyBytes;
  const bytesMax = chainLimits.blockBodyBytesMax - 4 - carried.length;
  const few = candidates.slice(0, chainLimits.blockTransactionsMax);
  const context = {
    height,
    slot,
    sealer,
    finalizedHeight: finalHeight,
    voters,
    recoveredSet: recovered?.set,
  };
  const applied = state.applyPossible(context, few, bytesMax);
  state.setAside(applied);
  const body = encodeBody(carried, applied.included);
  const header = encodeHeader({
    version: headerVersion,
    engine: 0,
    txCount: applied.included.length,
    height,
    slot,
    timestampMs: slotStartMs(file, slot),
    parentHash: parent.hash,
    stateRoot: applied.stateRoot,
    txRoot: merkleRoot(applied.included.map((transaction) => transaction.bytes)),
    receiptsRoot: applied.receiptsRoot,
    certHash: certificate === undefined ? new Uint8Array(32) : certificateHash(carried),
    justifiedSlot: certificate?.data.targetSlot ?? basis.justifiedSlot,
    justifiedHash: certificate?.data.targetHash ?? basis.justifiedHash,
    validatorsHash: basis.validatorsHash,
    nextValidatorsHash: applied.nextValidatorsHash,
    sealer,
    bodyBytes: body.length,
    extra: new Uint8Array(24),
  });
  return { header, body, certificate: carried, applied };
}
