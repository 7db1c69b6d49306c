/** The API of real nodes: a devnet and one that joins it. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { findFreePorts } from "../../src/host/testnet/free-ports.ts";
import { Program, until } from "../support/program.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

type Json = Record<string, unknown>;

async function get(url: string): Promise<Json> {
  return (await (await fetch(url)).json()) as Json;
}

const infoOf = (http: number) => get(`http://127.0.0.1:${http}/api/blockchain/info`);

function nodeArguments(listen: number, http: number, folder: string): string[] {
  const data = join(folder, String(listen));
  return ["--listen", String(listen), "--http", `127.0.0.1:${http}`, "--data-dir", data];
}

test("a devnet serves its chain, a joiner follows, a port in use is refused", () =>
  inFolder(async (folder) => {
    const ports = await findFreePorts(6);
    assert.ok(ports !== undefined);
    const [listen1, http1, listen2, http2, listen3, listen4] = ports as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const first = new Program("node.ts", [
      ...nodeArguments(listen1, http1, folder),
      ...["--slot-ms", "300"],
    ]);
    const programs = [first];
    try {
      const early = await until(
        "the devnet grows",
        async () => {
          const info = await infoOf(http1);
          return (info["height"] as number) >= 2 ? info : undefined;
        },
        programs,
      );
      assert.deepEqual([early["state"], early["role"]], ["synced", "validator"]);

      const clash = new Program("node.ts", nodeArguments(listen3, http1, folder));
      programs.push(clash);
      assert.equal(await clash.ended, 4, clash.err);
      assert.match(clash.err, new RegExp(`port ${http1}[\\s\\S]*--http`));

      const joiner = new Program("node.ts", [
        ...nodeArguments(listen2, http2, folder),
        ...["--connect", `127.0.0.1:${listen1}`],
      ]);
      programs.push(joiner);
      const followed = await until(
        "the joiner follows",
        async () => {
          const info = await infoOf(http2);
          const ready = (await fetch(`http://127.0.0.1:${http2}/api/health/ready`)).status;
          const isUp = (info["height"] as number) > (early["height"] as number);
          return isUp && ready === 200 ? info : undefined;
        },
        programs,
      );
      assert.equal(followed["genesisHash"], early["genesisHash"]);
      assert.equal(followed["role"], "full");
      const at = (http: number) =>
        get(`http://127.0.0.1:${http}/api/blockchain/blocks/${String(early["height"])}`);
      assert.equal((await at(http2))["hash"], (await at(http1))["hash"]);
      const { peers } = (await get(`http://127.0.0.1:${http2}/api/peers`)) as { peers: Json[] };
      assert.equal(peers[0]?.["nodeId"], early["nodeId"]);

      const silent = new Program("node.ts", [
        ...["--listen", String(listen4), "--data-dir", join(folder, "silent"), "--http", "off"],
        ...["--connect", `127.0.0.1:${listen1}`],
      ]);
      programs.push(silent);
      await until(
        "a third peer",
        async () => {
          const answer = await get(`http://127.0.0.1:${http1}/api/peers`);
          return (answer["inbound"] as number) >= 2 ? true : undefined;
        },
        programs,
      );
      assert.equal(await isOpen(listen4 + 1000), false, "nothing listens with --http off");
    } finally {
      const codes = await Promise.all(programs.map((program) => program.end()));
      assert.deepEqual(
        codes.filter((code) => code !== 0 && code !== 4),
        [],
      );
    }
  }));

test("hostile clients of HTTP do not stop the chain", () =>
  inFolder(async (folder) => {
    const [listen, http] = (await findFreePorts(2)) as [number, number];
    const node = new Program("node.ts", [
      ...nodeArguments(listen, http, folder),
      ...["--slot-ms", "300"],
    ]);
    try {
      const url = `http://127.0.0.1:${http}`;
      await until("the node answers", () => infoOf(http), [node]);
      const slow = Array.from({ length: 300 }, () => {
        const socket = connect(http, "127.0.0.1");
        socket.on("error", () => {});
        socket.write("GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-");
        return socket;
      });
      const info =
        await until("it still seals and answers once the slow ones are gone", async () => {
          const answer = await infoOf(http);
          return (answer["height"] as number) >= 5 ? answer : undefined;
        }, [node]);
      assert.ok(info["height"]);
      for (const socket of slow) socket.destroy();
      const big = await fetch(`${url}/api/transactions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "x".repeat(4_000_000),
      }).then(
        ({ status }) => status,
        () => 413, // Closed while we still wrote.
      );
      assert.equal(big, 413);
      assert.equal((await fetch(`${url}/api/blockchain/blocks?limit=1e9`)).status, 400);
      assert.equal((await fetch(`${url}/api/health`)).status, 200);
    } finally {
      assert.equal(await node.end(), 0);
    }
  }));

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
