/**
 * New connections a second, until the dialler has a frame of the other side: one after another, and
 * 16 at once. This process accepts. Beside it secret-stream, until the first byte.
 */
import { Child } from "./child.ts";
import { listenOnLoopback } from "./listening.ts";
import type { BenchOptions } from "./options.ts";
import { type Peers, peerFigure } from "./peers.ts";
import { atLeast, type Bar, type BenchLine, type Figures, median, rounded } from "./report.ts";
import { rateOf } from "./windows.ts";
import type { WirePlan } from "./wire-child.ts";
import { newIdentity, WireEnd } from "./wire-end.ts";

const manyAtOnce = 16;

export async function handshakes(options: BenchOptions, peers: Peers): Promise<BenchLine[]> {
  const figures: Record<string, Figures> = {};
  const bars: Bar[] = [];
  // As the node's program does: no dear stack for each connection that is reset.
  process.setSourceMapsEnabled(false);
  for (const atOnce of [1, manyAtOnce]) {
    const name = atOnce === 1 ? "oneByOne" : `${atOnce}AtOnce`;
    const ours = await measure(atOnce, options);
    const args = ["--do=handshake", "--peer=secret", `--conc=${atOnce}`];
    const secretStream = peerFigure(
      await peers.run("bd-connections.mjs", args),
      "handshakes_per_s",
    );
    figures[name] = secretStream === undefined ? ours : { ...ours, secretStream };
    if (secretStream === undefined) continue;
    const what = `handshakes/s ${name}, secret-stream`;
    bars.push(atLeast(what, ours.handshakesPerSecond, secretStream.value, 1));
  }
  return [{ bench: "handshakes", figures, bars }];
}

async function measure(atOnce: number, options: BenchOptions) {
  const identity = newIdentity();
  const server = await listenOnLoopback((socket) => {
    new WireEnd(socket, "responder", identity, {});
  });
  const plan: WirePlan = { do: "dial", port: server.port, atOnce };
  const child = new Child("wire-child.ts", plan, options.profile);
  const latencies: number[] = [];
  const counter = async () => {
    child.tell({ type: "count" });
    const { dialled, latenciesMs } = await child.wait<Counted>("counted");
    latencies.push(...latenciesMs);
    return dialled;
  };
  while ((await counter()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const rate = await rateOf(counter, [child.pid, process.pid], options);
  await child.stop();
  server.close();
  return {
    handshakesPerSecond: rate.perSecond,
    medianMs: rounded(median(latencies)),
    windows: rate.windows,
    coresDiallerAcceptor: rate.cores,
    foreignCores: rate.foreignCores,
  };
}

interface Counted {
  readonly type: "counted";
  readonly dialled: number;
  readonly latenciesMs: readonly number[];
}
