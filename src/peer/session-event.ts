/** What one connection has to tell the node. */
import type { NodeId } from "../model/ids.ts";
import type { WireCode } from "../wire/errors.ts";
import type { DisconnectCode, Hello, Message } from "../wire/messages.ts";

export type SessionEvent =
  /** The handshake hash names the session (02-handshake §2). */
  | {
      readonly type: "ready";
      readonly nodeId: NodeId;
      readonly hello: Hello;
      readonly handshakeHash: Uint8Array;
    }
  /** One frame's, in order, never empty; bins are views, to be copied when kept. */
  | { readonly type: "messages"; readonly messages: readonly Message[] }
  /** The peer sends more small frames than we check: stop or go on reading its socket. */
  | { readonly type: "reading"; readonly on: boolean }
  /** The peer's fault or a timeout: flush, then close. Nothing that comes after it is read. */
  | { readonly type: "failed"; readonly code: WireCode; readonly detail: string }
  /** The peer said goodbye, or a genesis request was served. */
  | { readonly type: "ended"; readonly code: DisconnectCode; readonly text: string };
