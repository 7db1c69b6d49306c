/**
 * Runs a node against the real world: inputs in, effects out in order, one armed timer. Decides
 * nothing. What goes out is pulled at the end of each turn of the loop, so that all messages of a
 * turn share frames.
 *
 *   running -> closing (farewells, last writes) -> closed          running -> closed (our own fault)
 *
 * Invariant: `node.handle` is never entered twice, and never after `closed`; a timer is armed in
 * `running` only.
 */
import { assert, unreachable } from "../base/assert.ts";
import { type Conn, commandJob, type Job, type Ticket } from "../edge/conn.ts";
import type { Answer, Effect, SignRequest } from "../edge/effect.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { Command, Input } from "../edge/input.ts";
import { Alarm } from "./alarm.ts";
import { reasonOf } from "./host-error.ts";
import type { HostParts } from "./host-parts.ts";
import { Tcp, type TcpEvents, type TcpOptions } from "./tcp.ts";

/** Farewells and last writes of a graceful end. */
const closeMs = 2000;
/** Frames sealed in one turn; the others follow in the next, so that reading is not starved. */
const framesPerTurn = 8;
const closedAnswer: Answer = { type: "refused", code: "shutting-down", detail: "the node stops" };

export class Host implements TcpEvents {
  private readonly parts: HostParts;
  private readonly tcp: Tcp;
  private state: "running" | "closing" | "closed" = "running";
  private isStepping = false;
  private readonly inputs: Input[] = [];
  private readonly events: NodeEvent[] = [];
  private readonly toFlush = new Set<Conn>();
  private readonly commands = new Map<Job, (answer: Answer) => void>();
  private commandCount = 0;
  private turn: NodeJS.Immediate | undefined;
  private readonly alarm = new Alarm(() => this.onRing());
  private ending: Promise<void> | undefined;

  constructor(parts: HostParts, options: TcpOptions) {
    this.parts = parts;
    this.tcp = new Tcp(this, options);
  }

  /** Opens the port, if one is given, and starts the node; returns the port. */
  async start(listenPort?: number): Promise<number | undefined> {
    const port = listenPort === undefined ? undefined : await this.tcp.listen(listenPort);
    this.parts.store.watch({
      onPersisted: (through: Ticket) => this.step({ type: "persisted", through }),
      onFailed: (error) => this.fail(error),
    });
    this.step({ type: "started" });
    return port;
  }

  /** Asks the node; a node that stops refuses. */
  command(command: Command): Promise<Answer> {
    if (this.state !== "running") return Promise.resolve(closedAnswer);
    const job = commandJob(this.commandCount++);
    return new Promise((resolve) => {
      this.commands.set(job, resolve);
      this.step({ type: "command", job, command });
    });
  }

  /** running -> closing -> closed. Says goodbye, writes what is pending, closes the store. */
  close(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  onConnected(conn: Conn, inbound: boolean, address: string): void {
    this.step({ type: "connected", conn, inbound, address });
  }
  onDialFailed(conn: Conn, reason: string): void {
    this.step({ type: "dial-failed", conn, reason });
  }
  onBytes(conn: Conn, bytes: Uint8Array): void {
    this.step({ type: "bytes", conn, bytes });
  }
  onClosed(conn: Conn, reason: string): void {
    this.step({ type: "closed", conn, reason });
  }
  onRoom(conn: Conn): void {
    if (this.tcp.isClosing(conn)) this.flushLater(conn);
    else this.step({ type: "room", conn });
  }

  private async end(): Promise<void> {
    const wasRunning = this.state === "running";
    const stopped = this.command({ type: "shutdown" });
    if (this.state === "running") this.state = "closing";
    this.alarm.stop();
    this.tcp.stopListening();
    if (wasRunning && this.state === "closing") {
      await within(closeMs, Promise.all([stopped, this.tcp.drained()]));
    }
    this.stop();
    await this.tcp.destroy();
    await this.parts.signer?.close();
    await this.parts.store.close();
  }

  /** Whatever -> closed: nothing reaches the node any more. */
  private stop(): void {
    this.state = "closed";
    this.alarm.stop();
    if (this.turn !== undefined) clearImmediate(this.turn);
    this.turn = undefined;
    this.inputs.length = 0;
    this.toFlush.clear();
    this.parts.verifier.close();
    for (const resolve of this.commands.values()) resolve(closedAnswer);
    this.commands.clear();
  }

  private fail(error: unknown): void {
    if (this.state === "closed") return;
    this.stop();
    void this.tcp.destroy();
    this.parts.onFatal(error);
  }

  private step(input: Input): void {
    if (this.state === "closed" || (this.state === "closing" && !endsWith(input))) return;
    this.inputs.push(input);
    if (this.isStepping) return;
    this.isStepping = true;
    try {
      for (let next = this.inputs.shift(); next !== undefined; next = this.inputs.shift()) {
        this.parts.clock.read();
        for (const effect of this.parts.node.handle(next)) this.perform(effect);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.isStepping = false;
    }
    for (const event of this.events.splice(0)) this.parts.onEvent(event);
    this.endTurnLater();
  }

  private perform(effect: Effect): void {
    switch (effect.type) {
      case "dial":
        this.tcp.dial(effect.conn, effect.address);
        break;
      case "flush":
        this.flushLater(effect.conn);
        break;
      case "reading":
        this.tcp.reading(effect.conn, effect.on);
        break;
      case "close":
        this.tcp.close(effect.conn);
        this.flushLater(effect.conn);
        break;
      case "persist":
        this.parts.store.persist(effect);
        break;
      case "load":
        this.load(effect.job, effect.keys);
        break;
      case "verify":
        this.verify(effect);
        break;
      case "sign":
        this.sign(effect.job, effect.request);
        break;
      case "answer":
        this.commands.get(effect.job)?.(effect.answer);
        this.commands.delete(effect.job);
        break;
      case "notify":
        this.events.push(effect.event);
        break;
      default:
        unreachable(effect);
    }
  }

  private verify(effect: Extract<Effect, { type: "verify" }>): void {
    const { job, check } = effect;
    this.parts.verifier.verify(check, (firstBad) => {
      this.step({ type: "verified", job, firstBad });
    });
  }

  private load(job: Job, keys: readonly Uint8Array[]): void {
    this.parts.store.load(keys).then(
      (values) => this.step({ type: "loaded", job, values }),
      (error: unknown) => this.fail(error),
    );
  }

  private sign(job: Job, request: SignRequest): void {
    const refused = (reason: string) =>
      this.step({ type: "signed", job, signature: undefined, reason });
    if (this.parts.signer === undefined) {
      queueMicrotask(() => refused("this node has no validator key"));
      return;
    }
    this.parts.signer.sign(request).then(
      (signed) =>
        "refused" in signed
          ? refused(signed.refused)
          : this.step({ type: "signed", job, signature: signed }),
      (error: unknown) => refused(reasonOf(error)),
    );
  }

  private flushLater(conn: Conn): void {
    this.toFlush.add(conn);
    this.endTurnLater();
  }

  private endTurnLater(): void {
    if (this.state !== "closed") this.turn ??= setImmediate(() => this.endTurn());
  }

  private endTurn(): void {
    this.turn = undefined;
    try {
      this.parts.clock.read();
      this.flush();
      this.alarm.arm(this.parts.node.deadline);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Pulls frames while the sockets have room, connections in the order they asked. */
  private flush(): void {
    let frames = 0;
    for (const conn of this.toFlush) {
      if (frames >= framesPerTurn) {
        this.endTurnLater();
        return;
      }
      this.toFlush.delete(conn);
      while (this.tcp.hasRoom(conn)) {
        const bytes = this.parts.node.take(conn, this.tcp.writeBytes(conn));
        if (bytes === undefined) {
          if (this.tcp.isClosing(conn)) this.tcp.end(conn);
          break;
        }
        this.tcp.write(conn, bytes);
        frames++;
      }
    }
  }

  private onRing(): void {
    try {
      this.parts.clock.read();
      if (this.parts.node.deadline <= this.parts.clock.monotonicMs) {
        this.step({ type: "tick" });
        if (this.state !== "running") return;
        const { deadline } = this.parts.node;
        assert(deadline > this.parts.clock.monotonicMs, "a tick moves the deadline ahead");
      }
      this.alarm.arm(this.parts.node.deadline);
    } catch (error) {
      this.fail(error);
    }
  }
}

/** What a node that was told to stop must still hear to finish. */
function endsWith(input: Input): boolean {
  return input.type === "persisted" || input.type === "room" || input.type === "closed";
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
