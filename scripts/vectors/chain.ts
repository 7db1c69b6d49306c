/** Network files, genesis, and three blocks on it with every root. */
import { emptyBytes } from "../../src/base/bytes.ts";
import { buildBlock } from "../../src/chain/block-builder.ts";
import { genesisBlock, genesisBody } from "../../src/chain/genesis.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import { encodeBody } from "../../src/model/block.ts";
import { encodeSealedHeader, type Header } from "../../src/model/header.ts";
import {
  formatNetworkFile,
  type NetworkFile,
  networkFileHash,
  parseNetworkFile,
  slotAt,
  slotStartMs,
} from "../../src/model/network-file.ts";
import { encodeReceipt } from "../../src/model/receipt.ts";
import type { Transaction } from "../../src/model/transaction.ts";
import { leaderOf } from "../../src/model/validator-set.ts";
import { genesis, hex, network, type VectorFile, validatorKeys } from "./inputs.ts";
import { refusedBlocks } from "./refused-blocks.ts";
import { seal, transfer } from "./signed.ts";

export function networkFilesFile(): VectorFile {
  const files: readonly (readonly [string, NetworkFile])[] = [
    ["the vectors' network", network],
    [
      "one validator, no accounts",
      {
        ...network,
        name: "x",
        validators: validatorKeys.slice(0, 1),
        accounts: [],
        blockReward: 0n,
        minFee: 0n,
      },
    ],
    ["accounts given in another order", { ...network, accounts: network.accounts.toReversed() }],
  ];
  const text = formatNetworkFile(network);
  const twice = text.replace(/("validators": \[\n)( {4}"[0-9a-f]{64}",\n)/, "$1$2$2");
  const wrong: readonly (readonly [string, string])[] = [
    ["not JSON", text.slice(1)],
    ["an unknown field", text.replace('"name"', '"extra": 1,\n  "name"')],
    ["no name", text.replace(/ {2}"name": .*\n/, "")],
    ["a name with a slash", text.replace("vectors", "a/b")],
    ["engine pow", text.replace('"poa"', '"pow"')],
    ["slots of 99 ms", text.replace('"slotMs": 1000', '"slotMs": 99')],
    ["a time that is no integer", text.replace("1800000000000", "1800000000000.5")],
    ["an amount that is a number", text.replace('"blockReward": "50"', '"blockReward": 50')],
    ["an amount with a leading zero", text.replace('"blockReward": "50"', '"blockReward": "050"')],
    ["an amount of 2^63", text.replace('"minFee": "2"', '"minFee": "9223372036854775808"')],
    ["a validator twice", twice],
    ["upper-case hex", text.replace(validatorKeys[0]!, validatorKeys[0]!.toUpperCase())],
    ["balances of 2^63 in all", text.replace('"1000000"', '"9223372036854775807"')],
  ];
  return {
    name: "network-files",
    description: "Canonical texts, what genesis commits to, genesis headers; and texts to refuse.",
    spec: "protocol-spec/05-objects §9",
    cases: [
      ...files.map(([name, file]) => {
        const ledger = new Ledger(file);
        const sealed = genesisBlock(file, ledger);
        return {
          name,
          kind: "network",
          text: formatNetworkFile(file),
          paramsHash: hex(networkFileHash(file)),
          stateRoot: hex(ledger.root),
          genesisHeader: hex(encodeSealedHeader(sealed)),
          genesisHash: sealed.header.hash,
          body: hex(genesisBody),
        };
      }),
      ...[-1, 0, 999, 1_000, 12_345_678].map((sinceMs) => {
        const wallMs = network.genesisTimeMs + sinceMs;
        const slot = slotAt(network, wallMs);
        const startMs = slotStartMs(network, slot);
        const { genesisTimeMs, slotMs } = network;
        return {
          name: `slot at ${sinceMs} ms`,
          kind: "slot",
          genesisTimeMs,
          slotMs,
          wallMs,
          slot,
          startMs,
        };
      }),
      ...wrong.map(([name, bad]) => {
        if (!("errors" in parseNetworkFile(bad))) throw new Error(`${name} was accepted`);
        return { name, kind: "network", text: bad, error: "refused" };
      }),
    ],
  };
}

interface Step {
  readonly slot: number;
  readonly transactions: readonly Transaction[];
}

const steps: readonly Step[] = [
  { slot: 1, transactions: [] },
  {
    slot: 3,
    transactions: [
      transfer(0, { nonce: 0n, fee: 3n, amount: 100n }),
      transfer(1, { nonce: 0n, fee: 2n, amount: 598n, validUntilSlot: 3 }),
      transfer(0, { nonce: 1n, fee: 2n, amount: 1n, payload: Uint8Array.of(1, 2, 3) }),
    ],
  },
  { slot: 8, transactions: [transfer(2, { nonce: 0n, fee: 2n, amount: 0n })] },
];

export function chainFile(): VectorFile {
  const ledger = new Ledger(network);
  let parent: Header = genesisBlock(network, ledger).header;
  const blocks = steps.map(({ slot, transactions }) => {
    const sealer = leaderOf(validatorKeys, slot);
    const { header, body } = buildBlock(ledger, network, parent, {
      slot,
      sealer,
      candidates: transactions,
    });
    if (header.txCount !== transactions.length) throw new Error("all are valid");
    const applied = ledger.apply({ height: header.height, slot, sealer }, transactions);
    if ("code" in applied) throw new Error(applied.detail);
    parent = header;
    const rank = validatorKeys.indexOf(sealer);
    return {
      name: `block ${header.height} in slot ${slot}`,
      kind: "block",
      header: hex(encodeSealedHeader({ header, seal: seal(header, rank) })),
      body: hex(body),
      hash: header.hash,
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
      "Genesis and three blocks of the vectors' network, with the whole state after each.",
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
      ...refusedTransactions(ledger, parent),
      ...refusedBlocks(ledger, parent),
    ],
  };
}

/** On top of the three blocks: bodies whose transactions break a rule of the ledger. */
function refusedTransactions(ledger: Ledger, parent: Header) {
  const slot = 9;
  const sealer = leaderOf(validatorKeys, slot);
  const most = 2n ** 64n - 1n;
  const tried: readonly (readonly [string, Transaction])[] = [
    ["nonce used before", transfer(0, { nonce: 1n })],
    ["nonce too high", transfer(0, { nonce: 3n })],
    ["fee too low", transfer(0, { nonce: 2n, fee: 1n })],
    ["expired", transfer(0, { nonce: 2n, validUntilSlot: 8 })],
    ["more than there is", transfer(2, { nonce: 1n, amount: 1_000_000n })],
    ["amount and fee beyond 64 bits", transfer(0, { nonce: 2n, amount: most, fee: 2n })],
    ["of an unknown type", transfer(0, { nonce: 2n, type: 1 })],
  ];
  return tried.map(([name, transaction]) => {
    const context = { height: parent.height + 1, slot, sealer };
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
