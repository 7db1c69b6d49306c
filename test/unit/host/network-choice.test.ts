import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { concatBytes, u32Bytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { type Config, readConfig } from "../../../src/host/config.ts";
import { DataFolder } from "../../../src/host/data-folder.ts";
import { makeDevnet } from "../../../src/host/devnet.ts";
import { requestNetworkFile } from "../../../src/host/genesis-client.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { chooseNetwork } from "../../../src/host/network-choice.ts";
import { SystemClock, systemRandom } from "../../../src/host/system.ts";
import { publicKeyOf } from "../../../src/model/ids.ts";
import { formatNetworkFile } from "../../../src/model/network-file.ts";
import { wireLimits } from "../../../src/params/limits.ts";
import { decodeOpening } from "../../../src/wire/opening.ts";
import { inFolder } from "./temporary-folder.ts";

const env = { clock: new SystemClock(), random: systemRandom, signatures: ed25519 };
const devnet = () =>
  makeDevnet({
    random: systemRandom,
    signatures: ed25519,
    validator: publicKeyOf(ed25519.publicKey(new Uint8Array(32))),
    wallMs: 1_000_000,
  }).networkFile;

function choose(folder: DataFolder, argv: readonly string[], said: string[] = []) {
  const answer = readConfig(argv, {});
  assert.equal(answer.type, "config");
  return chooseNetwork({
    config: (answer as { config: Config }).config,
    folder,
    env,
    keyOptions: { signatures: ed25519, random: systemRandom, passphrase: undefined },
    say: (text) => said.push(text),
    signal: new AbortController().signal,
  });
}

async function withPeer(
  answer: (socket: Socket) => void,
  run: (address: string) => Promise<void>,
): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes: Buffer) => {
      assert.equal(decodeOpening(bytes).role, "genesis-request");
      answer(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await run(`127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const framed = (text: string) => concatBytes(u32Bytes(text.length), Buffer.from(text));

const mismatch = (error: HostError) => {
  assert.ok(error instanceof HostError, String(error));
  assert.equal(error.exitCode, 6);
  return true;
};

test("alone and fresh, a node makes a devnet of its own and keeps it", () =>
  inFolder(async (path) => {
    const folder = DataFolder.open(path);
    const made = await choose(folder, ["--slot-ms", "500"]);
    assert.equal(made.origin, "devnet");
    assert.match(made.file.name, /^devnet-[0-9a-f]{4}$/);
    assert.equal(made.file.slotMs, 500);
    assert.equal(made.accounts.length, 3);
    assert.equal(statSync(folder.accounts).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(readFileSync(folder.accounts, "utf8")), made.accounts);
    const kept = await choose(folder, []);
    assert.equal(kept.origin, "folder");
    assert.equal(kept.genesisHash, made.genesisHash);
    folder.close();
  }));

test("a joiner takes the network of the peer it names, and shows its hash", () =>
  inFolder(async (path) => {
    const file = devnet();
    const answer = (socket: Socket) => socket.end(framed(formatNetworkFile(file)));
    await withPeer(answer, async (address) => {
      const folder = DataFolder.open(path);
      const said: string[] = [];
      const taken = await choose(folder, ["--connect", address], said);
      assert.equal(taken.origin, "peer");
      assert.match(said.join("\n"), new RegExp(taken.genesisHash));
      assert.equal(readFileSync(folder.networkFile, "utf8"), formatNetworkFile(file));
      folder.close();
    });
  }));

test("folder, file, peer and pin must name one network", () =>
  inFolder(async (path) => {
    const folder = DataFolder.open(path);
    const [one, other] = [join(path, "one.json"), join(path, "other.json")];
    writeFileSync(one, formatNetworkFile(devnet()));
    writeFileSync(other, formatNetworkFile(devnet()));
    const pin = "11".repeat(32);
    await assert.rejects(choose(folder, ["--network", one, "--genesis", pin]), mismatch);
    const answer = (socket: Socket) => socket.end(framed(formatNetworkFile(devnet())));
    await withPeer(answer, (address) =>
      assert.rejects(choose(folder, ["--connect", address, "--genesis", pin]), mismatch),
    );
    const chosen = await choose(folder, ["--network", one]);
    await choose(folder, ["--network", one, "--genesis", chosen.genesisHash]);
    await assert.rejects(choose(folder, ["--network", other]), mismatch);
    folder.close();
  }));

test("a network file that is missing or wrong is named with every problem", () =>
  inFolder(async (path) => {
    const folder = DataFolder.open(path);
    const file = join(path, "n.json");
    const fails = (pattern: RegExp) =>
      assert.rejects(choose(folder, ["--network", file]), (error: HostError) => {
        assert.equal(error.exitCode, 2);
        assert.match(error.message, pattern);
        return true;
      });
    await fails(/there is no such file/);
    writeFileSync(file, '{"name":"","slotMs":1}');
    await fails(/name.*\n.*slotMs/s);
    folder.close();
  }));

test("a chain without its network file is not guessed at", () =>
  inFolder(async (path) => {
    const folder = DataFolder.open(path);
    writeFileSync(join(folder.chain, "CURRENT"), "");
    await assert.rejects(choose(folder, []), (error: HostError) => error.exitCode === 5);
    folder.close();
  }));

test("an answer that is empty, cut, too large, no text or none at all is refused in bounds", async () => {
  const answers: [(socket: Socket) => void, RegExp][] = [
    [(socket) => socket.end(), /closed without an answer/],
    [(socket) => socket.end(framed("abc").subarray(0, 5)), /cut/],
    [(socket) => socket.end(concatBytes(framed("abc"), new Uint8Array(1))), /cut/],
    [(socket) => socket.end(Buffer.alloc(wireLimits.networkFileBytesMax + 5)), /larger/],
    [(socket) => socket.end(concatBytes(u32Bytes(2), new Uint8Array([0xff, 0xfe]))), /not text/],
    [(socket) => void setTimeout(() => socket.destroy(), 200), /no answer in 0.05 s/],
  ];
  for (const [answer, expected] of answers) {
    await withPeer(answer, async (address) => {
      const got = await requestNetworkFile(address, 50);
      assert.ok("failed" in got);
      assert.match(got.failed, expected);
    });
  }
  const got = await requestNetworkFile("127.0.0.1:1", 1000);
  assert.ok("failed" in got && /ECONNREFUSED/.test(got.failed));
});
