/**
 * Memory of one process for each connection that is ready and silent: bare sessions on sockets, and
 * a whole node. The diallers are a process of their own, each connection under its own identity.
 */
import { Child } from "./child.ts";
import type { HoldPlan } from "./hold-child.ts";
import type { BenchOptions } from "./options.ts";
import { type Peers, peerFigure } from "./peers.ts";
import { atMost, type Bar, type BenchLine, type Figures, rounded } from "./report.ts";
import type { WirePlan } from "./wire-child.ts";

const kibibyte = 1024;
/** Small beside what is measured, for it reuses what these leave. */
const warmUpPart = 0.1;

export async function idle(options: BenchOptions, peers: Peers): Promise<BenchLine[]> {
  const connections: Figures[] = [];
  const bars: Bar[] = [];
  const { settleMs } = options;
  for (const count of options.idle) {
    const sessions = await measure({ what: "sessions", count, settleMs });
    const node = await measure({ what: "node", count, settleMs });
    const args = ["--do=idle", "--peer=secret", `--n=${count}`];
    const lines = await peers.run("bd-connections.mjs", args, ["--expose-gc"]);
    const secretStream = peerFigure(lines, "rss_per_conn");
    connections.push({ count, sessions, node, ...(secretStream && { secretStream }) });
    const ours = node.rssKibPerPeer;
    bars.push(atMost(`${count} idle peers of a node, RSS KiB each, 24 KiB`, ours, 24));
    if (secretStream === undefined) continue;
    // A bare link beside a bare link.
    const bare = sessions.rssKibPerPeer;
    bars.push(
      atMost(`${count} idle sessions, RSS KiB each, secret-stream`, bare, secretStream.value),
    );
  }
  return [{ bench: "idle", figures: { connections }, bars }];
}

interface Memory {
  readonly type: "memory";
  readonly open: number;
  readonly rss: number;
  /** Of it the young generation, which grows to 32 MiB however few peers there are. */
  readonly youngRss: number;
  readonly heap: number;
  readonly external: number;
}

async function measure(holding: HoldPlan) {
  const { count } = holding;
  const holder = new Child("hold-child.ts", holding, undefined, ["--expose-gc"]);
  const { port, genesis } = await holder.wait<Held>("holding");
  const memory = async () => {
    holder.tell({ type: "measure" });
    return await holder.wait<Memory>("memory");
  };
  const cold = await memory();
  await warmUp({ do: "idle", port, count: Math.ceil(count * warmUpPart), genesis });
  const plan: WirePlan = { do: "idle", port, count, genesis };
  const dialler = new Child("wire-child.ts", plan);
  try {
    const before = await memory();
    dialler.tell({ type: "go" });
    await dialler.wait("up");
    const after = await memory();
    const each = (bytes: number) => rounded(bytes / count / kibibyte);
    const lasting = ({ rss, youngRss }: Memory) => rss - youngRss;
    return {
      lastingKibPerPeer: each(lasting(after) - lasting(before)),
      lastingKibPerPeerFromCold: each(lasting(after) - lasting(cold)),
      rssKibPerPeer: each(after.rss - before.rss),
      heapKibPerPeer: each(after.heap - before.heap),
      externalKibPerPeer: each(after.external - before.external),
      open: after.open,
      rssKibPerPeerFromCold: each(after.rss - cold.rss),
      rssMib: [cold, before, after].map(({ rss }) => rounded(rss / kibibyte / kibibyte)),
      youngMib: [cold, before, after].map(({ youngRss }) =>
        rounded(youngRss / kibibyte / kibibyte),
      ),
    };
  } finally {
    await dialler.stop();
    await holder.stop();
  }
}

/** Compiles what will run and lets the young generation grow: that is paid once, not by each. */
async function warmUp(plan: WirePlan): Promise<void> {
  const dialler = new Child("wire-child.ts", plan);
  dialler.tell({ type: "go" });
  await dialler.wait("up");
  await dialler.stop();
}

interface Held {
  readonly type: "holding";
  readonly port: number;
  readonly genesis: readonly number[];
}
