/** A running host around a scripted node, and clients that speak to its port. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { acceptedConn, type Job } from "../../../src/edge/conn.ts";
import type { Effect } from "../../../src/edge/effect.ts";
import type { NodeEvent } from "../../../src/edge/event.ts";
import { Host } from "../../../src/host/host.ts";
import type { Signer, Verifier } from "../../../src/host/host-parts.ts";
import { LevelStore } from "../../../src/host/level-store.ts";
import { SystemClock } from "../../../src/host/system.ts";
import { VerifyInline } from "../../../src/host/verify-inline.ts";
import type { ScriptedNode } from "./scripted-node.ts";
import { inFolder } from "./temporary-folder.ts";

export interface Bench {
  readonly host: Host;
  readonly port: number;
  readonly events: NodeEvent[];
  readonly fatal: Promise<unknown>;
}

export interface BenchOptions {
  readonly signer?: Signer;
  readonly verifier?: Verifier;
  readonly closeMs?: number;
  readonly inboundMax?: number;
  readonly onEvent?: (event: NodeEvent, host: Host) => void;
}

export const conn = acceptedConn(0);
export const hash = new Uint8Array(32);

/** A running host around `node`, closed afterwards; then no handle may be left. */
export async function withHost(
  node: ScriptedNode,
  run: (bench: Bench) => Promise<void>,
  options: BenchOptions = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const store = await LevelStore.open(folder, async () => {});
    const events: NodeEvent[] = [];
    let onFatal: (error: unknown) => void = () => {};
    const fatal = new Promise<unknown>((resolve) => {
      onFatal = resolve;
    });
    const host: Host = new Host(
      {
        node,
        clock: new SystemClock(),
        store,
        verifier: options.verifier ?? new VerifyInline(ed25519),
        signer: options.signer,
        onEvent: (event) => {
          events.push(event);
          options.onEvent?.(event, host);
        },
        onFatal,
      },
      { inboundMax: options.inboundMax ?? 8, closeMs: options.closeMs ?? 300 },
    );
    const port = (await host.start(0))!;
    try {
      await run({ host, port, events, fatal });
    } finally {
      await host.close();
    }
  });
}

/** A node that answers `shutdown` as the real one does. */
export const answering =
  (script: (input: never) => readonly Effect[] | undefined = () => undefined) =>
  (input: { type: string; job?: Job; command?: { type: string } }) => {
    if (input.type === "command" && input.command?.type === "shutdown") {
      return [{ type: "answer", job: input.job!, answer: { type: "done" } } as const];
    }
    return script(input as never);
  };

export async function client(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
