/** Blocks on top of a valid chain, each with one rule broken, and the code it must be refused with. */
import { concatBytes, emptyBytes } from "../../src/base/bytes.ts";
import { buildBlock } from "../../src/chain/block-builder.ts";
import { ChainManager } from "../../src/chain/chain-manager.ts";
import { firstBad } from "../../src/chain/first-bad.ts";
import type { ChainPort, Imported } from "../../src/chain/imported.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import type { Job, Ticket } from "../../src/edge/conn.ts";
import { emptyImage } from "../../src/edge/store-image.ts";
import { encodeBody } from "../../src/model/block.ts";
import type { Certificate } from "../../src/model/certificate.ts";
import {
  encodeHeader,
  encodeSealedHeader,
  type HeaderFields,
  type SealedHeader,
} from "../../src/model/header.ts";
import { blockHashOf } from "../../src/model/ids.ts";
import { merkleRoot } from "../../src/model/merkle.ts";
import { slotStartMs } from "../../src/model/network-file.ts";
import { leaderOf } from "../../src/model/validator-set.ts";
import { digestOf, fill, flipped, hex, network, type VectorCase } from "./inputs.ts";
import { transfer } from "./signed.ts";
import { certificateFor, finalHeightBy, sealOf, type ToldBlock } from "./story.ts";

/** What a chain that holds `told` says of the block; undefined: it takes it. */
function codeOf(
  told: readonly ToldBlock[],
  sealed: SealedHeader,
  body: Uint8Array,
): string | undefined {
  let tickets = 0;
  const verdicts: { readonly job: Job; readonly firstBad: number }[] = [];
  const port: ChainPort = {
    persist: () => ++tickets as Ticket,
    verify: (check) => {
      const job = (verdicts.length + 1) as Job;
      verdicts.push({ job, firstBad: firstBad(ed25519, check) });
      return job;
    },
    notify: () => undefined,
    onHeader: () => undefined,
  };
  const env = {
    clock: { monotonicMs: 0, wallMs: slotStartMs(network, 1_000) },
    random: { below: () => 0, bytes: (count: number) => new Uint8Array(count) },
    signatures: ed25519,
  };
  const chain = new ChainManager(env, port, network, new Ledger(network), emptyImage);
  const take = (block: SealedHeader, bytes: Uint8Array): Imported[] => {
    const from = verdicts.length;
    const results = chain.importBlock(block, bytes, undefined);
    for (const { job, firstBad } of verdicts.slice(from)) {
      results.push(...chain.onVerified(job, firstBad));
    }
    return results;
  };
  for (const each of told.slice(1)) take(each, each.body);
  if (chain.head.hash !== told.at(-1)!.header.hash) throw new Error("the story is valid");
  const rejected = take(sealed, body).find((result) => result.type === "rejected");
  return rejected?.rejection.code;
}

type Resealed = (fields: Partial<HeaderFields>) => SealedHeader;
type Bad = readonly [string, SealedHeader, Uint8Array];

export function refusedBlocks(ledger: Ledger, told: readonly ToldBlock[]): VectorCase[] {
  const parent = told.at(-1)!.header;
  const { finalHeight } = told.at(-1)!;
  const slot = parent.slot + 1;
  const set = ledger.validators();
  const sealer = leaderOf(set, slot);
  const candidates = [transfer(0, { nonce: 2n }), transfer(0, { nonce: 3n, amount: 11n })];
  const plain = { slot, sealer, certificate: undefined, voters: [], finalHeight };
  const good = buildBlock(ledger, network, parent, { ...plain, candidates });
  const two = candidates.map((transaction) => transaction.bytes);
  const resealed: Resealed = (fields) => {
    const header = encodeHeader({ ...good.header, ...fields });
    return { header, seal: sealOf(header) };
  };
  const later = (at: number) => ({
    slot: at,
    timestampMs: slotStartMs(network, at),
    sealer: leaderOf(set, at),
  });
  const claim = { justifiedSlot: parent.slot, justifiedHash: parent.hash };
  const named = digestOf("certificate");
  const headers: readonly (readonly [string, Partial<HeaderFields>])[] = [
    ["version 2", { version: 2 }],
    ["engine 1", { engine: 1 }],
    ["extra not zero", { extra: fill(1, 24) }],
    ["body of 3 bytes", { bodyBytes: 3 }],
    ["body of 1,048,577 bytes", { bodyBytes: 1_048_577 }],
    ["10,001 transactions", { txCount: 10_001 }],
    ["a millisecond late", { timestampMs: good.header.timestampMs + 1 }],
    ["sealed by another", { sealer: leaderOf(set, slot + 1) }],
    ["height of the parent", { height: parent.height }],
    ["slot of the parent", later(parent.slot)],
    ["slot before the parent's", later(parent.slot - 1)],
    ["a certificate that raises nothing", { certHash: named }],
    ["justified raised without a certificate", claim],
    ["another justified slot", { certHash: named, justifiedSlot: parent.justifiedSlot + 1 }],
    ["another justified hash", { certHash: named, justifiedHash: blockHashOf(digestOf("x")) }],
    ["justified lowered", { certHash: named, ...claimOf(told[3]!) }],
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
  const reordered = resealed({ txRoot: merkleRoot(two.toReversed()) });
  const otherSeal = sealOf(encodeHeader({ ...good.header, sealer: leaderOf(set, slot + 1) }));
  const bodies: readonly Bad[] = [
    ["a seal of another key", { ...resealed({}), seal: otherSeal }, good.body],
    ["a seal changed", { ...resealed({}), seal: flipped(resealed({}).seal, 40) }, good.body],
    ["a body changed", resealed({}), flipped(good.body, -1)],
    ["transactions exchanged", resealed({}), swapped],
    ["a forged transaction", resealed({ txRoot: merkleRoot([two[0]!, unsigned]) }), forged],
    ["transactions in an order that is not valid", reordered, swapped],
    ["a certificate that the header does not name", ...withCertificate(resealed, good.body)],
  ];
  const all = [
    ...headers.map(([name, fields]) => [name, resealed(fields), good.body] as const),
    ...bodies,
    ...certified(ledger, told),
  ];
  return all.map(([name, sealed, body]) => {
    const error = codeOf(told, sealed, body);
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

const claimOf = ({ header }: ToldBlock) => ({
  justifiedSlot: header.slot,
  justifiedHash: header.hash,
});

/** Blocks whose header is right and whose certificate is not. */
function certified(ledger: Ledger, told: readonly ToldBlock[]): Bad[] {
  const target = told.at(-1)!;
  const good = certificateFor(target);
  const slot = target.header.slot + 1;
  const sealer = leaderOf(ledger.validators(), slot);
  const wrong: readonly (readonly [string, Certificate])[] = [
    ["for another block", certificateFor(told.at(-2)!)],
    ["with another source", certificateFor(target, claimedSource(told[3]!))],
    ["of two of four", certificateFor(target, {}, [0, 1])],
    ["of the set of before", certificateFor({ ...target, set: told[9]!.set })],
    [
      "of the same set in another order",
      certificateFor({ ...target, set: target.set.toReversed() }),
    ],
    ["with a signature changed", { ...good, bytes: flipped(good.bytes, -1) }],
    ["without its last signature", { ...good, bytes: good.bytes.subarray(0, -64) }],
  ];
  return wrong.map(([name, certificate]) => {
    const { header, body } = buildBlock(ledger, network, target.header, {
      slot,
      sealer,
      candidates: [],
      certificate: { ...certificate, data: good.data },
      voters: good.signers.map(({ rank }) => target.set[rank]!),
      finalHeight: finalHeightBy(target),
    });
    return [`a certificate ${name}`, { header, seal: sealOf(header) }, body];
  });
}

const claimedSource = ({ header }: ToldBlock) => ({
  sourceSlot: header.slot,
  sourceHash: header.hash,
});

function withCertificate(
  resealed: Resealed,
  body: Uint8Array,
): readonly [SealedHeader, Uint8Array] {
  const longer = concatBytes(Uint8Array.of(0, 0, 0, 2, 1, 2), body.subarray(4));
  return [resealed({ bodyBytes: longer.length }), longer];
}
