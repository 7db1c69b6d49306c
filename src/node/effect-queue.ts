/**
 * The one queue of effects of a node, in the order they were asked for, and the counters that name
 * them. Not the outbox of a peer (that holds messages).
 * Invariant: tickets and jobs are never used twice in the life of a process.
 */
import type { Conn, Job, Ticket } from "../edge/conn.ts";
import type {
  Answer,
  DurableTip,
  Effect,
  SignatureCheck,
  SignRequest,
  Write,
} from "../edge/effect.ts";
import type { NodeEvent } from "../edge/event.ts";

export class EffectQueue {
  private effects: Effect[] = [];
  private lastTicket = 0;
  private lastJob = 0;

  /** Everything asked for since the last call. */
  drain(): readonly Effect[] {
    const drained = this.effects;
    this.effects = [];
    return drained;
  }

  dial(conn: Conn, address: string): void {
    this.effects.push({ type: "dial", conn, address });
  }

  flush(conn: Conn): void {
    this.effects.push({ type: "flush", conn });
  }

  reading(conn: Conn, on: boolean): void {
    this.effects.push({ type: "reading", conn, on });
  }

  close(conn: Conn): void {
    this.effects.push({ type: "close", conn });
  }

  persist(
    writes: readonly Write[],
    options: { readonly sync: boolean; readonly durableTip?: DurableTip },
  ): Ticket {
    const ticket = ++this.lastTicket as Ticket;
    this.effects.push({ type: "persist", ticket, writes, ...options });
    return ticket;
  }

  load(keys: readonly Uint8Array[]): Job {
    const job = this.nextJob();
    this.effects.push({ type: "load", job, keys });
    return job;
  }

  verify(check: SignatureCheck): Job {
    const job = this.nextJob();
    this.effects.push({ type: "verify", job, check });
    return job;
  }

  sign(request: SignRequest): Job {
    const job = this.nextJob();
    this.effects.push({ type: "sign", job, request });
    return job;
  }

  answer(job: Job, answer: Answer): void {
    this.effects.push({ type: "answer", job, answer });
  }

  notify(event: NodeEvent): void {
    this.effects.push({ type: "notify", event });
  }

  /** Even: the host numbers its commands with odd ones, so both may count alone. */
  private nextJob(): Job {
    this.lastJob += 2;
    return this.lastJob as Job;
  }
}
