/**
 * The block that no one seals. It commits to the whole network file through its state root, so its
 * hash is the identity of the chain. protocol-spec/05-objects §9.
 */
import { emptyBytes } from "../base/bytes.ts";
import { encodeBody } from "../model/block.ts";
import { encodeHeader, headerVersion, type SealedHeader } from "../model/header.ts";
import { blockHashOf, publicKeyOf } from "../model/ids.ts";
import { merkleRoot } from "../model/merkle.ts";
import type { NetworkFile } from "../model/network-file.ts";
import { receiptsRoot } from "../model/receipt.ts";
import { validatorsHash } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import { zeroHash } from "./account.ts";
import type { StateMachine } from "./state-machine.ts";

/** No certificate, no transactions: 4 bytes. */
export const genesisBody: Uint8Array = encodeBody(emptyBytes, []);

/** The genesis header of `file`; fills `state` with the genesis state. */
export function genesisBlock(file: NetworkFile, state: StateMachine): SealedHeader {
  state.genesis(file);
  const setHash = validatorsHash(state.validators());
  const header = encodeHeader({
    version: headerVersion,
    engine: 0,
    txCount: 0,
    height: 0,
    slot: 0,
    timestampMs: file.genesisTimeMs,
    parentHash: blockHashOf(zeroHash),
    stateRoot: state.root,
    txRoot: merkleRoot([]),
    receiptsRoot: receiptsRoot([]),
    certHash: zeroHash,
    justifiedSlot: 0,
    justifiedHash: blockHashOf(zeroHash),
    validatorsHash: setHash,
    nextValidatorsHash: setHash,
    sealer: publicKeyOf(zeroHash),
    bodyBytes: genesisBody.length,
    extra: new Uint8Array(24),
  });
  return { header, seal: new Uint8Array(chainLimits.sealBytes) };
}
