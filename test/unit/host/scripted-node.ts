/** A core at its edge: notes its inputs, answers them with the effects a test asks for. */
import type { Conn } from "../../../src/edge/conn.ts";
import type { Effect } from "../../../src/edge/effect.ts";
import type { Input } from "../../../src/edge/input.ts";
import type { NodeLike } from "../../../src/host/host-parts.ts";

type Script = (input: Input) => readonly Effect[] | undefined;

export class ScriptedNode implements NodeLike {
  deadline = Number.POSITIVE_INFINITY;
  readonly inputs: Input[] = [];
  readonly taken: { conn: Conn; bytesMax: number }[] = [];
  private readonly script: Script;
  private readonly output = new Map<Conn, Uint8Array[]>();
  private waiting: { type: Input["type"]; resolve: (input: never) => void }[] = [];

  constructor(script: Script = () => undefined) {
    this.script = script;
  }

  /** What `take` will give for `conn`, one after another. */
  queue(conn: Conn, ...frames: readonly (string | Uint8Array)[]): void {
    const queued = this.output.get(conn) ?? [];
    for (const frame of frames) queued.push(typeof frame === "string" ? Buffer.from(frame) : frame);
    this.output.set(conn, queued);
  }

  handle(input: Input): readonly Effect[] {
    // Bytes are borrowed for the step.
    const kept = input.type === "bytes" ? { ...input, bytes: input.bytes.slice() } : input;
    this.inputs.push(kept);
    const effects = this.script(kept) ?? [];
    const heard = this.waiting.filter(({ type }) => type === input.type);
    this.waiting = this.waiting.filter(({ type }) => type !== input.type);
    for (const { resolve } of heard) resolve(kept as never);
    return effects;
  }

  take(conn: Conn, bytesMax: number): Uint8Array | undefined {
    this.taken.push({ conn, bytesMax });
    return this.output.get(conn)?.shift();
  }

  /** The first input of `type`, now or when it comes. */
  heard<T extends Input["type"]>(type: T): Promise<Extract<Input, { type: T }>> {
    const known = this.inputs.find((input) => input.type === type);
    if (known !== undefined) return Promise.resolve(known as never);
    return new Promise((resolve) => this.waiting.push({ type, resolve }));
  }

  of<T extends Input["type"]>(type: T): Extract<Input, { type: T }>[] {
    return this.inputs.filter((input) => input.type === type) as never;
  }
}
