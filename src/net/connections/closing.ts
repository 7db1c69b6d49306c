/**
 * Ends connections, and tells all who knew them. It decides for nobody: whoever calls says why.
 * Invariant: a connection is forgotten first, so that whatever `port.close` calls back finds
 * nothing of it. protocol-spec/09-connections §1
 */
import type { Env } from "../../edge/env.ts";
import type { EvictionCode } from "../../edge/event.ts";
import type { DisconnectCode } from "../../wire/messages.ts";
import type { PeerExchange } from "../addresses/peer-exchange.ts";
import type { Misconduct } from "../conduct/misconduct.ts";
import type { ConnectionPort } from "./connection-port.ts";
import type { Connection, ConnectionTable } from "./connection-table.ts";
import type { DialOutcome } from "./dialer.ts";
import type { LaggingPeers } from "./lagging.ts";
import { type Outbound, outcomeOf } from "./outbound.ts";

/** What the other end is told when it makes room. */
const farewells = {
  "handshakes-full": "too-many-peers",
  "inbound-full": "too-many-peers",
  overload: "too-many-peers",
  "extra-full": "useless",
  rotated: "useless",
  "extra-block-only": "useless",
  "same-group": "useless",
  lagging: "useless",
} as const satisfies Record<EvictionCode, DisconnectCode>;

export interface ClosingParts {
  readonly env: Env;
  readonly port: ConnectionPort;
  readonly table: ConnectionTable;
  readonly exchange: PeerExchange;
  readonly lagging: LaggingPeers;
  readonly outbound: Outbound;
  readonly misconduct: Misconduct;
}

export class Closing {
  private readonly parts: ClosingParts;

  constructor(parts: ClosingParts) {
    this.parts = parts;
  }

  /** It is gone, or whoever calls closes it. */
  drop(connection: Connection, outcome: DialOutcome = this.outcomeOf(connection)): void {
    // Whoever dialled us may leave when it likes.
    const isDialled = connection.target !== undefined;
    if (connection.type === "ready" && isDialled && outcome === "failed") {
      this.parts.misconduct.scores.onFailed(connection.nodeId);
    }
    this.forget(connection, outcome);
  }

  close(
    connection: Connection,
    code: DisconnectCode,
    text: string,
    outcome: DialOutcome = this.outcomeOf(connection),
  ): void {
    this.drop(connection, outcome);
    this.parts.port.close(connection.conn, code, text);
  }

  /** Ends a connection that did nothing wrong, for the good of others. */
  evict(connection: Connection, code: EvictionCode): void {
    const { conn, target } = connection;
    const isReady = connection.type === "ready";
    this.parts.port.notify({
      type: "connection-evicted",
      conn,
      nodeId: isReady ? connection.nodeId : undefined,
      address: connection.type === "dialling" ? connection.target.address : connection.address,
      inbound: target === undefined,
      code,
    });
    // Whoever lags is not to be dialled again at once. Nobody else's name suffers: we sent him away.
    if (code === "lagging") this.drop(connection, "failed");
    else this.forget(connection, this.outcomeOf(connection));
    this.parts.port.close(conn, farewells[code], code);
  }

  private forget(connection: Connection, outcome: DialOutcome): void {
    const { conn, target } = connection;
    this.parts.table.remove(conn);
    this.parts.exchange.onClosed(conn);
    this.parts.lagging.onClosed(conn);
    if (target !== undefined) this.parts.outbound.onEnded(target, outcome);
  }

  private outcomeOf(connection: Connection): DialOutcome {
    return outcomeOf(connection, this.parts.env.clock.monotonicMs);
  }
}
