/**
 * Tells the parts of the node that a peer is ready, or gone: to each what it wants to know of it.
 * Decides nothing: who may stay was decided before (net/connections/connection-manager.ts).
 * protocol-spec/02-handshake §4.
 */
import type { ConnectionManager } from "../net/connections/connection-manager.ts";
import { helloFeatures } from "../net/connections/link-features.ts";
import type { Gossip } from "../net/relay/gossip.ts";
import type { Relay } from "../net/relay/relay.ts";
import type { ChainServer } from "../sync/server.ts";
import type { Synchronizer } from "../sync/synchronizer.ts";
import { hasFeature } from "../wire/hello.ts";
import type { CompactRelay } from "./compact-relay.ts";
import type { News } from "./news.ts";
import type { Peers, PeersPort } from "./peers.ts";
import type { Reach } from "./reach.ts";
import type { Verification } from "./verification.ts";

export interface ComingParts {
  readonly connections: ConnectionManager;
  readonly peers: Peers;
  readonly reach: Reach;
  readonly relay: Relay;
  readonly compact: CompactRelay;
  readonly gossip: Gossip;
  readonly sync: Synchronizer;
  readonly server: ChainServer;
  readonly verification: Verification;
  readonly news: News;
}

/** `parts`: all are there once the first peer is. */
export function comings(
  parts: () => ComingParts,
  recordFrames: boolean | undefined,
): Pick<PeersPort, "onReady" | "onClosed"> {
  return {
    onReady: (conn, nodeId, hello) => {
      const { compact, connections, gossip, news, peers, reach, relay, sync, verification } =
        parts();
      const link = peers.links.get(conn);
      const isOutbound = link?.inbound === false;
      if (isOutbound) reach.onReady(nodeId);
      if (recordFrames) link?.session.record(true);
      relay.onReady(conn, {
        takesTransactions: !connections.isBlockOnly(conn),
        takesCompact: hasFeature(hello, helloFeatures.compact),
      });
      compact.onReady(conn, isOutbound);
      gossip.onReady(conn);
      sync.onReady(conn, hello);
      news.greet(conn);
      verification.onReady(conn, hasFeature(hello, helloFeatures.verified));
    },
    onClosed: (conn, nodeId, code) => {
      const { compact, gossip, reach, relay, server, sync, verification } = parts();
      if (nodeId !== undefined) reach.onClosed(nodeId, code);
      relay.onClosed(conn);
      compact.onClosed(conn);
      gossip.onClosed(conn);
      sync.onClosed(conn);
      server.onClosed(conn);
      verification.onClosed(conn);
    },
  };
}
