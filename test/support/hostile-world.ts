/**
 * The stage of the bad-input tests: a real node that seals, an honest peer inside of the test, and
 * when asked for a real follower behind a proxy that can be paused. One for each test file.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hexBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import type { DevAccount } from "../../src/host/devnet.ts";
import type { RuleCode } from "../../src/model/rule-code.ts";
import {
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../../src/model/transaction.ts";
import type { WireCode } from "../../src/wire/errors.ts";
import { Peer, type PeerOptions, type Target } from "./attacker.ts";
import { HonestPeer } from "./honest-peer.ts";
import { NodeProcess } from "./node-process.ts";
import { PausableProxy } from "./pausable-proxy.ts";
import { until } from "./program.ts";
import type { RawClient } from "./raw-client.ts";

export const slotMs = 1_000;
export const megabyte = 1_048_576;
export const folder = mkdtempSync(join(tmpdir(), "windlass-bad-input-"));

export let node: NodeProcess;
export let honest: HonestPeer;
export let target: Target;
export let accounts: readonly DevAccount[];
/** Only after `startFollower`. */
export let follower: NodeProcess;
export let proxy: PausableProxy;
export let followerTarget: Target;

export async function startWorld(): Promise<void> {
  node = await NodeProcess.start({
    dataDir: join(folder, "node"),
    more: ["--slot-ms", String(slotMs)],
  });
  const genesisHash = await node.genesisHash();
  target = { port: node.listen, genesisHash };
  const text = readFileSync(join(node.dataDir, "keys", "accounts.json"), "utf8");
  accounts = JSON.parse(text) as DevAccount[];
  honest = await HonestPeer.connect(target);
  await honest.nextBlock();
}

export async function startFollower(): Promise<void> {
  proxy = await PausableProxy.to(node.listen);
  follower = await NodeProcess.start({
    dataDir: join(folder, "follower"),
    more: ["--connect", `127.0.0.1:${proxy.port}`],
  });
  followerTarget = { port: follower.listen, genesisHash: target.genesisHash };
}

export async function stopWorld(): Promise<void> {
  honest?.peer.destroy();
  proxy?.close();
  await Promise.all([node?.program.end(), follower?.program.end()]);
  rmSync(folder, { recursive: true, force: true });
}

/** The process is up and the honest peer is answered, promptly for a machine with other work. */
export async function unharmed(what: string): Promise<void> {
  assert.ok(node.isUp, `the node died of: ${what}\n${node.program.err.slice(-2_000)}`);
  const ms = await honest.peer.ping();
  assert.ok(ms < 3_000, `a pong took ${Math.round(ms)} ms after: ${what}`);
}

export async function chainGoesOn(): Promise<void> {
  const { header } = honest.head;
  const next = await honest.nextBlock();
  assert.ok(next.header.height > header.height);
}

export type Code = WireCode | RuleCode;

/** A fresh identity does `act`; it must be sent away for `code`. */
export async function offends(
  name: string,
  code: Code,
  act: (peer: Peer) => Promise<void> | void,
  options: PeerOptions = {},
): Promise<void> {
  const peer = await Peer.connect(target, options);
  try {
    await act(peer);
    const reason = await peer.goodbye().catch((error: Error) => error.message);
    assert.match(reason, new RegExp(`^${code}(:|$)`), name);
  } finally {
    peer.destroy();
  }
  await unharmed(name);
}

/** A stranger's fault has no farewell: it is in the log. */
export async function isLogged(
  raw: RawClient,
  code: string,
  from: number,
  victim: NodeProcess = node,
): Promise<void> {
  const closed = await victim.event("peer-closed", (e) => e["address"] === raw.address, from);
  assert.equal(closed["code"], code, JSON.stringify(closed));
}

export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const out = bytes.slice();
  out[at] = out[at]! ^ 1;
  return out;
}

export function flippedTo(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const out = bytes.slice();
  out[at] = value;
  return out;
}

export function transfer(
  from: number,
  fields: Partial<TransactionFields> = {},
  genesis = target.genesisHash,
): Transaction {
  const account = accounts[from]!;
  const seed = hexBytes(account.seed);
  const defaults = { type: 0, sender: account.publicKey, nonce: 0n, fee: 1n, validUntilSlot: 0 };
  const rest = { to: accounts[2]!.address, amount: 1n, payload: new Uint8Array(0) };
  return signTransaction({ ...defaults, ...rest, ...fields }, genesis, (p) =>
    ed25519.sign(seed, p),
  );
}

/** All have the head of now, and nothing in the logs is our own fault. */
export async function untilAllAgree(): Promise<void> {
  await chainGoesOn();
  const { header } = honest.head;
  const all = [node, follower].filter((each) => each !== undefined);
  for (const each of all) {
    const there = async () =>
      ((await each.info())["height"] as number) >= header.height || undefined;
    await until("it has the head", there, [each.program]);
    assert.equal(await each.blockHash(header.height), header.hash);
    const log = each.program.err;
    assert.doesNotMatch(log, /"level":"(error|fatal)"/);
    assert.ok(log.length < megabyte, `${log.length} bytes of log`);
  }
}
