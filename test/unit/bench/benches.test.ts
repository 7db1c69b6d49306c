/** Each bench runs with tiny sizes and prints what its README promises. Figures are not judged. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function bench(...args: string[]): Promise<{ code: number | null; text: string; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", "bench/run.ts", ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    let errors = "";
    child.stdout.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      errors += bytes.toString();
    });
    child.on("close", (code) => resolve({ code, text, errors }));
  });
}

/** Names of figures that each line has, dots for depth. */
const promised: Readonly<Record<string, readonly string[]>> = {
  throughput: [
    "cases.256 B.messagesPerSecond",
    "cases.256 B.messagesPerFrame",
    "cases.256 B.megabytesPerSecond",
    "cases.256 B, one per frame.messagesPerSecond",
  ],
  handshakes: ["oneByOne.handshakesPerSecond", "16AtOnce.handshakesPerSecond"],
  idle: ["connections.0.sessions.open", "connections.0.node.open"],
  "sync-empty": ["blocksPerSecond", "peakRssMib", "loopDelayMs.p99", "validators"],
  "sync-transfers": ["transfersPerSecond", "transfers", "senders"],
  start: ["secondsToFirstBlock"],
  codec: [
    "messages.ping.msgpack.bytes",
    "messages.headers, 200.json.bytes",
    "messages.inv of 200.msgpack.encodesPerSecond",
    "messages.block of 100 transfers.json.decodesPerSecond",
  ],
  deflate: ["answers.headers.ratio", "synced.2 Mbit/s.timesAsFast", "synced.2 Mbit/s.bytes"],
  finality: ["real.slots.median", "simulated.0.slots.worst"],
  "vote-cost": ["cpuMsPerSlot.mean", "shareOfOneCore", "memory.afterMib"],
};

test("each bench prints one JSON line with its figures and the machine", {
  concurrency: true,
}, async (t) => {
  const runs = Object.entries(promised).map(([name, figures]) =>
    t.test(name, async () => {
      const { code, text, errors } = await bench(
        "--quick",
        "--json",
        "--only",
        name,
        "--case",
        "256",
      );
      assert.equal(code, 0, errors);
      const lines = text.trim().split("\n");
      assert.equal(lines.length, 1, text);
      const line = JSON.parse(lines[0]!) as Record<string, unknown>;
      assert.equal(line["bench"], name);
      for (const figure of figures) {
        const value = at(line, figure);
        assert.ok(typeof value === "number" && value > 0, `${figure}: ${String(value)}`);
      }
      for (const fact of ["cpus", "model", "node", "openssl", "loadavg"]) {
        assert.notEqual(at(line, `machine.${fact}`), undefined, fact);
      }
      assert.ok(!Number.isNaN(Date.parse(String(line["at"]))));
    }),
  );
  await Promise.all(runs);
});

test("a bench that there is not is refused with the names of those that there are", async () => {
  const { code, errors } = await bench("--only", "nonsense");
  assert.equal(code, 2);
  assert.match(errors, /throughput, handshakes/);
});

function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split("."))
    found = (found as Record<string, unknown> | undefined)?.[name];
  return found;
}
