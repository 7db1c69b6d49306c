/** Network files: canonical texts, what genesis commits to, and texts to refuse. */
import { genesisBlock, genesisBody } from "../../src/chain/genesis.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import { encodeSealedHeader } from "../../src/model/header.ts";
import {
  formatNetworkFile,
  type NetworkFile,
  networkFileHash,
  parseNetworkFile,
  slotAt,
  slotStartMs,
} from "../../src/model/network-file.ts";
import { hex, network, type VectorFile, validatorKeys } from "./inputs.ts";

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
