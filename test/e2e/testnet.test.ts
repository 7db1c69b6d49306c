/** bin/testnet.ts: real processes that agree, and leave nothing behind. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Program, until } from "../support/program.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

interface NodeView {
  readonly listen: number;
  readonly http: number;
  readonly height: number | null;
  readonly headHash: string | null;
  readonly finalizedHeight: number | null;
}

interface Line {
  readonly type: string;
  readonly sent: number;
  readonly nodes: readonly NodeView[];
  readonly agreed?: boolean;
}

const linesOf = ({ out }: Program) =>
  out
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);

const small = ["--nodes", "3", "--validators", "2", "--slot-ms", "300", "--json"];
const ours = () => readdirSync(tmpdir()).filter((name) => name.startsWith("windlass-testnet-"));

async function isGone({ http }: NodeView): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(http, "127.0.0.1");
    socket.once("connect", () => resolve(false)).once("error", () => resolve(true));
    socket.unref();
  });
}

test("three nodes grow one chain, pass transfers on, agree, and are gone afterwards", async () => {
  const before = ours();
  const testnet = new Program("testnet.ts", [...small, "--duration", "12", "--rate", "5"]);
  assert.equal(await testnet.ended, 0, testnet.out.slice(-2000) + testnet.err);
  const lines = linesOf(testnet);
  const summary = lines.at(-1)!;
  assert.deepEqual([summary.type, summary.agreed, summary.nodes.length], ["summary", true, 3]);
  assert.ok(lines.slice(0, -1).every(({ type }) => type === "status"));
  assert.ok(lines.length >= 8, "about one line a second");
  for (const node of summary.nodes) {
    assert.ok((node.height ?? 0) >= 3, JSON.stringify(node));
    assert.match(node.headHash ?? "", /^[0-9a-f]{64}$/);
    assert.equal(typeof node.finalizedHeight, "number");
    assert.ok(await isGone(node), "its process has ended");
  }
  assert.ok(summary.sent > 0, "transfers were accepted");
  assert.deepEqual(ours(), before, "no folder is left");
});

test("Ctrl-C ends it with a summary, and --keep keeps the data", () =>
  inFolder(async (folder) => {
    const keep = join(folder, "kept");
    const testnet = new Program("testnet.ts", [...small, "--keep", keep]);
    await until("all have a block", () => {
      const last = linesOf(testnet).at(-1);
      const isUp = last?.nodes.every(({ height }) => (height ?? 0) >= 1) === true;
      return Promise.resolve(isUp || undefined);
    }, [testnet]);
    testnet.child.kill("SIGINT");
    assert.equal(await testnet.ended, 0, testnet.out.slice(-1000) + testnet.err);
    assert.deepEqual(
      [linesOf(testnet).at(-1)?.type, linesOf(testnet).at(-1)?.agreed],
      ["summary", true],
    );
    for (const file of ["network.json", "accounts.json", "node-2/chain/CURRENT"]) {
      assert.ok(existsSync(join(keep, file)), file);
    }
  }));

test("a node that dies is shown with its last words, and the exit code is 1", () =>
  inFolder(async (folder) => {
    const keep = join(folder, "kept");
    const testnet = new Program("testnet.ts", [...small, "--keep", keep]);
    const lock = join(keep, "node-1", "lock");
    const pid = await until("the second node runs", async () => {
      const last = linesOf(testnet).at(-1);
      if (last?.nodes[1]?.height == null) return undefined;
      const match = /[0-9]+/.exec(readFileSync(lock, "utf8"));
      return match === null ? undefined : Number(match[0]);
    }, [testnet]);
    process.kill(pid, "SIGKILL");
    assert.equal(await testnet.ended, 1);
    const summary = linesOf(testnet).at(-1) as Line & {
      readonly died: readonly { name: string; exit: string; lastLines: readonly string[] }[];
    };
    assert.equal(summary.agreed, false);
    assert.deepEqual(
      summary.died.map(({ name, exit }) => [name, exit]),
      [["node-1", "SIGKILL"]],
    );
    assert.ok(summary.died[0]!.lastLines.length > 0);
    for (const node of summary.nodes) assert.ok(await isGone(node));
  }));
