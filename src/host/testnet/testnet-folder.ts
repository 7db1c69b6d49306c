/**
 * What a local network needs on disk before its first node starts: the network file, a folder and
 * keys for each validator, funded accounts. In a temporary folder that goes afterwards, or in one
 * that the user keeps.
 *
 *   network.json  accounts.json  node-0/keys/validator.json  node-1/...
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { ed25519 } from "../../crypto/ed25519.ts";
import { publicKeyOf } from "../../model/ids.ts";
import { addressOfKey } from "../../model/transaction.ts";
import type { DevAccount } from "../devnet.ts";
import { createFileSync } from "../durable-file.ts";
import { HostError } from "../host-error.ts";
import { createKey } from "../keys.ts";
import { type MadeNetwork, makeNetwork } from "../network-maker.ts";
import { systemRandom } from "../system.ts";

export interface TestnetPlan {
  readonly nodes: number;
  /** The first nodes have their keys. */
  readonly validators: number;
  readonly slotMs: number;
  readonly genesisTimeMs: number;
  /** Undefined: a temporary folder. */
  readonly keep: string | undefined;
}

export interface TestnetFolder {
  readonly path: string;
  readonly networkFile: string;
  readonly network: MadeNetwork;
  readonly accounts: readonly DevAccount[];
  readonly nodeFolders: readonly string[];
  /** Removes everything, unless it is to be kept. */
  remove(): void;
}

const names = ["alice", "bob", "carol", "dave"] as const;
const balance = 1_000_000_000n;

export function makeTestnetFolder(plan: TestnetPlan): TestnetFolder {
  const path = openFolder(plan.keep);
  const remove = () => {
    if (plan.keep === undefined) rmSync(path, { recursive: true, force: true });
  };
  try {
    return { ...fill(path, plan), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function openFolder(keep: string | undefined): string {
  if (keep === undefined) return mkdtempSync(join(tmpdir(), "windlass-testnet-"));
  const path = resolve(keep);
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new HostError(
      "usage",
      `--keep: the folder ${path} is not empty`,
      "name a new folder: each run makes a network of its own",
    );
  }
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

function fill(path: string, plan: TestnetPlan): Omit<TestnetFolder, "remove"> {
  const nodeFolders = Array.from({ length: plan.nodes }, (_, index) => join(path, `node-${index}`));
  const keyOptions = { signatures: ed25519, random: systemRandom, passphrase: undefined };
  for (const folder of nodeFolders)
    mkdirSync(join(folder, "keys"), { recursive: true, mode: 0o700 });
  const validators = nodeFolders.slice(0, plan.validators).map((folder) => {
    const file = join(folder, "keys", "validator.json");
    return createKey(file, { ...keyOptions, kind: "validator" }).publicKey;
  });
  const accounts = names.map((name) => {
    const seed = systemRandom.bytes(32);
    const publicKey = publicKeyOf(ed25519.publicKey(seed));
    return { name, address: addressOfKey(publicKey), publicKey, seed: toHex(seed) };
  });
  const network = makeNetwork({
    name: `testnet-${toHex(systemRandom.bytes(2))}`,
    validators,
    accounts: accounts.map(({ address }) => ({ address, balance })),
    genesisTimeMs: plan.genesisTimeMs,
    slotMs: plan.slotMs,
  });
  assert(!("errors" in network), "our own plan is valid");
  const networkFile = join(path, "network.json");
  createFileSync(networkFile, network.text, { mode: 0o600 });
  const accountsText = `${JSON.stringify(accounts, undefined, 2)}\n`;
  createFileSync(join(path, "accounts.json"), accountsText, { mode: 0o600 });
  return { path, networkFile, network, accounts, nodeFolders };
}
