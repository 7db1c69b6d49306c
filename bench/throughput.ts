/**
 * Messages a second over one loopback connection between two processes, one direction: sealed,
 * signed, opened, verified, decoded to typed objects and dispatched at the receiver, which is this
 * process. Beside it secret-stream, which encrypts and does not sign.
 */
import { Child } from "./child.ts";
import { listenOnLoopback } from "./listening.ts";
import { LoadReceiver, type LoadShape } from "./load.ts";
import type { BenchOptions } from "./options.ts";
import { type Peers, peerFigure } from "./peers.ts";
import { atLeast, type Bar, type BenchLine, type Figures, rounded } from "./report.ts";
import { receiveSingly } from "./single-frame.ts";
import { rateOf } from "./windows.ts";
import type { WirePlan } from "./wire-child.ts";
import { newIdentity, WireEnd } from "./wire-end.ts";

interface Case {
  readonly name: string;
  readonly shape: LoadShape;
  readonly singly?: boolean;
  readonly peerBytes?: number;
  /** Times secret-stream that it should reach. */
  readonly bar?: number;
}

const kilobyte = 1024;
const cases: readonly Case[] = [
  { name: "256 B", shape: { type: "new_transaction", bytes: 256 }, peerBytes: 256, bar: 2 },
  { name: "1 KiB", shape: { type: "new_transaction", bytes: kilobyte }, peerBytes: kilobyte },
  {
    name: "64 KiB",
    shape: { type: "new_transaction", bytes: 64 * kilobyte },
    peerBytes: 64 * kilobyte,
  },
  // The lane of blocks holds more, so its frames are full: 512 KiB.
  { name: "64 KiB in full frames", shape: { type: "new_block", bytes: 64 * kilobyte } },
  {
    name: "256 B, one per frame",
    shape: { type: "new_transaction", bytes: 256 },
    singly: true,
  },
];

export async function throughput(options: BenchOptions, peers: Peers): Promise<BenchLine[]> {
  const figures: Record<string, Figures> = {};
  const bars: Bar[] = [];
  const chosen = cases.filter(
    ({ name }) =>
      options.cases.length === 0 || options.cases.some((begin) => name.startsWith(begin)),
  );
  for (const each of chosen) {
    const ours = await measure(each, options);
    if (each.peerBytes === undefined) {
      figures[each.name] = ours;
      continue;
    }
    const args = ["--peer=secret", `--size=${each.peerBytes}`, `--secs=${options.windowMs / 1000}`];
    const theirs = await peers.run("a-throughput.mjs", args);
    const secretStream = peerFigure(theirs, "msgs_per_s");
    figures[each.name] = secretStream === undefined ? ours : { ...ours, secretStream };
    if (secretStream === undefined) continue;
    const what = `${each.name} messages/s, secret-stream`;
    bars.push(atLeast(what, ours.messagesPerSecond, secretStream.value, each.bar ?? 0.6));
  }
  return [{ bench: "throughput", figures: { cases: figures }, bars }];
}

async function measure({ shape, singly }: Case, options: BenchOptions) {
  const receiver = new LoadReceiver();
  const ends: WireEnd[] = [];
  const server = await listenOnLoopback((socket) => {
    if (singly) return receiveSingly(socket, receiver);
    const onGone = (reason: string) => {
      if (reason !== "closed") process.stderr.write(`receiver: ${reason}\n`);
    };
    ends.push(
      new WireEnd(socket, "responder", newIdentity(), {
        onMessages: (messages) => {
          for (const message of messages) receiver.take(message);
        },
        onGone,
      }),
    );
  });
  const ticking = setInterval(() => ends[0]?.tick(), 250);
  const plan: WirePlan = { do: singly ? "send-singly" : "send", port: server.port, shape };
  const child = new Child("wire-child.ts", plan, options.profile);
  while (receiver.messages === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const rate = await rateOf(() => receiver.messages, [child.pid, process.pid], options);
  let perFrame = 1;
  if (!singly) {
    const messages = receiver.messages;
    child.tell({ type: "frames" });
    const { frames } = await child.wait<{ type: "framed"; frames: number }>("framed");
    perFrame = rounded(messages / frames);
  }
  clearInterval(ticking);
  await child.stop();
  server.close();
  return {
    messagesPerSecond: rate.perSecond,
    megabytesPerSecond: rounded((rate.perSecond * shape.bytes) / 1e6),
    messagesPerFrame: perFrame,
    message: `${shape.type} of ${shape.bytes} B`,
    windows: rate.windows,
    coresSenderReceiver: rate.cores,
    foreignCores: rate.foreignCores,
  };
}
