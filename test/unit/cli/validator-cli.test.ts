/** Validators on the command line: seen, changed, rotated; blocks and their finality. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import type { Command } from "../../../src/edge/input.ts";
import type { Validators } from "../../../src/host/cli/validator-changes.ts";
import { rotationStep } from "../../../src/host/cli/validator-rotation.ts";
import { type HttpServer, startHttp } from "../../../src/host/http/start-http.ts";
import { type PublicKey, publicKeyOf } from "../../../src/model/ids.ts";
import { SoloNode } from "../../support/solo-node.ts";
import { inFolder } from "../host/temporary-folder.ts";
import { cli } from "./cli-under-test.ts";

const keyOf = (fill: number) => publicKeyOf(ed25519.publicKey(new Uint8Array(32).fill(fill)));

/** A key file as `key new` makes it. */
function keyFile(folder: string, name: string, seed: Uint8Array, kind = "validator"): string {
  const file = join(folder, `${name}.json`);
  const publicKey = toHex(ed25519.publicKey(seed));
  const text = JSON.stringify({ version: 1, kind, publicKey, seed: toHex(seed) });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

async function withNode(
  solo: SoloNode,
  run: (url: string, key: string, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const api = {
      program: { name: "windlass", version: "0" },
      queries: solo.node.queries,
      reader: solo.reader,
      metrics: solo.metrics,
      submit: (bytes: Uint8Array) => Promise.resolve(solo.submit(bytes)),
      command: (command: Command) => Promise.resolve(solo.command(command)),
      token: "",
      wallMs: () => solo.wallMs(),
    };
    const server: HttpServer = await startHttp(api, { host: "127.0.0.1", port: 0 });
    try {
      await run(server.url, keyFile(folder, "validator", solo.validatorSeed), folder);
    } finally {
      await server.close();
    }
  });
}

test("validators are listed; a change is proposed, waited for, and shown on its way", async () => {
  const solo = new SoloNode();
  solo.runSlots(2);
  await withNode(solo, async (url, key, folder) => {
    const at = ["--node", url];
    const list = await cli(["validator", "list", ...at]);
    assert.match(list.out, new RegExp(`0 +${solo.file.validators[0]} +2 +2 +0 +this node`));
    assert.match(list.out, /slot 2, quorum 1 of 1/);
    assert.match((await cli(["validator", "proposals", ...at])).out, /no open proposals/);
    const account = keyFile(folder, "alice", new Uint8Array(32).fill(9), "account");
    const wrong = await cli(["validator", "propose", "add", account, "--key", key, ...at]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /holds the key of an account[\s\S]*--kind validator/);
    const file = keyFile(folder, "second", new Uint8Array(32).fill(9));
    const propose = ["validator", "propose", "add", file, "--rank", "0", "--key", key, ...at];
    const proposed = await cli([...propose, "--wait", "--json"], () => solo.runSlots(1));
    assert.equal(proposed.code, 0, proposed.err);
    const change = { action: "add", validator: keyOf(9), rank: 0, force: false };
    const { state, change: shown } = proposed.json();
    assert.deepEqual([shown, state], [change, "passed"]);
    const next = (await cli(["validator", "list", ...at])).out;
    assert.match(next, new RegExp(`next: add ${keyOf(9)} at rank 0, once block 3 is final`));
    const again = await cli([...propose, "--json"]);
    assert.equal(again.code, 1, "it is on its way already");
    assert.equal(JSON.parse(again.err).code, "transaction-governance");
    solo.runSlots(3);
    const keys = (await cli(["validator", "list", ...at, "--json"])).json().validators;
    assert.deepEqual([keys[0].key, keys[1].key], [keyOf(9), solo.file.validators[0]]);
  });
});

test("an open proposal tells the others what to run; what is not open cannot be approved", async () => {
  const solo = new SoloNode(4);
  solo.runSlots(4);
  await withNode(solo, async (url, key, folder) => {
    const at = ["--key", key, "--node", url];
    const propose = ["validator", "propose", "add", keyOf(9), ...at];
    const sent = await cli(propose);
    assert.match(sent.out, /needs +approvals of 3[\s\S]*validator approve [0-9a-f]{64} --key FILE/);
    solo.runSlots(4);
    const shown = (await cli(["validator", "proposals", "--node", url])).out;
    assert.match(shown, new RegExp(`add ${keyOf(9)} last[\\s\\S]*rank 0[\\s\\S]*3 needed`));
    const id = /[0-9a-f]{64}/.exec(shown)![0];
    const twice = await cli(["validator", "approve", id, ...at]);
    assert.equal(twice.code, 1);
    assert.match(twice.err, /transaction-governance[\s\S]*validator proposals/);
    const none = await cli(["validator", "approve", "ab".repeat(32), ...at, "--json"]);
    assert.equal(JSON.parse(none.err).code, "proposal-not-open");
    const poor = keyFile(folder, "poor", new Uint8Array(32).fill(200));
    const broke = await cli(["validator", "approve", id, "--key", poor, "--node", url]);
    assert.equal(broke.code, 1);
    assert.match(broke.err, /paid by the validator's own account[\s\S]*tx send --to[\s\S]*minFee/);
  });
});

test("a block's standing is shown with what proves it, and evidence when there is any", async () => {
  const solo = new SoloNode();
  solo.runSlots(4);
  await withNode(solo, async (url) => {
    const at = ["--node", url];
    const final = (await cli(["finality", "2", ...at])).out;
    assert.match(final, /status +final[\s\S]*signed by +1 of 1[\s\S]*certificate +[0-9a-f]{200}/);
    assert.match((await cli(["finality", "4", ...at])).out, /status +justified/);
    const unknown = await cli(["finality", "ab".repeat(32), ...at, "--json"]);
    assert.deepEqual([unknown.code, unknown.json().status], [0, "unknown"]);
    assert.match((await cli(["evidence", ...at])).out, /no evidence against anybody/);
  });
});

test("rotation proposes the add, says what it waits for, and goes on where it stopped", async () => {
  const solo = new SoloNode();
  solo.runSlots(2);
  await withNode(solo, async (url, key) => {
    const rotate = ["validator", "rotate", keyOf(9), "--key", key, "--node", url];
    let polls = 0;
    const first = await cli([...rotate, "--timeout", "1"], () => {
      polls++;
      solo.runSlots(1);
    });
    assert.equal(first.code, 0, first.err);
    assert.ok(polls > 0, "its transaction is waited for");
    assert.match(first.err, new RegExp(`add ${keyOf(9)} at rank 0: proposed`));
    assert.match(first.out, /passed, active once that is final[\s\S]*run this command again/);
    solo.runSlots(3);
    const second = await cli(rotate, () => solo.runSlots(1));
    assert.match(second.out, new RegExp(`remove ${solo.file.validators[0]}`));
    // The new key has no node here, so nothing is decided or final without it.
    assert.match(second.out, /1 of 2 approvals; the others run: .*approve [0-9a-f]{64}/);
    const third = await cli([...rotate, "--json"]);
    assert.deepEqual([third.json().state, third.json().change.action], ["waiting", "remove"]);
    const same = await cli(["validator", "rotate", key, "--key", key, "--node", url]);
    assert.match(same.err, /NEWKEY is the old key/);
    const stranger = keyOf(77);
    const not = await cli(["validator", "rotate", stranger, "--key", key, "--node", url]);
    assert.equal(not.code, 1);
    assert.match(not.err, /this validator proposes something else: remove/);
  });
});

const [a, b, c, d, e] = [1, 2, 3, 4, 5].map(keyOf) as [
  PublicKey,
  PublicKey,
  PublicKey,
  PublicKey,
  PublicKey,
];

function answer(keys: readonly PublicKey[], over: Partial<Validators> = {}): Validators {
  const idle = { lastSealSlot: null, lastVoteSlot: null, missedSlots: 0 };
  const validators = keys.map((key, rank) => ({ rank, key, ...idle, jailed: false, self: false }));
  const none = { pending: null, queue: [], proposals: [], jailed: [] };
  return { height: 9, slot: 9, quorum: 3, validators, ...none, ...over };
}

test("every stage of a rotation has one next step", () => {
  const step = (keys: readonly PublicKey[], over: Partial<Validators> = {}) =>
    rotationStep(answer(keys, over), b, e);
  const add = { action: "add", validator: e, rank: 1, force: false } as const;
  const remove = { action: "remove", validator: b, rank: null, force: false } as const;
  const open = { id: "ab".repeat(32), slot: 8, proposer: b, approvals: [b] };
  const kind = (of: ReturnType<typeof step>) => [of.type, "change" in of ? of.change : undefined];

  assert.deepEqual(kind(step([a, b, c, d])), ["propose", add]);
  assert.equal(step([a, b, c, d], { proposals: [{ ...add, ...open }] }).type, "wait");
  const byOther = { ...add, ...open, proposer: c, approvals: [c] };
  assert.equal(step([a, b, c, d], { proposals: [byOther] }).type, "approve");
  const elsewhere = { ...byOther, rank: 0 };
  assert.equal(step([a, b, c, d], { proposals: [elsewhere] }).type, "propose");
  const pending = { ...add, queuedAt: 8 };
  assert.equal(step([a, b, c, d], { pending }).type, "wait");
  assert.equal(step([a, b, c, d], { queue: [add] }).type, "wait");
  assert.deepEqual(kind(step([a, e, b, c, d])), ["propose", { ...remove, rank: undefined }]);
  assert.equal(step([a, e, b, c, d], { pending: { ...remove, queuedAt: 9 } }).type, "wait");
  assert.equal(step([a, e, c, d]).type, "done");
});

test("a rotation forces its removal only where fewer than four are left", () => {
  const forced = (keys: readonly PublicKey[]) => {
    const step = rotationStep(answer(keys), b, e);
    return step.type === "propose" && step.change.force;
  };
  assert.equal(forced([a, e, b, c]), true);
  assert.equal(forced([a, e, b, c, d]), false);
});

test("a rotation that cannot be is said to be none", () => {
  const code = (step: ReturnType<typeof rotationStep>) => "code" in step && step.code;
  assert.equal(code(rotationStep(answer([a, c]), b, e)), "not-a-validator");
  assert.equal(code(rotationStep(answer([a, b], { jailed: [e] }), b, e)), "validator-jailed");
  const other = { action: "add", validator: d, rank: null, force: false } as const;
  const open = { ...other, id: "ab".repeat(32), slot: 8, proposer: b, approvals: [b] };
  assert.equal(code(rotationStep(answer([a, b], { proposals: [open] }), b, e)), "proposal-open");
});
