/** Blocks on top of a valid chain, each with one rule broken, and the code it must be refused with. */
import { concatBytes, emptyBytes } from "../../src/base/bytes.ts";
import { buildBlock } from "../../src/chain/block-builder.ts";
import type { Ledger } from "../../src/chain/ledger.ts";
import {
  checkHeaderAfter,
  checkHeaderAlone,
  checkResult,
  checkSeal,
  checkSealer,
  checkSignatures,
  matchBody,
} from "../../src/chain/rules.ts";
import { firstBadSignature } from "../../src/chain/verify-body.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { encodeBody } from "../../src/model/block.ts";
import {
  encodeHeader,
  encodeSealedHeader,
  type Header,
  type HeaderFields,
  type SealedHeader,
} from "../../src/model/header.ts";
import { merkleRoot } from "../../src/model/merkle.ts";
import { slotStartMs } from "../../src/model/network-file.ts";
import { leaderOf } from "../../src/model/validator-set.ts";
import {
  digestOf,
  fill,
  flipped,
  genesisHash,
  hex,
  network,
  type VectorCase,
  validatorKeys,
} from "./inputs.ts";
import { seal, transfer } from "./signed.ts";

/** By the rules in the order of 06-validation; undefined: valid. The state is left as it was. */
function codeOf(
  ledger: Ledger,
  parent: Header,
  sealed: SealedHeader,
  bytes: Uint8Array,
): string | undefined {
  const { header } = sealed;
  const broken =
    checkHeaderAlone(header, network, header.timestampMs) ??
    checkSealer(header, validatorKeys) ??
    checkHeaderAfter(header, parent) ??
    checkSeal(sealed, genesisHash, ed25519);
  if (broken !== undefined) return broken.code;
  const body = matchBody(header, bytes);
  if ("code" in body) return body.code;
  const unsigned = checkSignatures(firstBadSignature(ed25519, genesisHash, bytes));
  if (unsigned !== undefined) return unsigned.code;
  const applied = ledger.apply(header, body.transactions);
  if ("code" in applied) return applied.code;
  ledger.undo(applied.changes);
  return checkResult(header, applied)?.code;
}

export function refusedBlocks(ledger: Ledger, parent: Header): VectorCase[] {
  const slot = parent.slot + 1;
  const sealer = leaderOf(validatorKeys, slot);
  const candidates = [transfer(0, { nonce: 2n }), transfer(0, { nonce: 3n, amount: 11n })];
  const good = buildBlock(ledger, network, parent, { slot, sealer, candidates });
  const two = candidates.map((transaction) => transaction.bytes);
  const resealed = (fields: Partial<HeaderFields>): SealedHeader => {
    const header = encodeHeader({ ...good.header, ...fields });
    const rank = Math.max(0, validatorKeys.indexOf(header.sealer));
    return { header, seal: seal(header, rank) };
  };
  const other = leaderOf(validatorKeys, slot + 1);
  const later = (at: number) => ({
    slot: at,
    timestampMs: slotStartMs(network, at),
    sealer: leaderOf(validatorKeys, at),
  });
  const headers: readonly (readonly [string, Partial<HeaderFields>])[] = [
    ["version 2", { version: 2 }],
    ["engine 1", { engine: 1 }],
    ["extra not zero", { extra: fill(1, 24) }],
    ["body of 3 bytes", { bodyBytes: 3 }],
    ["body of 1,048,577 bytes", { bodyBytes: 1_048_577 }],
    ["10,001 transactions", { txCount: 10_001 }],
    ["a millisecond late", { timestampMs: good.header.timestampMs + 1 }],
    ["sealed by another", { sealer: other }],
    ["height of the parent", { height: parent.height }],
    ["slot of the parent", later(parent.slot)],
    ["slot before the parent's", later(parent.slot - 1)],
    ["a certificate hash", { certHash: digestOf("certificate") }],
    ["another checkpoint", { justifiedSlot: 1 }],
    ["another state root", { stateRoot: digestOf("state") }],
    ["another receipts root", { receiptsRoot: digestOf("receipts") }],
    ["another next set", { nextValidatorsHash: digestOf("set") }],
    ["another transaction root", { txRoot: digestOf("root") }],
    ["another transaction count", { txCount: 1 }],
    ["another body length", { bodyBytes: good.body.length + 1 }],
  ];
  const unsigned = flipped(two[1]!, -1);
  const forged = encodeBody(emptyBytes, [candidates[0]!, { ...candidates[1]!, bytes: unsigned }]);
  const swapped = encodeBody(emptyBytes, candidates.toReversed());
  const bodies: readonly (readonly [string, SealedHeader, Uint8Array])[] = [
    ["a seal of another key", { ...resealed({}), seal: seal(good.header, 3) }, good.body],
    ["a seal changed", { ...resealed({}), seal: flipped(resealed({}).seal, 40) }, good.body],
    ["a body changed", resealed({}), flipped(good.body, -1)],
    ["transactions exchanged", resealed({}), swapped],
    ["a forged transaction", resealed({ txRoot: merkleRoot([two[0]!, unsigned]) }), forged],
    [
      "transactions in an order that is not valid",
      resealed({ txRoot: merkleRoot(two.toReversed()) }),
      swapped,
    ],
    ["a certificate that the header does not name", ...withCertificate(resealed, good.body)],
  ];
  const all = [
    ...headers.map(([name, fields]) => [name, resealed(fields), good.body] as const),
    ...bodies,
  ];
  return all.map(([name, sealed, body]) => {
    const error = codeOf(ledger, parent, sealed, body);
    if (error === undefined) throw new Error(`${name}: valid`);
    const header = hex(encodeSealedHeader(sealed));
    return {
      name: `refused block: ${name}`,
      kind: "refused-block",
      header,
      body: hex(body),
      error,
    };
  });
}

function withCertificate(
  resealed: (fields: Partial<HeaderFields>) => SealedHeader,
  body: Uint8Array,
): readonly [SealedHeader, Uint8Array] {
  const longer = concatBytes(Uint8Array.of(0, 0, 0, 2, 1, 2), body.subarray(4));
  return [resealed({ bodyBytes: longer.length }), longer];
}
