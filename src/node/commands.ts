/**
 * What an operator or a client asks of a running node, and the answer. Decides nothing about
 * transactions (news.ts) or connections (net/connections/connection-manager.ts).
 * Invariant: every command is answered once; a shutdown when all before it is durable.
 */
import { unreachable } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import type { Job, Ticket } from "../edge/conn.ts";
import type { Command } from "../edge/input.ts";
import { decodeTransaction } from "../model/transaction.ts";
import { endpointOf } from "../net/addresses/endpoint.ts";
import { parseBanSubject } from "../net/conduct/ban-list.ts";
import type { ConnectionManager } from "../net/connections/connection-manager.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { News } from "./news.ts";
import type { Peers } from "./peers.ts";

export interface CommandParts {
  readonly effects: EffectQueue;
  readonly news: News;
  readonly connections: ConnectionManager;
  readonly peers: Peers;
}

export class Commands {
  private readonly parts: CommandParts;
  private shutdown: { readonly job: Job; readonly ticket: Ticket } | undefined;

  constructor(parts: CommandParts) {
    this.parts = parts;
  }

  onCommand(job: Job, command: Command): void {
    const { effects, connections, news, peers } = this.parts;
    switch (command.type) {
      case "submit-transaction": {
        const transaction = decodeTransaction(copyBytes(command.bytes));
        if ("code" in transaction) return effects.answer(job, { type: "refused", ...transaction });
        return effects.answer(job, news.onTransaction(transaction));
      }
      case "connect":
        connections.connect(command.address);
        return effects.answer(job, { type: "done" });
      case "disconnect":
        peers.disconnect(command.conn, "requested", "by the operator");
        return effects.answer(job, { type: "done" });
      case "ban":
        return this.ban(job, command);
      case "lift-ban":
        return this.lift(job, command.subject);
      case "shutdown":
        connections.shutdown();
        this.shutdown = { job, ticket: effects.persist([], { sync: true }) };
        return;
      default:
        unreachable(command);
    }
  }

  onPersisted(through: Ticket): void {
    if (this.shutdown === undefined || this.shutdown.ticket > through) return;
    this.parts.effects.answer(this.shutdown.job, { type: "done" });
    this.shutdown = undefined;
  }

  private ban(job: Job, { subject: text, reason, forMs }: CommandOf<"ban">): void {
    const { effects, connections } = this.parts;
    const subject = parseBanSubject(text);
    const detail = "an address, a range like 10.0.0.0/8 or an identity of 64 hex digits expected";
    if (subject === undefined) return this.refuse(job, "ban-malformed", detail);
    if (!connections.misconduct.bans.ban(subject, reason, forMs, "operator")) {
      return this.refuse(job, "bans-full", "there are as many bans as can be kept: lift some");
    }
    effects.notify({ type: "banned", subject: subject.value, reason, forMs });
    this.disconnectBanned();
    effects.answer(job, { type: "done" });
  }

  private lift(job: Job, text: string): void {
    const { effects, connections } = this.parts;
    const subject = parseBanSubject(text)?.value ?? text;
    if (!connections.misconduct.bans.lift(subject)) {
      return this.refuse(job, "ban-not-found", "this is not banned");
    }
    effects.notify({ type: "ban-lifted", subject });
    effects.answer(job, { type: "done" });
  }

  /** Whoever is connected and should not be, now that there is one ban more. */
  private disconnectBanned(): void {
    const { connections, peers } = this.parts;
    const { bans } = connections.misconduct;
    for (const { conn, nodeId, address } of connections.peers()) {
      const ban = bans.refusalOf(endpointOf(address)?.ip, nodeId);
      if (ban?.by === "operator") peers.disconnect(conn, "banned", "by the operator");
    }
  }

  private refuse(job: Job, code: string, detail: string): void {
    this.parts.effects.answer(job, { type: "refused", code, detail });
  }
}

type CommandOf<T extends Command["type"]> = Extract<Command, { type: T }>;
