/** 05-objects §10: recovery files, the network's id, and what is signed in which slot. */
import assert from "node:assert/strict";
import { ascii, hex, unhex } from "./bytes.ts";
import { tagged } from "./crypto.ts";
import { check, refuse } from "./fault.ts";
import { type Judge, orFault } from "./judges.ts";
import { sealPreimage } from "./objects.ts";

interface Recovery {
  readonly network: string;
  readonly block: { readonly height: number; readonly hash: string };
  readonly validators: readonly string[];
  readonly minSlot: number;
  readonly recoveryId: string;
}

const refused = "refused";

function readRecovery(text: string): Recovery {
  let file: Recovery;
  try {
    file = JSON.parse(text) as Recovery;
  } catch {
    return refuse(refused);
  }
  const has = (value: unknown, names: string): boolean =>
    typeof value === "object" && value !== null && Object.keys(value).sort().join() === names;
  const id = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  check(has(file, "block,minSlot,network,recoveryId,validators"), refused);
  check(has(file.block, "hash,height"), refused);
  check(id(file.network) && id(file.recoveryId) && id(file.block.hash), refused);
  check(Number.isSafeInteger(file.block.height) && file.block.height >= 0, refused);
  check(Number.isSafeInteger(file.minSlot) && file.minSlot >= 1, refused);
  const { validators } = file;
  check(Array.isArray(validators) && validators.every(id), refused);
  check(validators.length >= 1 && validators.length <= 128, refused);
  check(new Set(validators).size === validators.length, refused);
  return file;
}

/** Put together by hand. */
function canonicalText(r: Recovery): string {
  return `{
  "network": "${r.network}",
  "block": {
    "height": ${r.block.height},
    "hash": "${r.block.hash}"
  },
  "validators": [
${r.validators.map((key) => `    "${key}"`).join(",\n")}
  ],
  "minSlot": ${r.minSlot},
  "recoveryId": "${r.recoveryId}"
}
`;
}

export const recoveries: Readonly<Record<string, Judge>> = {
  file: (c) => orFault(c, () => readRecovery(c["text"])),
  "network-id": (c) => {
    let id = unhex(c["genesisHash"]);
    for (const text of c["texts"] as string[]) {
      const recovery = readRecovery(text);
      assert.equal(recovery.network, c["genesisHash"]);
      assert.equal(canonicalText(recovery), text);
      id = tagged("network/1", id, ascii(text));
    }
    assert.equal(hex(id), c["networkId"]);
    const magic = tagged("magic/1", id).slice(0, 4);
    magic[0] = magic[0]! | 0x80;
    assert.equal(hex(magic), c["magic"]);
  },
  domain: (c) => {
    const genesisHash = unhex(c["genesisHash"]);
    let domain = genesisHash;
    for (const text of c["texts"] as string[]) {
      const { minSlot, recoveryId } = readRecovery(text);
      if (c["slot"] >= minSlot) domain = tagged("recover/1", genesisHash, unhex(recoveryId));
    }
    assert.equal(hex(domain), c["domain"]);
    assert.equal(hex(sealPreimage(domain, c["blockHash"])), c["sealPreimage"]);
  },
};
