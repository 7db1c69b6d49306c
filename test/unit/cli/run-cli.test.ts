/** The command line without a process: what it makes, what it refuses, and what it says then. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { startHttp } from "../../../src/host/http/start-http.ts";
import { nodeIdOf } from "../../../src/model/ids.ts";
import { encodePayload } from "../../../src/wire/codec.ts";
import { framePreimage } from "../../../src/wire/frame.ts";
import { recordFrame } from "../../../src/wire/recorded-frame.ts";
import { SoloNode } from "../../support/solo-node.ts";
import { inFolder } from "../host/temporary-folder.ts";
import { cli } from "./cli-under-test.ts";

const address = "ab".repeat(32);

test("mistakes exit 2 and name the option and the mend", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /which command[\s\S]*--help/],
    ["peeers", /Did you mean peers/],
    ["tx", /send or show/],
    ["tx send --amount 5", /--to is missing/],
    [`tx send --to ${address}`, /--amount is missing/],
    [`tx send --to ${address.toUpperCase()} --amount 5`, /--to[\s\S]*lower-case hex/],
    [`tx send --to ${address} --amount 1.5`, /--amount: "1.5"[\s\S]*digits only/],
    [`tx send --to ${address} --amount -5`, /--amount/],
    [`tx send --to ${address} --amount 18446744073709551616`, /below 2\^64/],
    [`tx send --to ${address} --amount 1 --amount 2`, /--amount: it is given more than once/],
    [`tx send --to ${address} --amount 1 --key /nowhere/k.json`, /--key: there is no file/],
    [`tx send --to ${address} --amount 1 --timeout x --wait`, /--timeout/],
    ["status --node ftp://x", /--node[\s\S]*http:\/\/127\.0\.0\.1:5321/],
    ["status --nod x", /did you mean --node/],
    ["status extra", /extra/],
    ["account", /at least 1/],
    ["account xyz", /ADDRESS[\s\S]*64 lower-case hex/],
    ["block 1e3", /is no block/],
    ["tx show 5", /ID: "5"/],
    ["key new", /at least 1/],
    ["key new /tmp/x --kind shoe", /--kind[\s\S]*account, validator, node/],
    ["key show /nowhere/key.json", /there is no file/],
    ["genesis", /--out is missing/],
    ["genesis --out /tmp/nowhere-n.json --name a", /--validators is missing/],
    ["genesis --out /tmp/nowhere-n.json --name a --validators 0", /--validators: 0/],
    ["genesis --out /tmp/nowhere-n.json --name / --validators 1", /name: 1 to 64 letters/],
    ["genesis --out /tmp/nowhere-n.json --name a --validators 1 --slot-ms 5", /--slot-ms/],
    ["genesis --out /tmp/nowhere-n.json --name a --validators 1 --account x", /KEY=AMOUNT/],
    ["genesis check /nowhere", /there is no file/],
    ["frame verify /nowhere", /there is no file/],
    ["finality x", /is no block/],
    ["validator", /list, proposals, propose ACTION KEY, approve ID or rotate NEWKEY/],
    [`validator propose adopt ${address}`, /"adopt" is no change[\s\S]*add, remove or rerank/],
    ["validator propose add xyz", /KEY: there is no file xyz/],
    [`validator propose rerank ${address}`, /--rank is missing/],
    [`validator propose remove ${address} --rank 1`, /--rank: a removed validator/],
    [`validator propose add ${address} --rank 128`, /--rank: "128"/],
    [`validator propose add ${address} --force`, /--force: only a removal/],
    [`validator propose add ${address} --key /nowhere/k.json`, /--key: there is no file/],
    ["validator approve 5", /PROPOSAL: "5"/],
    ["validator rotate", /newKey|not enough/i],
    [`validator rotate ${address} --key /nowhere/k.json`, /--key: there is no file/],
  ];
  for (const [line, expected] of cases) {
    const { code, out, err } = await cli(line.split(" ").filter(Boolean));
    assert.equal(code, 2, `${line}: ${err}`);
    assert.equal(out, "", line);
    assert.match(err, expected, line);
  }
  assert.ok(!existsSync("/tmp/nowhere-n.json") && !existsSync("/tmp/validator-0.json"));
});

test("no node: the URL, how to start one, and an exit code of its own", async () => {
  const argv = ["status", "--node", "http://127.0.0.1:9"];
  const { code, err } = await cli(argv);
  assert.equal(code, 7);
  assert.match(err, /http:\/\/127\.0\.0\.1:9[\s\S]*npx tsx bin\/node\.ts --listen 4321/);
  const json = JSON.parse((await cli([...argv, "--json"])).err);
  assert.deepEqual([json.type, json.code], ["error", "node-unreachable"]);
});

test("help is no error", async () => {
  for (const argv of [["--help"], ["tx", "send", "--help"], ["genesis", "--help"]]) {
    const { code, out } = await cli(argv);
    assert.equal(code, 0);
    assert.match(out, /Options:/);
  }
});

test("a key file is private, shown again the same, and never overwritten", () =>
  inFolder(async (folder) => {
    const file = join(folder, "keys", "alice.json");
    const made = (await cli(["key", "new", file, "--json"])).json();
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual((await cli(["key", "show", file, "--json"])).json(), made);
    assert.ok(!JSON.stringify(made).includes(JSON.parse(readFileSync(file, "utf8")).seed));
    const again = await cli(["key", "new", file]);
    assert.equal(again.code, 2);
    assert.match(again.err, /there already/);
  }));

test("genesis makes a network with keys, check and hash agree on it", () =>
  inFolder(async (folder) => {
    const out = join(folder, "network.json");
    const key = join(folder, "alice.json");
    const { address: alice } = (await cli(["key", "new", key, "--json"])).json();
    const argv = ["genesis", "--name", "my chain", "--validators", "2", "--out", out];
    const accounts = ["--account", `${key}=500`, "--account", `${address}=7`];
    const made = await cli([...argv, ...accounts, "--slot-ms", "1000", "--json"]);
    assert.equal(made.code, 0, made.err);
    const file = JSON.parse(readFileSync(out, "utf8"));
    assert.deepEqual(
      new Map(file.accounts.map((a: Record<string, string>) => [a["address"], a["balance"]])),
      new Map([
        [alice, "500"],
        [address, "7"],
      ]),
    );
    const keyFiles = made.json().keyFiles as string[];
    const kinds = await Promise.all(keyFiles.map((path) => cli(["key", "show", path, "--json"])));
    assert.deepEqual(
      kinds.map((kind) => kind.json().publicKey),
      file.validators,
    );
    const hash = (await cli(["network", "hash", out])).out.trim();
    assert.equal(hash, made.json().genesisHash);
    assert.match((await cli(["genesis", "check", out])).out, new RegExp(hash));
    assert.match((await cli([...argv, ...accounts])).err, /--out[\s\S]*there already/);
    writeFileSync(out, JSON.stringify({ ...file, slotMs: 1, extra: true }));
    const bad = await cli(["genesis", "check", out]);
    assert.equal(bad.code, 1);
    assert.match(bad.err, /slotMs[\s\S]*extra/);
  }));

test("a recorded frame is proven, an edited one is not", () =>
  inFolder(async (folder) => {
    const seed = new Uint8Array(32).fill(7);
    const payload = encodePayload([{ type: "get_peers", count: 8 }]);
    const fields = {
      genesisHash: new Uint8Array(32).fill(1),
      handshakeHash: new Uint8Array(32).fill(2),
      sender: ed25519.publicKey(seed),
      recipient: new Uint8Array(32).fill(3),
      fromInitiator: true,
      flags: 0,
      version: 1,
      sequence: 4,
      payloadBytes: payload.length,
      payloadDigest: sha256(payload),
    };
    const record = recordFrame(fields, payload, ed25519.sign(seed, framePreimage(fields)));
    const file = join(folder, "frame.json");
    writeFileSync(file, JSON.stringify(record));
    const { code, out } = await cli(["frame", "verify", file]);
    assert.equal(code, 0);
    assert.match(out, /get_peers count=8/);
    assert.match(out, new RegExp(nodeIdOf(fields.sender)));
    writeFileSync(file, JSON.stringify({ ...record, sequence: 5 }));
    const edited = await cli(["frame", "verify", file]);
    assert.equal(edited.code, 1);
    assert.match(edited.err, /proves nothing/);
  }));

test("a transfer is signed here, sent, waited for and shown; the node's refusals are passed on", () =>
  inFolder(async (folder) => {
    const solo = new SoloNode();
    const server = await startHttp(
      {
        program: { name: "windlass", version: "0" },
        queries: solo.node.queries,
        reader: solo.reader,
        metrics: solo.metrics,
        submit: (bytes) => Promise.resolve(solo.submit(bytes)),
        command: (command) => Promise.resolve(solo.command(command)),
        token: "",
        wallMs: () => solo.wallMs(),
      },
      { host: "127.0.0.1", port: 0 },
    );
    try {
      const accounts = join(folder, "accounts.json");
      writeFileSync(accounts, JSON.stringify(solo.accounts), { mode: 0o600 });
      const [alice, bob] = solo.accounts;
      const common = ["--node", server.url, "--json"];
      const send = ["tx", "send", "--to", bob!.address, "--key", accounts, ...common];
      const sent = await cli([...send, "--amount", "10", "--wait"], () => solo.runSlots(1));
      assert.equal(sent.code, 0, sent.err);
      assert.equal(sent.json().status, "confirmed");
      const shown = await cli(["tx", "show", sent.json().id, ...common]);
      assert.equal(shown.json().transaction.from, alice!.address);
      const account = await cli(["account", alice!.address, ...common]);
      assert.deepEqual([account.json().nonce, account.json().balance], ["1", "999999989"]);
      const tooMuch = await cli([...send, "--amount", "9999999999", "--from", "bob"]);
      assert.equal(tooMuch.code, 1);
      assert.equal(JSON.parse(tooMuch.err).code, "transaction-balance");
      const nobody = await cli([...send, "--amount", "1", "--from", "eve"]);
      assert.equal(nobody.code, 2);
      assert.match(JSON.parse(nobody.err).mend, /alice, bob, carol/);
      assert.equal((await cli(["status", ...common])).json().height, 1);
      assert.match((await cli(["status", "--node", server.url])).out, /SYNCED/);
      assert.match((await cli(["peers", "--node", server.url])).out, /no peers/);
      assert.match((await cli(["block", "1", "--node", server.url])).out, /transaction/);
      assert.equal((await cli(["block", "99", ...common])).code, 1);
    } finally {
      await server.close();
    }
  }));
