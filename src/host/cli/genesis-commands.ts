/** `genesis`, `genesis check FILE` and `network hash FILE`: network files made and checked. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type Address, isHex32, type PublicKey } from "../../model/ids.ts";
import { addressOfKey } from "../../model/transaction.ts";
import { chainLimits } from "../../params/limits.ts";
import { systemCode } from "../host-error.ts";
import { createKey } from "../keys.ts";
import { parseJson } from "../loose-json.ts";
import { type MadeNetwork, makeNetwork, networkDefaults, readNetwork } from "../network-maker.ts";
import { grouped } from "../status-line.ts";
import { fieldsText } from "../terminal/table.ts";
import { CliError } from "./cli-error.ts";
import { keyOptions, readKeyHead } from "./key-file.ts";
import { createOut, demandFree } from "./out-file.ts";
import type { CliWorld, Reply } from "./reply.ts";
import {
  amountOf,
  type Given,
  neededText,
  optionalAmount,
  optionalInteger,
  readTextFile,
  usageError,
} from "./values.ts";

export function makeGenesis(given: Given, world: CliWorld): Reply {
  const out = neededText(given, "out", "FILE, where the network file goes");
  const name = neededText(given, "name", "NAME, as in my-chain");
  const validators = neededText(given, "validators", "N, or a file of public keys");
  const slotMs = optionalInteger(given, "slot-ms", chainLimits.slotMsMin, chainLimits.slotMsMax);
  const timeMax = 2 ** 52;
  const genesisTimeMs = optionalInteger(given, "genesis-time-ms", 0, timeMax) ?? world.wallMs();
  const plan = {
    name,
    slotMs,
    genesisTimeMs,
    accounts: accountsOf(given),
    blockReward: optionalAmount(given, "block-reward"),
    minFee: optionalAmount(given, "min-fee"),
  };
  demandFree(out);
  const { keys, files } = validatorsOf(validators, out, given, (keys) => {
    // A wrong plan must be refused before any key file is made.
    demandValid(makeNetwork({ ...plan, validators: keys }));
  });
  const made = demandValid(makeNetwork({ ...plan, validators: keys }));
  createOut(out, made.text);
  const { text, json } = describe(made, world);
  const made2 = [`file     ${out}`, ...files.map((file, rank) => `key ${rank}    ${file}`)];
  return { text: `${text}\n\n${made2.join("\n")}`, json: { ...json, file: out, keyFiles: files } };
}

export function checkGenesis(given: Given, world: CliWorld): Reply {
  return describe(readNetworkFile(neededText(given, "file", "FILE")), world);
}

export function networkHash(given: Given): Reply {
  const { file, genesisHash } = readNetworkFile(neededText(given, "file", "FILE"));
  return { text: genesisHash, json: { name: file.name, genesisHash } };
}

function describe({ file, genesisHash }: MadeNetwork, { paint }: CliWorld) {
  const supply = file.accounts.reduce((sum, { balance }) => sum + balance, 0n);
  const { name, genesisTimeMs, slotMs, validators, accounts, blockReward, minFee } = file;
  const text = fieldsText(
    [
      ["network", name],
      ["genesis", genesisHash],
      ["begins", new Date(genesisTimeMs).toISOString()],
      ["slot", `${slotMs} ms`],
      ["validators", String(validators.length)],
      ["accounts", `${accounts.length} with ${grouped(supply)}`],
      ["reward", grouped(blockReward)],
      ["least fee", grouped(minFee)],
    ],
    paint,
  );
  const counts = { validators: validators.length, accounts: accounts.length };
  return {
    text,
    json: { name, genesisHash, genesisTimeMs, slotMs, ...counts, supply, blockReward, minFee },
  };
}

export function readNetworkFile(path: string): MadeNetwork {
  const network = readNetwork(readTextFile(path, "FILE"));
  if (!("errors" in network)) return network;
  const problems = network.errors.join("\n  ");
  throw new CliError(
    "no",
    "network-file-invalid",
    `${path} is not a valid network file:\n  ${problems}`,
    "mend what is listed, or make a new one with: npx tsx bin/cli.ts genesis",
  );
}

function demandValid(made: MadeNetwork | { readonly errors: string[] }): MadeNetwork {
  if (!("errors" in made)) return made;
  throw usageError(
    `this would not be a valid network:\n  ${made.errors.join("\n  ")}`,
    "correct the options: npx tsx bin/cli.ts genesis --help",
  );
}

/** KEY=AMOUNT, KEY an address or a key file. */
function accountsOf(given: Given): { address: Address; balance: bigint }[] {
  const list = [given["account"] ?? []].flat() as unknown[];
  return list.map((entry) => {
    const text = String(entry);
    const at = text.lastIndexOf("=");
    if (at <= 0) {
      throw usageError(
        `--account: ${JSON.stringify(text)} is not KEY=AMOUNT`,
        "write an address or a key file, then =, then an amount, as in keys/alice.json=1000",
      );
    }
    const key = text.slice(0, at);
    const balance = amountOf(text.slice(at + 1), `--account ${key.slice(0, 20)}`);
    const address = isHex32(key)
      ? (key as Address)
      : addressOfKey(readKeyHead(key, "--account").publicKey);
    return { address, balance };
  });
}

const keyList = z.array(z.string().refine(isHex32)).min(1);

/** Keys that exist, or N new ones in key files beside `out`, made once `demand` has let pass. */
function validatorsOf(
  text: string,
  out: string,
  given: Given,
  demand: (keys: readonly PublicKey[]) => void,
): { readonly keys: readonly PublicKey[]; readonly files: readonly string[] } {
  if (!/^[0-9]+$/.test(text)) return { keys: keysIn(text), files: [] };
  const count = Number(text);
  if (count < 1 || count > chainLimits.validatorsMax) {
    throw usageError(
      `--validators: ${text} is too few or too many`,
      `give 1 to ${chainLimits.validatorsMax}`,
    );
  }
  const placeholders = Array.from({ length: count }, (_, rank) =>
    rank.toString(16).padStart(64, "0"),
  );
  demand(placeholders as PublicKey[]);
  const options = keyOptions("validator", given);
  const files = placeholders.map((_, rank) => join(dirname(out), `validator-${rank}.json`));
  mkdirSync(dirname(out), { recursive: true });
  const keys = files.map((file) => {
    try {
      return createKey(file, options).publicKey;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      throw usageError(`the key file ${file} is there already`, "choose another folder for --out");
    }
  });
  return { keys, files };
}

/** A key file, a JSON list of public keys, or one public key a line. */
export function keysIn(path: string): readonly PublicKey[] {
  const text = readTextFile(path, "--validators");
  const json = parseJson(text);
  if (keyList.safeParse(json).success) return json as PublicKey[];
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (keyList.safeParse(lines).success) return lines as PublicKey[];
  if (typeof json === "object" && json !== null && "publicKey" in json) {
    return [readKeyHead(path, "--validators").publicKey];
  }
  throw usageError(
    `--validators: ${path} holds no list of public keys`,
    "write one public key a line (64 hex digits), or give a number to have keys made",
  );
}

/** For `--help`. */
export const genesisDefaults = networkDefaults;
