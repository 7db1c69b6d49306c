/** The other end of a wire bench, a process of its own: sends, dials again and again, or idles. */
import type { Socket } from "node:net";
import { listenToParent, planOf, tellParent } from "./child.ts";
import { dialLoopback } from "./listening.ts";
import { Load, type LoadShape } from "./load.ts";
import { sendSingly } from "./single-frame.ts";
import { newIdentity, WireEnd } from "./wire-end.ts";

export type WirePlan =
  | { readonly do: "send"; readonly port: number; readonly shape: LoadShape }
  | { readonly do: "send-singly"; readonly port: number; readonly shape: LoadShape }
  | { readonly do: "dial"; readonly port: number; readonly atOnce: number }
  | {
      readonly do: "idle";
      readonly port: number;
      readonly count: number;
      readonly genesis?: readonly number[];
    };

// As the node's program does: no dear stack for each connection that is reset.
process.setSourceMapsEnabled(false);
const plan = planOf<WirePlan>();
const ends: WireEnd[] = [];
let dialled = 0;
let latenciesMs: number[] = [];
setInterval(() => {
  for (const end of ends) end.tick();
}, 250);

/** Ready when our side is, and a frame of the other side has come. */
async function dialOnce(identity = newIdentity(), genesis?: Uint8Array): Promise<WireEnd> {
  const socket: Socket = await dialLoopback(plan.port);
  return new Promise((resolve, reject) => {
    let bytesAtReady = Number.POSITIVE_INFINITY;
    const end = new WireEnd(
      socket,
      "initiator",
      identity,
      {
        onReady: () => {
          bytesAtReady = end.session.bytesReceived;
        },
        onGone: (reason) => reject(new Error(reason)),
      },
      genesis,
    );
    // After the session's own listener, so the frame has been opened.
    socket.on("data", () => {
      if (end.session.bytesReceived > bytesAtReady) resolve(end);
    });
  });
}

async function dialForever(): Promise<void> {
  const identity = newIdentity();
  for (;;) {
    const from = performance.now();
    const end = await dialOnce(identity);
    latenciesMs.push(performance.now() - from);
    dialled++;
    end.socket.resetAndDestroy();
  }
}

async function idle(count: number, genesis: readonly number[] | undefined): Promise<void> {
  const hash = genesis === undefined ? undefined : Uint8Array.from(genesis);
  for (let i = 0; i < count; i++) ends.push(await dialOnce(newIdentity(), hash));
  tellParent({ type: "up" });
}

async function send(shape: LoadShape): Promise<void> {
  const load = new Load(shape);
  const end = new WireEnd(await dialLoopback(plan.port), "initiator", newIdentity(), {
    onReady: () => setImmediate(() => end.flush()),
    onRoom: (session) => load.fill((message) => session.send(message)),
    onGone: (reason) => process.stderr.write(`sender: ${reason}\n`),
  });
  ends.push(end);
}

listenToParent((told) => {
  switch (told.type) {
    case "count":
      tellParent({ type: "counted", dialled, latenciesMs });
      latenciesMs = [];
      break;
    case "frames":
      tellParent({ type: "framed", frames: ends[0]?.framesWritten ?? 0 });
      break;
    case "go":
      if (plan.do === "idle") void idle(plan.count, plan.genesis);
  }
});

switch (plan.do) {
  case "send":
    await send(plan.shape);
    break;
  case "send-singly":
    sendSingly(await dialLoopback(plan.port), plan.shape);
    break;
  case "dial":
    for (let i = 0; i < plan.atOnce; i++) void dialForever();
    break;
  case "idle":
}
