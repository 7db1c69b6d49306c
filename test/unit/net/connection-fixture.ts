/** A started `ConnectionManager` with peers that come and answer as a test says. */
import assert from "node:assert/strict";
import { acceptedConn, type Conn } from "../../../src/edge/conn.ts";
import { ConnectionManager } from "../../../src/net/connections/connection-manager.ts";
import type { ConnectionOptions } from "../../../src/net/connections/connection-port.ts";
import { type AddressEntry, encodeAddressEntries, ip16Of } from "../../../src/wire/address.ts";
import { helloOf, idOf, NotedPort, optionsOf, testEnv } from "./net-fixture.ts";

let acceptedCount = 0;
/** An accepted connection that no other test has. */
export const freshConn = (): Conn => acceptedConn(acceptedCount++);

export const manualPeer = "5.5.5.5:4321";
export const soft = (score: number) => ({ score, disconnect: false, discourage: false });
export const violation = { score: 100, disconnect: true, discourage: true };

export function setup(some: Partial<ConnectionOptions> = {}) {
  const env = testEnv(1);
  const port = new NotedPort();
  const manager = new ConnectionManager(env, port, optionsOf(some));
  manager.onStarted();
  const accept = (address: string, id: number, bootId = id, listenPort = 5000) => {
    const conn = freshConn();
    const open = manager.onConnected(conn, true, address);
    return {
      conn,
      open,
      verdict: open && manager.onReady(conn, idOf(id), helloOf(bootId, listenPort)),
    };
  };
  /** Completes the dial under way to `address`. */
  const answer = (address: string, id: number, bootId = id) => {
    const dial = port.dials.findLast((one) => one.address === address);
    assert.ok(dial, `${address} was dialled`);
    manager.onConnected(dial.conn, false, address);
    const verdict = manager.onReady(dial.conn, idOf(id), helloOf(bootId, 5000));
    return { conn: dial.conn, verdict };
  };
  const states = () => manager.peers().map((peer) => peer.state);
  return { env, port, manager, accept, answer, states };
}

const unsigned = { signedAtMs: 0, signature: undefined };

export const entriesOf = (addresses: readonly string[], some: Partial<AddressEntry> = {}) =>
  encodeAddressEntries(
    addresses.map((address) => {
      const [ip, port] = address.split(":");
      const at = { ip16: ip16Of(ip!)!, port: Number(port), services: 1, ...unsigned };
      return { ...at, nodeId: idOf(0), lastSeenMs: 1_700_000_000_000, ...some };
    }),
  );
