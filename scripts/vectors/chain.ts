/**
 * One chain with every kind of block: transfers, certificates, a validator that is voted in, one
 * that cheats and leaves. And what must be refused on top of it. The story is in `story.ts`.
 */
import { emptyBytes } from "../../src/base/bytes.ts";
import { buildBlock } from "../../src/chain/block-builder.ts";
import { genesisBody } from "../../src/chain/genesis.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import type { BlockContext } from "../../src/chain/state-machine.ts";
import { encodeBody } from "../../src/model/block.ts";
import { encodeSealedHeader } from "../../src/model/header.ts";
import { formatNetworkFile } from "../../src/model/network-file.ts";
import { encodeReceipt } from "../../src/model/receipt.ts";
import type { Transaction } from "../../src/model/transaction.ts";
import { leaderOf } from "../../src/model/validator-set.ts";
import { genesis, hex, network, type VectorFile } from "./inputs.ts";
import { refusedBlocks } from "./refused-blocks.ts";
import { transfer } from "./signed.ts";
import { certificateFor, finalHeightBy, kinds, sealOf, steps, type ToldBlock } from "./story.ts";

export function chainFile(): VectorFile {
  const ledger = new Ledger(network);
  ledger.genesis(network);
  const told: ToldBlock[] = [
    { ...genesis, body: genesisBody, set: network.validators, finalHeight: 0 },
  ];
  const blocks = steps.map(({ slot, carries = false, transactions = [] }) => {
    const parent = told.at(-1)!;
    const set = ledger.validators();
    const sealer = leaderOf(set, slot);
    const certificate = carries ? certificateFor(parent) : undefined;
    const finalHeight = carries ? finalHeightBy(parent) : parent.finalHeight;
    const voters = certificate?.signers.map(({ rank }) => parent.set[rank]!) ?? [];
    const { header, body } = buildBlock(ledger, network, parent.header, {
      slot,
      sealer,
      candidates: transactions,
      certificate,
      voters,
      finalHeight,
    });
    if (header.txCount !== transactions.length) throw new Error("all are valid");
    const context = { height: header.height, slot, sealer, finalizedHeight: finalHeight, voters };
    const applied = ledger.apply(context, transactions);
    if ("code" in applied) throw new Error(applied.detail);
    const seal = sealOf(header);
    told.push({ header, seal, body, set, finalHeight });
    return {
      name: `block ${header.height} in slot ${slot}${carries ? ", carries a certificate" : ""}`,
      kind: "block",
      transactions: transactions.map(({ type }) => kinds[type]),
      header: hex(encodeSealedHeader({ header, seal })),
      body: hex(body),
      hash: header.hash,
      finalHeight,
      stateRoot: hex(applied.stateRoot),
      receipts: applied.receipts.map((receipt) => hex(encodeReceipt(receipt))),
      receiptsRoot: hex(applied.receiptsRoot),
      supply: ledger.supply.toString(),
      state: [...ledger.entries()].map(([key, value]) => ({ key: hex(key), value: hex(value) })),
    };
  });
  return {
    name: "chain",
    description:
      "Genesis and eleven blocks: transfers, certificates, a set change, evidence; the whole state after each.",
    spec: "protocol-spec/06-validation §1 to §4, 05-objects §8",
    cases: [
      {
        name: "genesis",
        kind: "genesis",
        text: formatNetworkFile(network),
        header: hex(encodeSealedHeader(genesis)),
        hash: genesis.header.hash,
      },
      ...blocks,
      ...refusedTransactions(ledger, told.at(-1)!),
      ...refusedBlocks(ledger, told),
    ],
  };
}

/** On top of the chain: bodies whose transactions break a rule of the ledger. */
function refusedTransactions(ledger: Ledger, { header: parent, finalHeight }: ToldBlock) {
  const slot = parent.slot + 1;
  const context: BlockContext = {
    height: parent.height + 1,
    slot,
    sealer: leaderOf(ledger.validators(), slot),
    finalizedHeight: finalHeight,
    voters: [],
  };
  const most = 2n ** 64n - 1n;
  const tried: readonly (readonly [string, Transaction])[] = [
    ["nonce used before", transfer(0, { nonce: 1n })],
    ["nonce too high", transfer(0, { nonce: 3n })],
    ["fee too low", transfer(0, { nonce: 2n, fee: 1n })],
    ["expired", transfer(0, { nonce: 2n, validUntilSlot: slot - 1 })],
    ["more than there is", transfer(2, { nonce: 1n, amount: 1_000_000n })],
    ["amount and fee beyond 64 bits", transfer(0, { nonce: 2n, amount: most, fee: 2n })],
    ["of an unknown type", transfer(0, { nonce: 2n, type: 1 })],
  ];
  return tried.map(([name, transaction]) => {
    const applied = ledger.apply(context, [transaction]);
    if (!("code" in applied)) throw new Error(`${name} was applied`);
    const own = ledger.check(transaction, slot);
    const body = hex(encodeBody(emptyBytes, [transaction]));
    return {
      name: `refused: ${name}`,
      kind: "refused",
      slot,
      body,
      error: applied.code,
      rule: own?.code,
    };
  });
}
