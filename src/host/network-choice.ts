/**
 * Which network a node belongs to: the one its folder already has, else the file it is given, else
 * the one of the peer it is told to trust, else a devnet of its own. Once chosen it is kept in the
 * folder, and nothing but the same network is accepted there again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { genesisBlock } from "../chain/genesis.ts";
import { Ledger } from "../chain/ledger.ts";
import type { Env } from "../edge/env.ts";
import type { BlockHash } from "../model/ids.ts";
import { formatNetworkFile, type NetworkFile, parseNetworkFile } from "../model/network-file.ts";
import type { Config } from "./config.ts";
import type { DataFolder } from "./data-folder.ts";
import { type DevAccount, makeDevnet } from "./devnet.ts";
import { replaceFileSync } from "./durable-file.ts";
import { requestNetworkFile } from "./genesis-client.ts";
import { readGivenFile } from "./given-file.ts";
import { HostError } from "./host-error.ts";
import { type KeyOptions, openOrCreateKey } from "./keys.ts";

export interface NetworkChoice {
  readonly file: NetworkFile;
  readonly genesisHash: BlockHash;
  /** Where it came from: "folder", "file", "peer" or "devnet" (made just now). */
  readonly origin: "folder" | "file" | "peer" | "devnet";
  /** Of a devnet made just now. */
  readonly accounts: readonly DevAccount[];
}

interface Chooser {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly env: Env;
  /** For the validator key of a new devnet. */
  readonly keyOptions: Omit<KeyOptions, "kind">;
  /** Progress for the operator. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Between two rounds of questions to peers that do not answer yet. */
const retryMs = 5000;

/** `HostError` network-mismatch when folder, file and pin do not name one network. */
export async function chooseNetwork(chooser: Chooser): Promise<NetworkChoice> {
  const { config, folder } = chooser;
  const given = config.network === undefined ? undefined : readFile(config.network);
  const stored = existsSync(folder.networkFile) ? readFile(folder.networkFile) : undefined;
  if (stored !== undefined) {
    const choice = choiceOf(stored, "folder");
    if (given !== undefined) demandSame(choice, choiceOf(given, "file"), config.network!);
    return demandPinned(choice, config);
  }
  demandNoChain(folder);
  const choice =
    given !== undefined
      ? choiceOf(given, "file")
      : config.connect.length + config.book.bootstrap.length > 0
        ? await askPeers(chooser)
        : newDevnet(chooser);
  demandPinned(choice, config);
  replaceFileSync(folder.networkFile, formatNetworkFile(choice.file), { mode: 0o600 });
  return choice;
}

/** Asks each `--connect` and `--bootstrap` in turn, again and again until one answers: it may be starting, too. */
async function askPeers({ config, say, signal }: Chooser): Promise<NetworkChoice> {
  for (let round = 0; ; round++) {
    for (const address of [...config.connect, ...config.book.bootstrap]) {
      const answer = await requestNetworkFile(address);
      signal.throwIfAborted();
      if ("failed" in answer) {
        say(`no network file from ${address}: ${answer.failed}`);
        continue;
      }
      const file = parseNetworkFile(answer.text);
      if ("errors" in file) {
        say(`no network file from ${address}: ${file.errors[0]}`);
        continue;
      }
      const choice = choiceOf(file, "peer");
      say(`network ${file.name} with genesis ${choice.genesisHash}, as ${address} says`);
      return choice;
    }
    if (round === 0) say(`asking again every ${retryMs / 1000} s; Ctrl-C ends`);
    await wait(retryMs, undefined, { signal });
  }
}

function newDevnet({ config, folder, env, keyOptions }: Chooser): NetworkChoice {
  const validator = openOrCreateKey(folder.validatorKey, { ...keyOptions, kind: "validator" });
  const { networkFile, accounts } = makeDevnet({
    random: env.random,
    signatures: env.signatures,
    validator: validator.publicKey,
    wallMs: env.clock.wallMs,
    slotMs: config.slotMs,
  });
  const text = `${JSON.stringify(accounts, undefined, 2)}\n`;
  replaceFileSync(folder.accounts, text, { mode: 0o600 });
  return { ...choiceOf(networkFile, "devnet"), accounts };
}

function choiceOf(file: NetworkFile, origin: NetworkChoice["origin"]): NetworkChoice {
  const genesisHash = genesisBlock(file, new Ledger(file)).header.hash;
  return { file, genesisHash, origin, accounts: [] };
}

const readFile = (path: string): NetworkFile =>
  readGivenFile(path, parseNetworkFile, {
    what: "network file",
    ifUnread: "name an existing one with --network, or make one with: npx tsx bin/cli.ts genesis",
    ifInvalid: "mend what is listed, or fetch the file again",
  });

function demandSame(folder: NetworkChoice, given: NetworkChoice, path: string): void {
  if (folder.genesisHash === given.genesisHash) return;
  throw new HostError(
    "network-mismatch",
    `the data folder belongs to ${folder.file.name} (genesis ${folder.genesisHash}), ` +
      `${path} is ${given.file.name} (genesis ${given.genesisHash})`,
    "give another folder with --data-dir, or leave --network out",
  );
}

function demandPinned(choice: NetworkChoice, { genesis }: Config): NetworkChoice {
  if (genesis === undefined || genesis === choice.genesisHash) return choice;
  throw new HostError(
    "network-mismatch",
    `the network ${choice.file.name} has genesis ${choice.genesisHash}, --genesis demands ${genesis}`,
    choice.origin === "peer"
      ? "the peer of --connect is on another network: connect to another one, or correct --genesis"
      : "correct --genesis, or give another --data-dir or --network",
  );
}

/** A chain without its network file: whatever network we chose would be a guess. */
function demandNoChain(folder: DataFolder): void {
  if (!existsSync(join(folder.chain, "CURRENT"))) return;
  throw new HostError(
    "store-damaged",
    `${folder.path} has a chain but no network.json`,
    `restore network.json, or move ${folder.chain} away to start afresh`,
  );
}
