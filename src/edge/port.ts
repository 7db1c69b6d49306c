/** How parts of the node reach peers: the node implements it, parts hold it. */
import type { Message } from "../wire/messages.ts";
import type { Conn, Ticket } from "./conn.ts";

export interface PeerPort {
  /**
   * Queues `message`; nothing happens when `conn` is gone. A binding message (an own seal, a vote)
   * names the ticket of the write that makes it durable and stays parked until then.
   * False when the lane is full and the message was dropped.
   */
  send(conn: Conn, message: Message, after?: Ticket): boolean;
  /** The peer broke a rule: price it (node/penalties.ts), perhaps disconnect. */
  blame(conn: Conn, code: BlameCode, detail: string): void;
}

/** Any code of `wire/errors.ts` or `model/rule-code.ts`. */
export type BlameCode =
  | import("../wire/errors.ts").WireCode
  | import("../model/rule-code.ts").RuleCode;
