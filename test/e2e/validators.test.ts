/** The validators of a real network change themselves: a fifth joins, a key is rotated. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hexBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { verifyFinality } from "../../src/finality/finality-proof.ts";
import { runCli } from "../../src/host/cli/run-cli.ts";
import type { Validators } from "../../src/host/cli/validator-changes.ts";
import { plainPaint } from "../../src/host/terminal/paint.ts";
import { findFreePorts } from "../../src/host/testnet/free-ports.ts";
import type { PublicKey } from "../../src/model/ids.ts";
import { addressOfKey } from "../../src/model/transaction.ts";
import { Program, until } from "../support/program.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

interface Line {
  readonly nodes: readonly { readonly listen: number; readonly http: number }[];
}

interface Info {
  readonly height: number;
  readonly finalizedHeight: number;
  readonly genesisHash: string;
}

interface Finality {
  readonly status: string;
  readonly proof: { readonly header: string; readonly certificate: string };
}

interface Metrics {
  readonly votes: number;
  readonly timeToFinalityMs: { readonly count: number };
}

/** In this process: twenty more would be slow to start. `bin/cli.ts` itself is in cli.test.ts. */
async function cli(argv: readonly string[]) {
  let out = "";
  let err = "";
  const code = await runCli(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    paint: plainPaint,
    wallMs: () => Date.now(),
    sleep: (ms) => sleep(ms),
  });
  assert.equal(code, 0, `${argv.join(" ")}: ${err}`);
  return { out, err };
}

const jsonOf = async (argv: readonly string[]) => JSON.parse((await cli([...argv, "--json"])).out);

async function makeKey(file: string): Promise<PublicKey> {
  return (await jsonOf(["key", "new", file, "--kind", "validator"])).publicKey;
}

async function get<T>(url: string, path: string): Promise<T> {
  return (await (await fetch(`${url}${path}`)).json()) as T;
}

const validatorsAt = (url: string) => get<Validators>(url, "/api/validators");
const keysAt = async (url: string) =>
  (await validatorsAt(url)).validators.map(({ key }) => key as PublicKey);
const infoAt = (url: string) => get<Info>(url, "/api/blockchain/info");

async function balanceOf(url: string, key: PublicKey): Promise<bigint> {
  const { balance } = await get<{ balance: string }>(url, `/api/accounts/${addressOfKey(key)}`);
  return BigInt(balance);
}

/** The head becomes final, and is proven to whoever knows the validators after it. */
async function checkProof(url: string, set: readonly PublicKey[], programs: readonly Program[]) {
  const { height, genesisHash } = await infoAt(url);
  await until(
    "the head becomes final",
    async () => (await infoAt(url)).finalizedHeight >= height || undefined,
    programs,
  );
  const answer = await get<Finality>(url, `/api/blockchain/finality/${height}`);
  const { status, proof } = answer;
  assert.equal(status, "final");
  const bytes = { header: hexBytes(proof.header), certificate: hexBytes(proof.certificate) };
  assert.equal(verifyFinality(bytes, set, hexBytes(genesisHash), ed25519), undefined);
}

/** Four validators that were paid, with final blocks. */
async function startNetwork(keep: string, programs: Program[]) {
  const common = ["--nodes", "4", "--validators", "4", "--slot-ms", "600", "--rate", "0"];
  const testnet = new Program("testnet.ts", [...common, "--json", "--keep", keep]);
  programs.push(testnet);
  const { nodes } = await until(
    "the network is there",
    () => {
      const line = testnet.out.split("\n").at(-2);
      return Promise.resolve(line === undefined ? undefined : (JSON.parse(line) as Line));
    },
    programs,
  );
  const urls = nodes.map(({ http }) => `http://127.0.0.1:${http}`);
  const [url] = urls as [string];
  const keys = await until(
    "every validator was paid, and finality follows",
    async () => {
      const all = await keysAt(url);
      const balances = await Promise.all(all.map((key) => balanceOf(url, key)));
      const isUp = (await infoAt(url)).finalizedHeight >= 2;
      return isUp && balances.every((balance) => balance > 0n) ? all : undefined;
    },
    programs,
  );
  /** To sign as the validator of a node, through that node. */
  const as = (index: number) => {
    const file = join(keep, `node-${index}`, "keys", "validator.json");
    return ["--key", file, "--node", urls[index]!];
  };
  return { urls, url, keys, as, peer: `127.0.0.1:${nodes[0]!.listen}` };
}

/** A further node, ready, with a validator key that is in no set yet. */
async function startJoiner(argv: readonly string[], programs: Program[]): Promise<string> {
  const [listen, http] = (await findFreePorts(2)) as [number, number];
  const ports = ["--listen", String(listen), "--http", String(http)];
  programs.push(new Program("node.ts", [...ports, ...argv]));
  const url = `http://127.0.0.1:${http}`;
  await until(
    "the joiner follows",
    async () => (await fetch(`${url}/api/health/ready`)).status === 200 || undefined,
    programs,
  );
  return url;
}

type Network = Awaited<ReturnType<typeof startNetwork>>;

/** Three validators approve whatever is open, until `isOver`. */
async function approveAll({ as, keys, urls }: Network, isOver: () => boolean): Promise<void> {
  const done = new Set<string>();
  while (!isOver()) {
    for (const index of [0, 1, 2]) {
      for (const { id, approvals } of (await validatorsAt(urls[index]!)).proposals) {
        if (approvals.includes(keys[index]!) || done.has(`${id} ${index}`)) continue;
        done.add(`${id} ${index}`);
        // Refused when the others were enough meanwhile.
        await jsonOf(["validator", "approve", id, ...as(index)]).catch(() => {});
      }
    }
    await sleep(100);
  }
}

async function addFifth(
  network: Network,
  file: string,
  everywhere: readonly string[],
  programs: readonly Program[],
) {
  const { as, urls } = network;
  const proposed = await jsonOf(["validator", "propose", "add", file, ...as(0), "--wait"]);
  assert.deepEqual([proposed.state, proposed.approvals, proposed.quorum], ["open", 1, 3]);
  const { proposal, change } = proposed as { proposal: string; change: { validator: PublicKey } };
  const expected = [...network.keys, change.validator].join();
  await until(
    "the others have heard of it",
    async () => {
      const all = await Promise.all(urls.map(validatorsAt));
      return all.every(({ proposals }) => proposals.length === 1) || undefined;
    },
    programs,
  );
  const approve = (index: number) =>
    jsonOf(["validator", "approve", proposal, ...as(index), "--wait"]);
  await Promise.all([approve(1), approve(2)]);
  await until(
    "the fifth validates, everywhere",
    async () => {
      const all = await Promise.all(everywhere.map(keysAt));
      return all.every((keys) => keys.join() === expected) || undefined;
    },
    programs,
  );
}

test("a fifth validator joins by proposal and approval, and a key is rotated, all of it final", () =>
  inFolder(async (folder) => {
    const programs: Program[] = [];
    try {
      const keep = join(folder, "net");
      const network = await startNetwork(keep, programs);
      const { as, keys, peer, url, urls } = network;

      const fifthFile = join(folder, "fifth.json");
      const fifth = await makeKey(fifthFile);
      const own = ["--data-dir", join(folder, "fifth"), "--validator-key", fifthFile];
      const joined = ["--network", join(keep, "network.json"), "--connect", peer];
      const fifthUrl = await startJoiner([...own, ...joined], programs);
      await addFifth(network, fifthFile, [...urls, fifthUrl], programs);
      await until(
        "the fifth seals and votes",
        async () => {
          const { lastSealSlot, lastVoteSlot } = (await validatorsAt(url)).validators[4]!;
          return (lastSealSlot !== null && lastVoteSlot !== null) || undefined;
        },
        programs,
      );
      await checkProof(url, [...keys, fifth], programs);

      // One command; the approvals of the others come while it waits.
      const sixth = await makeKey(join(folder, "sixth.json"));
      let isRotated = false;
      const rotate = cli(["validator", "rotate", sixth, ...as(3), "--wait"]).finally(() => {
        isRotated = true;
      });
      const [rotated] = await Promise.all([rotate, approveAll(network, () => isRotated)]);
      assert.match(rotated.out, new RegExp(`${sixth} validates in the place of ${keys[3]}`));
      assert.match(rotated.err, /add [\s\S]*proposed[\s\S]*remove [\s\S]*proposed/);
      const now = [keys[0]!, keys[1]!, keys[2]!, sixth, fifth];
      assert.deepEqual(await keysAt(url), now, "it stands where the old one stood");

      await checkProof(url, now, programs);
      const { votes, timeToFinalityMs } = await get<Metrics>(url, "/api/metrics");
      assert.ok(votes > 0 && timeToFinalityMs.count > 0);
    } finally {
      await Promise.all(programs.map((program) => program.end()));
    }
  }));
