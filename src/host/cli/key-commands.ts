/** `key new FILE` and `key show FILE`. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { PublicKey } from "../../model/ids.ts";
import { addressOfKey } from "../../model/transaction.ts";
import { reasonOf, systemCode } from "../host-error.ts";
import { createKey, type KeyKind } from "../keys.ts";
import { fieldsText } from "../terminal/table.ts";
import { keyOptions, readKeyHead } from "./key-file.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { type Given, neededText, optionalText, usageError } from "./values.ts";

const kinds: readonly KeyKind[] = ["account", "validator", "node"];

export function newKey(given: Given, world: CliWorld): Reply {
  const path = neededText(given, "file", "FILE");
  const kindText = optionalText(given, "kind") ?? "account";
  const kind = kinds.find((candidate) => candidate === kindText);
  if (kind === undefined) {
    throw usageError(`--kind: ${JSON.stringify(kindText)} is none`, `one of ${kinds.join(", ")}`);
  }
  const options = keyOptions(kind, given);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return keyReply(path, kind, createKey(path, options).publicKey, world);
  } catch (error) {
    const exists = systemCode(error) === "EEXIST";
    throw usageError(
      exists ? `${path} is there already` : `${path} cannot be written: ${reasonOf(error)}`,
      exists ? "keys are never overwritten: choose another file" : "choose another file",
    );
  }
}

export function showKey(given: Given, world: CliWorld): Reply {
  const path = neededText(given, "file", "FILE");
  const { kind, publicKey } = readKeyHead(path, "FILE");
  return keyReply(path, kind, publicKey, world);
}

function keyReply(file: string, kind: KeyKind, publicKey: PublicKey, { paint }: CliWorld): Reply {
  const address = addressOfKey(publicKey);
  const fields = [
    ["file", file],
    ["kind", kind],
    ["public key", publicKey],
    ["address", address],
  ] as const;
  return { text: fieldsText(fields, paint), json: { file, kind, publicKey, address } };
}
