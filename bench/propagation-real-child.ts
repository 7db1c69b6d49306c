/** A node of the propagation bench, a process of its own: what it sealed, got and said, and when. */
import { hexBytes } from "../src/base/bytes.ts";
import { BlockCopies } from "./block-copies.ts";
import { listenToParent, planOf, type Told, tellParent } from "./child.ts";
import { startNode } from "./real-node.ts";

export interface PropagationRealPlan {
  readonly argv: readonly string[];
}

export interface Seen {
  readonly type: "seen";
  readonly sealed: readonly BlockSeen[];
  readonly got: readonly BlockSeen[];
  /** Sums of what it said about blocks, and bytes of a compact block on average. */
  readonly said: ReturnType<BlockCopies["take"]>;
}

export interface BlockSeen {
  readonly hash: string;
  readonly atMs: number;
}

interface Submit extends Told {
  /** In hex. */
  readonly transactions: readonly string[];
}

const { argv } = planOf<PropagationRealPlan>();
const copies = new BlockCopies();
let sealed: BlockSeen[] = [];
let got: BlockSeen[] = [];
const running = await startNode(argv, (event) => {
  const atMs = performance.timeOrigin + performance.now();
  if (event.type === "sealed") sealed.push({ hash: event.hash, atMs });
  if (event.type !== "head-moved") return;
  // A busy node may take several at once.
  for (let height = event.height - event.connected + 1; height <= event.height; height++) {
    const hash = running.node.queries.block(height)?.hash;
    if (hash !== undefined) got.push({ hash, atMs });
  }
});
copies.watch(running.node);
listenToParent(
  async (told) => {
    if (told.type === "submit") {
      for (const text of (told as Submit).transactions) {
        await running.host.command({ type: "submit-transaction", bytes: hexBytes(text) });
      }
      return;
    }
    tellParent({ type: "seen", sealed, got, said: copies.take(1) } satisfies Seen);
    sealed = [];
    got = [];
  },
  () => running.close(),
);
tellParent({ type: "running" });
