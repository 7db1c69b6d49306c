/** Recovery files, what they make of the network's id, and what is signed in which slot then. */
import { encodeHeader, sealPreimage } from "../../src/model/header.ts";
import { blockHashOf } from "../../src/model/ids.ts";
import {
  formatRecovery,
  networkIdOf,
  parseRecovery,
  type Recovery,
} from "../../src/model/recovery.ts";
import { domainAt, signingDomain } from "../../src/model/signing-domain.ts";
import { networkMagic } from "../../src/wire/opening.ts";
import {
  digestOf,
  fill,
  genesis,
  genesisHash,
  hex,
  type VectorFile,
  validatorKeys,
} from "./inputs.ts";

const first: Recovery = {
  network: genesis.header.hash,
  block: { height: 7, hash: blockHashOf(digestOf("the block of the first recovery")) },
  validators: [validatorKeys[3]!, validatorKeys[0]!],
  minSlot: 120,
  recoveryId: hex(fill(0xa1)),
};

const second: Recovery = {
  network: genesis.header.hash,
  block: { height: 300, hash: blockHashOf(digestOf("the block of the second recovery")) },
  validators: validatorKeys.slice(0, 1),
  minSlot: Number.MAX_SAFE_INTEGER,
  recoveryId: hex(fill(0xa2)),
};

const runs: readonly (readonly [string, readonly Recovery[]])[] = [
  ["never recovered", []],
  ["recovered once", [first]],
  ["recovered twice", [first, second]],
];

export function recoveriesFile(): VectorFile {
  const text = formatRecovery(first);
  const key = `"${first.validators[0]}"`;
  const wrong: readonly (readonly [string, string])[] = [
    ["not JSON", text.slice(1)],
    ["an unknown field", text.replace('"network"', '"extra": 1,\n  "network"')],
    ["an unknown field of the block", text.replace('"height"', '"slot": 1,\n    "height"')],
    ["no recovery id", text.replace(/,\n {2}"recoveryId": .*\n/, "\n")],
    ["a height below zero", text.replace('"height": 7', '"height": -7')],
    ["a height that is a string", text.replace('"height": 7', '"height": "7"')],
    ["slot 0", text.replace('"minSlot": 120', '"minSlot": 0')],
    ["a slot that is no integer", text.replace('"minSlot": 120', '"minSlot": 120.5')],
    ["slot 2^53", text.replace('"minSlot": 120', '"minSlot": 9007199254740992')],
    ["no validators", formatRecovery({ ...first, validators: [] })],
    ["a validator twice", text.replace(key, `${key},\n    ${key}`)],
    ["upper-case hex", text.replace(first.recoveryId, first.recoveryId.toUpperCase())],
    ["a short hash", text.replace(first.block.hash, first.block.hash.slice(2))],
  ];
  return {
    name: "recoveries",
    description: "Recovery files, network ids, and the domain of seals and votes by slot.",
    spec: "protocol-spec/05-objects §10",
    cases: [
      ...runs.map(([name, recoveries]) => {
        const networkId = networkIdOf(genesisHash, recoveries);
        return {
          name,
          kind: "network-id",
          genesisHash: hex(genesisHash),
          texts: recoveries.map(formatRecovery),
          networkId: hex(networkId),
          magic: hex(networkMagic(networkId)),
        };
      }),
      ...[0, 119, 120, 1_000_000, Number.MAX_SAFE_INTEGER].map((slot) => {
        const domain = domainAt(signingDomain(genesisHash, [first, second]), slot);
        const { hash } = encodeHeader({ ...genesis.header, slot });
        return {
          name: `what is signed in slot ${slot}`,
          kind: "domain",
          genesisHash: hex(genesisHash),
          texts: [formatRecovery(first), formatRecovery(second)],
          slot,
          domain: hex(domain),
          blockHash: hash,
          sealPreimage: hex(sealPreimage(domain, hash)),
        };
      }),
      ...wrong.map(([name, broken]) => {
        if (!("errors" in parseRecovery(broken))) throw new Error(`${name}: is not refused`);
        return { name, kind: "file", text: broken, error: "refused" };
      }),
    ],
  };
}
