/**
 * Puts a real node together: folder, keys, network, store, signer, core, host, and takes it apart
 * again in reverse. Prints nothing and ends no process; that is program.ts.
 */
import packageJson from "../../package.json" with { type: "json" };
import { asciiBytes, hexBytes } from "../base/bytes.ts";
import { StoreRefused } from "../chain/adopt-recoveries.ts";
import { indexKey, nodeKey } from "../chain/records.ts";
import { StoreDamaged } from "../chain/restore.ts";
import { ed25519 } from "../crypto/ed25519.ts";
import type { Env } from "../edge/env.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { Command } from "../edge/input.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { BlockHash } from "../model/ids.ts";
import { formatNetworkFile } from "../model/network-file.ts";
import type { Recovery } from "../model/recovery.ts";
import { signingDomain } from "../model/signing-domain.ts";
import { Node } from "../node/node.ts";
import { connectionLimits } from "../params/limits.ts";
import { readAccess } from "./access-files.ts";
import { openOrCreateToken } from "./api-token.ts";
import { ChainReader } from "./chain-reader.ts";
import { demandBuried } from "./checkpoint.ts";
import { ConductFiles, readConduct } from "./conduct-files.ts";
import type { Config } from "./config.ts";
import { DataFolder } from "./data-folder.ts";
import { checkDurableTip, saveDurableTip, type TipVerdict, takesBack } from "./durable-tip.ts";
import { Host } from "./host.ts";
import { HostError, reasonOf } from "./host-error.ts";
import { type HttpServer, startHttp } from "./http/start-http.ts";
import { type Key, openKey, openOrCreateKey } from "./keys.ts";
import { damaged, LevelStore } from "./level-store.ts";
import { NodeMetrics } from "./metrics/node-metrics.ts";
import { chooseNetwork, type NetworkChoice } from "./network-choice.ts";
import { placesOf } from "./own-places.ts";
import { readPassphrase } from "./passphrase.ts";
import { PeersFile, readPeers } from "./peers-file.ts";
import { networkIdText, readRecoveries, recoveryNotice } from "./recovery-files.ts";
import { SignerFile } from "./signer-file.ts";
import { situationOf, startNotice } from "./signer-start.ts";
import { preload } from "./store-preload.ts";
import { SystemClock, systemRandom } from "./system.ts";
import { openVerifier } from "./verify-pool.ts";

export const program = { name: packageJson.name, version: packageJson.version } as const;

export interface RunningNode {
  readonly node: Node;
  readonly host: Host;
  readonly store: LevelStore;
  readonly env: Env;
  readonly folder: DataFolder;
  readonly network: NetworkChoice;
  readonly recoveries: readonly Recovery[];
  readonly tip: TipVerdict;
  /** Undefined with `--http off`. */
  readonly http: HttpServer | undefined;
  /** Ends it gracefully: farewells, last writes, locks. */
  close(): Promise<void>;
}

export interface RunOptions {
  readonly config: Config;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onFatal: (error: unknown) => void;
  /** Progress and warnings before the node runs, and faults that end nothing. */
  readonly say: (level: "info" | "warn" | "error", text: string) => void;
  /** Ends a start that waits for a peer. */
  readonly signal: AbortSignal;
}

/** Throws `HostError`; whatever was opened is closed then. */
export async function runNode(options: RunOptions): Promise<RunningNode> {
  const undo: (() => unknown)[] = [];
  try {
    return await start(options, undo);
  } catch (error) {
    for (const close of undo.reverse()) await close();
    if (error instanceof StoreRefused) {
      throw new HostError("network-mismatch", error.message, error.mend, error);
    }
    throw error instanceof StoreDamaged ? damaged(options.config.dataDir, error) : error;
  }
}

async function start(options: RunOptions, undo: (() => unknown)[]): Promise<RunningNode> {
  const { config, say, signal } = options;
  const clock = new SystemClock();
  const env: Env = { clock, random: systemRandom, signatures: ed25519 };
  const passphrase = readPassphrase(config.passphraseFile);
  const keyOptions = { signatures: ed25519, random: systemRandom, passphrase };
  const folder = DataFolder.open(config.dataDir);
  undo.push(() => folder.close());
  const nodeKeyPair = openOrCreateKey(folder.nodeKey, { ...keyOptions, kind: "node" });
  const network = await chooseNetwork({
    config,
    folder,
    env,
    keyOptions,
    say: (text) => say("info", text),
    signal,
  });
  const key = validatorKey(config, folder, (path) =>
    openKey(path, { ...keyOptions, kind: "validator" }),
  );
  if (key !== undefined && !network.file.validators.includes(key.publicKey)) {
    say("warn", `validator key ${key.publicKey} is not one that ${network.file.name} began with`);
  }
  const recoveries = readRecoveries(config.recovery, network.genesisHash);
  const notice = recoveryNotice(recoveries, network.genesisHash);
  if (notice !== undefined) say("warn", notice);
  const { store, image, tip } = await openStore(folder, undo);
  const { checkpoint } = config;
  const access = readAccess(config.access);
  const conductPaths = { bans: folder.bans, scores: folder.scores };
  const kept = readConduct(conductPaths, say);
  const networkId = networkIdText(network.genesisHash, recoveries);
  const keptPeers = readPeers(folder.peers, networkId, say);
  const places = await placesOf(config, say);
  // Behind sentries: no port, and none that others could learn of.
  const listenPort = access.sentries === undefined ? config.listen : undefined;
  if (checkpoint !== undefined) await demandBuried(store, checkpoint);
  // Sealing on a chain that lost final blocks would fork what others hold for final.
  const mayLead = tip.type !== "shorter";
  const signer =
    key && mayLead
      ? await openSigner(options, folder, network, { key, image, recoveries })
      : undefined;
  undo.push(() => signer?.close());
  const node = new Node(
    env,
    {
      networkFile: network.file,
      networkFileBytes: asciiBytes(formatNetworkFile(network.file)),
      nodeSeed: nodeKeyPair.seed,
      validator: key && signer && validatorOf(key, signer),
      checkpoint,
      verify: config.verify,
      recoveries,
      listenPort: listenPort ?? 0,
      connect: config.connect,
      agent: agentOf(config.agentSuffix),
      peersMax: config.peersMax,
      outboundTarget: config.outboundTarget,
      allowPrivate: config.allowPrivate,
      line: config.line,
      recordFrames: config.recordFrames,
      isLow: config.isLow,
      ...access,
      ...kept,
      ...keptPeers,
      ...places,
    },
    image,
  );
  // Nothing is written yet. A crash in between must not make what is taken back look lost.
  if (tip.type === "intact" && takesBack(image, network.genesisHash, recoveries)) {
    await saveDurableTip(folder.durableTip, node.queries.head());
  }
  const metrics = new NodeMetrics(node.queries, () => Date.now());
  const conduct = new ConductFiles(conductPaths, node.queries.conduct, say);
  undo.push(() => conduct.close());
  const peers = new PeersFile(folder.peers, networkId, () => node.queries.keptPeers(), say);
  undo.push(() => peers.close());
  const { onFatal } = options;
  const onEvent = (event: NodeEvent) => {
    // At once, whatever is still asked of it until the program has ended.
    if (event.type === "doppelganger") signer?.silence("another node signs with this key");
    metrics.onEvent(event);
    void conduct.onEvent();
    options.onEvent(event);
  };
  const verifier = openVerifier(config.verifyWorkers, say);
  const host = new Host(
    { node, clock, store, verifier, signer, onEvent, onFatal },
    { inboundMax: config.peersMax + connectionLimits.pendingHandshakesMax },
  );
  // The peer port first: two nodes on one --listen must hear of that, not of the HTTP port.
  await host.start(listenPort);
  // From here on the host closes its store and signer itself.
  undo.splice(
    1,
    undo.length,
    () => conduct.close(),
    () => host.close(),
    () => peers.close(),
  );
  const token = openOrCreateToken(folder.apiToken, systemRandom);
  const parts = { node, host, store, metrics, token };
  const http = config.http && (await openHttp(config.http, parts, say));
  const close = async () => {
    await http?.close();
    await peers.close();
    await host.close();
    await conduct.close();
    folder.close();
  };
  return { node, host, store, env, folder, network, recoveries, tip, http, close };
}

/** The chain store, what of it belongs in memory, and whether it still has what was final. */
async function openStore(folder: DataFolder, undo: (() => unknown)[]) {
  let lostHeight = 0;
  const store = await LevelStore.open(folder.chain, async (next) => {
    // A loss stays on record until the chain has grown past it again.
    if (next.height >= lostHeight) await saveDurableTip(folder.durableTip, next);
  });
  undo.push(() => store.close());
  const image = await preload(store);
  const tip = await checkDurableTip(folder.durableTip, async ({ height, hash }) => {
    const keys = [indexKey(hash as BlockHash), nodeKey({ height, hash: hash as BlockHash })];
    return (await store.load(keys)).some((value) => value !== undefined);
  });
  if (tip.type === "shorter") lostHeight = tip.tip.height;
  return { store, image, tip };
}

function validatorKey(
  config: Config,
  folder: DataFolder,
  open: (path: string) => Key | undefined,
): Key | undefined {
  const path = validatorKeyPath(config, folder);
  const key = open(path);
  if (key !== undefined || config.validatorKey === undefined) return key;
  throw new HostError(
    "usage",
    `there is no validator key at ${path}`,
    "name an existing key file with --validator-key, or make one with: npx tsx bin/cli.ts key new FILE --kind validator",
  );
}

const validatorKeyPath = (config: Config, folder: DataFolder) =>
  config.validatorKey ?? folder.validatorKey;

function openHttp(
  address: { readonly host: string; readonly port: number },
  parts: {
    readonly node: Node;
    readonly host: Host;
    readonly store: LevelStore;
    readonly metrics: NodeMetrics;
    readonly token: string;
  },
  say: RunOptions["say"],
): Promise<HttpServer> {
  const { queries } = parts.node;
  const api = {
    program,
    queries,
    reader: new ChainReader(queries, parts.store),
    metrics: parts.metrics,
    submit: (bytes: Uint8Array) => parts.host.command({ type: "submit-transaction", bytes }),
    command: (command: Command) => parts.host.command(command),
    token: parts.token,
    wallMs: () => Date.now(),
  };
  const onFault = (error: unknown) => say("warn", `HTTP: ${reasonOf(error)}`);
  return startHttp(api, { ...address, onFault });
}

const validatorOf = ({ publicKey }: Key, { floors, isFresh }: SignerFile) => ({
  key: publicKey,
  floors,
  isFresh,
});

async function openSigner(
  { config, say }: RunOptions,
  folder: DataFolder,
  network: NetworkChoice,
  parts: {
    readonly key: Key;
    readonly image: StoreImage;
    readonly recoveries: readonly Recovery[];
  },
): Promise<SignerFile> {
  const { key, image, recoveries } = parts;
  const genesisHash = hexBytes(network.genesisHash);
  const { signerAmnesia } = config;
  // Not the clock of the steps: it stood still while a peer was asked for the network.
  const situation = situationOf(image, network.file, Date.now(), signerAmnesia, recoveries);
  const signer = await SignerFile.open(validatorKeyPath(config, folder), {
    key,
    signatures: ed25519,
    genesisHash,
    domain: signingDomain(genesisHash, recoveries),
    situation,
  });
  const notice = startNotice(signer.start, signerAmnesia);
  if (notice !== undefined) say(notice.level, notice.text);
  return signer;
}

function agentOf(suffix: string | undefined): string {
  const agent = `${program.name}/${program.version}`;
  return suffix === undefined ? agent : `${agent} ${suffix}`;
}
