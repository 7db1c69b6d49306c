/** What the connection manager asks of the other parts of a node. It decides nothing. */
import type { ConnectionPort } from "../net/connections/connection-port.ts";
import type { SyncChain } from "../sync/sync-chain.ts";
import type { Synchronizer } from "../sync/synchronizer.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { Peers } from "./peers.ts";

/** `later`: parts that are made after the connection manager. */
export function connectionsPort(
  effects: EffectQueue,
  chain: Pick<SyncChain, "bestHeader">,
  later: () => { readonly peers: Peers; readonly sync: Synchronizer },
): ConnectionPort {
  return {
    dial: (conn, address) => effects.dial(conn, address),
    close: (conn, code, text) => later().peers.disconnect(conn, code, text),
    send: (conn, message) => later().peers.send(conn, message),
    notify: (event) => effects.notify(event),
    tip: () => ({ height: chain.bestHeader.height, isFetching: later().sync.isFetching }),
    askTip: (conn) => later().sync.askTip(conn),
  };
}
