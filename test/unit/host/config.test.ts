import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { type Config, readConfig } from "../../../src/host/config.ts";
import { exitCodes } from "../../../src/host/host-error.ts";
import { envExample, envNameOf, options } from "../../../src/host/options.ts";

function config(argv: string, env: Record<string, string> = {}): Config {
  const answer = readConfig(argv.split(" ").filter(Boolean), env);
  assert.equal(answer.type, "config", JSON.stringify(answer));
  return (answer as { config: Config }).config;
}

function problems(argv: string, env: Record<string, string> = {}): string {
  const answer = readConfig(argv.split(" ").filter(Boolean), env);
  assert.equal(answer.type, "problems", JSON.stringify(answer));
  return (answer as { problems: readonly string[] }).problems.join("\n");
}

test("everything follows from the listen port", () => {
  const { listen, dataDir, http, connect, allowPrivate } = config("--listen 4400");
  assert.deepEqual(
    { listen, dataDir, http, connect, allowPrivate },
    {
      listen: 4400,
      dataDir: "data/4400",
      http: { host: "127.0.0.1", port: 5400 },
      connect: [],
      allowPrivate: true,
    },
  );
});

test("flags win over the environment, the environment over defaults", () => {
  const env = { WINDLASS_LISTEN: "5000", WINDLASS_MAX_PEERS: "7", WINDLASS_JSON: "true" };
  const chosen = config("--listen 6000", env);
  assert.equal(chosen.listen, 6000);
  assert.equal(chosen.peersMax, 7);
  assert.equal(chosen.outboundTarget, 7);
  assert.equal(chosen.json, true);
  assert.equal(config("--no-json", env).json, false);
});

test("connect may be repeated, and is comma-separated in the environment", () => {
  const id = "ab".repeat(32);
  assert.deepEqual(config(`--connect a:1 --connect ${id}@[::1]:2`).connect, [
    "a:1",
    `${id}@[::1]:2`,
  ]);
  assert.deepEqual(config("", { WINDLASS_CONNECT: "a:1, b:2" }).connect, ["a:1", "b:2"]);
});

test("http may be a port, a host and port, or off", () => {
  assert.deepEqual(config("--http 80").http, { host: "127.0.0.1", port: 80 });
  assert.deepEqual(config("--http 0.0.0.0:80").http, { host: "0.0.0.0", port: 80 });
  assert.deepEqual(config("--http [::1]:80").http, { host: "::1", port: 80 });
  assert.equal(config("--http off").http, undefined);
  assert.match(problems("--http nonsense"), /--http: off, a port or host:port expected/);
  assert.match(problems("--listen 65000"), /--http: the default, port 66000, does not exist/);
  assert.match(problems("--http 4321"), /--http: port 4321 is the one of --listen/);
});

test("ports that are no ports are named, NaN and empty ones too", () => {
  for (const bad of ["abc", "", "0", "65536", "-1", "1.5", "1e3", "0x10"]) {
    assert.match(problems(`--listen=${bad}`), /--listen: a whole number from 1 to 65535 expected/);
  }
  assert.match(problems("--listen"), /--listen/);
});

test("every problem is reported at once, and says where the value came from", () => {
  const text = problems("--listen x --lisen 3 --slot-ms 1 extra", {
    WINDLASS_OUTBOUND: "many",
    WINDLASS_LISTN: "1",
  });
  assert.match(text, /^--lisen is no option: did you mean --listen\?$/m);
  assert.match(text, /^unexpected argument: extra$/m);
  assert.match(text, /^WINDLASS_LISTN is no option: did you mean WINDLASS_LISTEN\?$/m);
  assert.match(text, /^--listen: .* got "x"$/m);
  assert.match(text, /^--slot-ms: a whole number from 100 to 600000 expected, got "1"$/m);
  assert.match(text, /^WINDLASS_OUTBOUND: .* got "many"$/m);
});

test("what does not go together is said", () => {
  assert.match(problems("--slot-ms 500 --connect a:1"), /--slot-ms .* --connect .* leave it out/);
  assert.match(problems("--slot-ms 500 --network f"), /--network/);
  assert.match(problems("--outbound 60"), /--outbound 60 is more than --max-peers 50/);
  assert.match(problems("--listen 1 --listen 2"), /--listen is given more than once/);
});

test("flags take true, false or nothing", () => {
  assert.equal(config("--json").json, true);
  assert.equal(config("--json=false").json, false);
  assert.equal(config("--allow-private=false").allowPrivate, false);
  assert.equal(config("--json --listen 5000").listen, 5000);
  assert.match(problems("--json=maybe"), /--json: true or false expected, got "maybe"/);
  assert.match(problems("--connect"), /--connect/);
  assert.match(problems("--genesis 00"), /--genesis: 64 lower-case hex digits expected/);
  assert.match(problems("--log-level loud"), /--log-level: one of trace, /);
});

test("forgetting what the validator key has signed is asked for explicitly", () => {
  assert.equal(config("").signerAmnesia, false);
  assert.equal(config("--signer-amnesia").signerAmnesia, true);
  assert.equal(config("", { WINDLASS_SIGNER_AMNESIA: "true" }).signerAmnesia, true);
  assert.match(problems("--signer-amnesia=50"), /--signer-amnesia: true or false expected/);
});

test("help names every option and exit code", () => {
  const answer = readConfig(["--help"], {});
  assert.equal(answer.type, "text");
  for (const { name } of options) {
    assert.ok((answer as { text: string }).text.includes(`--${name}`), name);
  }
  for (const code of Object.values(exitCodes)) {
    assert.match((answer as { text: string }).text, new RegExp(`Exit codes:[^]*\\b${code} `));
  }
});

test(".env.example is what the options say, and its values are valid", () => {
  const path = new URL("../../../.env.example", import.meta.url);
  const text = readFileSync(path, "utf8");
  assert.equal(text, envExample(), "write it anew from envExample()");
  const env: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/^# (WINDLASS_[A-Z_]+)=(.*)$/gm)) env[name!] = value!;
  assert.deepEqual(Object.keys(env).sort(), options.map(({ name }) => envNameOf(name)).sort());
  const together = { ...env };
  delete together["WINDLASS_SLOT_MS"]; // Only for a new devnet, and the example connects.
  delete together["WINDLASS_SENTRIES"]; // Only for a validator that connects to nobody else.
  config("", together);
});

test("bootstrap nodes and the advertised address are checked as addresses", () => {
  const chosen = config("--bootstrap seed.example:1 --bootstrap [::1]:2 --advertise a.example:3");
  assert.deepEqual(chosen.book, {
    bootstrap: ["seed.example:1", "[::1]:2"],
    advertise: "a.example:3",
    asnDb: undefined,
    geoipDb: undefined,
  });
  assert.equal(config("").book.advertise, undefined);
  const { asnDb, geoipDb } = config("--asn-db a.mmdb --geoip-db b.mmdb").book;
  assert.deepEqual([asnDb, geoipDb], ["a.mmdb", "b.mmdb"]);
  assert.equal(config("--advertise off").book.advertise, "off");
  assert.match(problems("--bootstrap nowhere"), /--bootstrap: host:port expected/);
  assert.match(problems(`--advertise ${"0".repeat(64)}@a:1`), /--advertise: off or host:port/);
  assert.match(problems("--slot-ms 500 --bootstrap a:1"), /with --bootstrap the network decides/);
});

test("sentries are pinned, dialled, and all that a node speaks with", () => {
  const id = "ab".repeat(32);
  const chosen = config(`--sentries ${id}@10.0.0.2:4321 --private-peers ${id}`);
  assert.deepEqual(chosen.access.sentries, [id]);
  assert.deepEqual(chosen.access.privatePeers, [id]);
  assert.deepEqual(chosen.connect, [`${id}@10.0.0.2:4321`]);
  assert.equal(config("").access.sentries, undefined);
  assert.match(problems("--sentries 10.0.0.2:4321"), /--sentries: <identity>@host:port expected/);
  assert.match(problems("--private-peers 10.0.0.2:4321"), /--private-peers: an identity/);
  assert.match(problems(`--sentries ${id}@a:1 --connect b:1`), /speaks with those alone/);
});

test("the low profile has fewer peers unless the operator says how many", () => {
  const { isLow, peersMax, outboundTarget } = config("--profile low");
  assert.deepEqual([isLow, peersMax, outboundTarget], [true, 8, 4]);
  assert.equal(config("--profile low --max-peers 20").peersMax, 20);
  assert.equal(config("").peersMax, 50);
  assert.match(problems("--profile tiny"), /--profile: one of full, low/);
});
