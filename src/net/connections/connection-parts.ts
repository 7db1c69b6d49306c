/**
 * Makes the parts of the connection manager and tells each of the others. It decides nothing.
 * protocol-spec/09-connections
 */
import type { Env } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { AddressBook } from "../addresses/address-book.ts";
import { Bootstrap } from "../addresses/bootstrap.ts";
import { endpointOf, isOurHttp } from "../addresses/endpoint.ts";
import { netgroupOf } from "../addresses/netgroup.ts";
import { PeerExchange } from "../addresses/peer-exchange.ts";
import { Admission } from "../conduct/admission.ts";
import { Misconduct } from "../conduct/misconduct.ts";
import { Offences } from "../conduct/offences.ts";
import { Closing } from "./closing.ts";
import type { ConnectionOptions, ConnectionPort } from "./connection-port.ts";
import { ConnectionTable } from "./connection-table.ts";
import { Countries } from "./countries.ts";
import { Dialer } from "./dialer.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import { HandshakeGate } from "./handshake-gate.ts";
import { LaggingPeers } from "./lagging.ts";
import { Outbound } from "./outbound.ts";
import { Rotation } from "./rotation.ts";
import { Slots } from "./slots.ts";
import { Turnover } from "./turnover.ts";
import { Upkeep } from "./upkeep.ts";

export interface ConnectionParts {
  readonly table: ConnectionTable;
  readonly slots: Slots;
  readonly book: AddressBook;
  readonly admission: Admission;
  readonly misconduct: Misconduct;
  readonly gate: HandshakeGate;
  readonly doorkeeper: Doorkeeper;
  readonly offences: Offences;
  readonly dialer: Dialer;
  readonly outbound: Outbound;
  readonly exchange: PeerExchange;
  readonly closing: Closing;
  readonly upkeep: Upkeep;
  /** Netgroup of `ip:port`; undefined for a name. */
  readonly groupOf: (address: string) => string | undefined;
}

export function connectionParts(
  env: Env,
  port: ConnectionPort,
  options: ConnectionOptions,
): ConnectionParts {
  const { self, bootId, slotMs, asnOf, countryOf } = options;
  const groupOf = (address: string) => {
    const at = endpointOf(address);
    return at && netgroupOf(at, asnOf);
  };
  const table = new ConnectionTable();
  const slots = new Slots(options);
  const book = new AddressBook(env, {
    key: options.addressKey,
    groupOf: (at) => netgroupOf(at, asnOf),
    isOurs: (at) => isOurHttp(at, options),
  });
  const misconduct = new Misconduct(env.clock, options);
  const admission = new Admission(options, misconduct.bans);
  const lagging = new LaggingPeers();
  const turnover = new Turnover(env.random, {
    scoreOf: (nodeId) => misconduct.scores.valueOf(nodeId),
    isSpared: (endpoint, nodeId) => admission.isSpared(endpoint, nodeId),
    keptUp: (conn) => lagging.isSpared(conn),
  });
  const rotation = new Rotation({ env, table, slots, lagging, turnover, slotMs });
  const dialer: Dialer = new Dialer(
    env,
    book,
    {
      isBusy: (address, nodeId) =>
        book.isOwn(address) || isTaken(table, address, nodeId, outbound.isStarving),
      isShunned: (entry) => admission.isShunned(entry.endpoint, entry.nodeId),
      groupOf: (at) => netgroupOf(at, asnOf),
      isOnline: () => table.use.manualReady + table.use.fullReady + table.use.blockOnlyReady > 0,
    },
    new Bootstrap(env, options.bootstrap ?? []),
  );
  const countries = new Countries(table, slots, countryOf);
  const outbound: Outbound = new Outbound({
    ...{ env, port, table, slots, dialer, rotation, countries, groupOf },
  });
  const exchange = new PeerExchange({ env, port, book, options, rules: admission });
  const secret = env.random.bytes(32);
  const doorkeeper = new Doorkeeper({
    ...{ self, bootId, table, slots, misconduct, admission, secret },
  });
  const gate = new HandshakeGate(env.clock, table, admission);
  const offences = new Offences(port, misconduct, doorkeeper);
  const closing = new Closing({ env, port, table, exchange, lagging, outbound, misconduct });
  const upkeep = new Upkeep({
    ...{ env, port, table, slots, book, exchange, rotation, lagging, doorkeeper, closing },
  });
  const ours = { table, slots, book, dialer, outbound, exchange, closing, upkeep };
  return { ...ours, admission, misconduct, gate, doorkeeper, offences, groupOf };
}

/** A block-only link does not keep us from a full one with the same peer, if there is no other. */
function isTaken(
  table: ConnectionTable,
  address: string,
  nodeId: NodeId | undefined,
  isStarving: boolean,
): boolean {
  const standing = nodeId === undefined ? undefined : table.ready(nodeId);
  if (standing !== undefined && !(isStarving && standing.quiet)) return true;
  return table.isInUse(address) && !(isStarving && table.isQuietAt(address));
}
