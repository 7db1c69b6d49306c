/**
 * From a message to the part that it concerns: one line each. Keeps no state.
 * Bytes inside a message are views into its frame: what a part keeps it gets as a copy here.
 */
import { unreachable } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import type { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import type { Conn } from "../edge/conn.ts";
import type { PeerPort } from "../edge/port.ts";
import type { Mempool } from "../mempool/mempool.ts";
import { decodeCertificate } from "../model/certificate.ts";
import { decodeEvidence } from "../model/evidence.ts";
import { decodeSealedHeader } from "../model/header.ts";
import { type BlockHash, blockHashOf, type TxId, txIdOf } from "../model/ids.ts";
import { decodeTransaction } from "../model/transaction.ts";
import { decodeVote } from "../model/vote.ts";
import type { ConnectionManager } from "../net/connections/connection-manager.ts";
import { type Gossip, type GossipId, gossipId } from "../net/relay/gossip.ts";
import type { Relay } from "../net/relay/relay.ts";
import type { Verdicts } from "../net/relay/verdicts.ts";
import type { ChainServer } from "../sync/server.ts";
import type { Synchronizer } from "../sync/synchronizer.ts";
import {
  inventoryItemBytes,
  inventoryKinds,
  type Message,
  type MessageOf,
} from "../wire/messages.ts";
import type { CompactRelay } from "./compact-relay.ts";
import type { News } from "./news.ts";
import type { Verification } from "./verification.ts";

export interface RouterParts {
  readonly port: PeerPort;
  readonly connections: ConnectionManager;
  readonly gossip: Gossip;
  readonly verdicts: Verdicts;
  readonly relay: Relay;
  readonly chain: ChainManager;
  readonly mempool: Mempool;
  readonly sync: Synchronizer;
  readonly server: ChainServer;
  readonly compact: CompactRelay;
  readonly verification: Verification;
  readonly news: News;
}

export class Router {
  private readonly parts: RouterParts;

  constructor(parts: RouterParts) {
    this.parts = parts;
  }

  route(conn: Conn, message: Message): void {
    const { connections, relay, sync, server, port } = this.parts;
    switch (message.type) {
      case "get_peers":
        return connections.onGetPeers(conn, message.count);
      case "peers": {
        const code = connections.onPeers(conn, copyBytes(message.entries));
        if (code !== undefined) port.blame(conn, code, "addresses nobody asked for");
        return;
      }
      case "inv":
        return this.onInv(conn, message);
      case "get_data":
        return this.onGetData(conn, message);
      case "not_found":
        relay.onNotFound(conn, message.items);
        return this.parts.compact.onNotFound(conn, message.items);
      case "get_headers":
        return server.onGetHeaders(conn, message);
      case "headers":
        return connections.onShown(conn, sync.onHeaders(conn, message));
      case "get_blocks":
        return server.onGetBlocks(conn, message);
      case "block_body":
        return this.parts.news.onImported(sync.onBlockBody(conn, message));
      case "new_block":
        return this.onNewBlock(conn, message);
      case "new_transaction":
        return this.onNewTransaction(conn, message);
      case "vote":
        return this.onVote(conn, message.vote);
      case "certificate":
        return this.onCertificate(conn, message.certificate);
      case "evidence":
        return this.onEvidence(conn, message.evidence);
      case "compact_block":
        return this.parts.news.onImported(this.parts.compact.onCompactBlock(conn, message));
      case "block_txs":
        return this.parts.news.onImported(this.parts.compact.onBlockTxs(conn, message));
      case "get_block_txs":
        if (this.speaksCompact(conn)) this.parts.compact.server.onGetBlockTxs(conn, message);
        return;
      case "relay_mode":
        if (this.speaksCompact(conn)) relay.onRelayMode(conn, message.push);
        return;
      case "get_verified":
        return this.parts.verification.onGetVerified(conn, message);
      case "verified":
        return this.parts.verification.onVerified(conn, message);
      case "ping":
      case "pong":
      case "credit":
      case "disconnect":
      case "attest":
        return; // The session, or the membership, has dealt with them.
      default:
        unreachable(message);
    }
  }

  private onInv(conn: Conn, message: MessageOf<"inv">): void {
    const { connections, relay, chain, mempool, sync } = this.parts;
    const syncing = sync.state === "syncing";
    const isQuiet = connections.isBlockOnly(conn);
    relay.onInv(conn, message.items, (kind, id) => {
      if (kind === inventoryKinds.transaction) {
        return isQuiet || syncing || mempool.has(id as TxId);
      }
      const hash = id as BlockHash;
      if (chain.has(hash)) {
        const node = chain.node(hash);
        connections.onShown(conn, node?.height);
        if (node?.status === "header") sync.onAnnounced(conn, hash);
        return true;
      }
      // While behind, one block out of reach is no use: its headers are.
      if (syncing) sync.onAnnounced(conn, hash);
      return syncing;
    });
  }

  private onGetData(conn: Conn, message: MessageOf<"get_data">): void {
    const { port, mempool, server } = this.parts;
    const missing: Uint8Array[] = [];
    for (let at = 0; at < message.items.length; at += inventoryItemBytes) {
      const item = message.items.subarray(at, at + inventoryItemBytes);
      const id = item.subarray(1);
      if (item[0] === inventoryKinds.transaction) {
        const transaction = mempool.get(txIdOf(id));
        if (transaction === undefined) missing.push(item);
        else port.send(conn, { type: "new_transaction", transaction: transaction.bytes });
        continue;
      }
      const hash = blockHashOf(id);
      const isCompact = item[0] === inventoryKinds.compact;
      if (isCompact && !this.speaksCompact(conn)) continue;
      if (isCompact && this.parts.compact.server.serve(conn, hash)) continue;
      if (!server.serveBlock(conn, hash)) missing.push(item);
    }
    if (missing.length === 0) return;
    const items = new Uint8Array(missing.length * inventoryItemBytes);
    for (const [index, item] of missing.entries()) items.set(item, index * inventoryItemBytes);
    port.send(conn, { type: "not_found", items });
  }

  private speaksCompact(conn: Conn): boolean {
    if (this.parts.relay.takesCompact(conn)) return true;
    this.parts.port.blame(conn, "unsolicited", "compact blocks without the feature");
    return false;
  }

  private onNewBlock(conn: Conn, message: MessageOf<"new_block">): void {
    const { port, chain, relay } = this.parts;
    const sealed = decodeSealedHeader(copyBytes(message.header));
    if ("code" in sealed) return port.blame(conn, sealed.code, sealed.detail);
    const { hash } = sealed.header;
    if (!relay.onObject(conn, inventoryKinds.block, hash)) {
      port.blame(conn, "unsolicited", `block ${hash} was neither asked for nor announced`);
    }
    this.parts.news.onImported(chain.importBlock(sealed, copyBytes(message.body), conn));
  }

  /** The id of a flooded object to be judged; undefined for one that was, or came before. */
  private newsId(conn: Conn, bytes: Uint8Array): GossipId | undefined {
    const id = gossipId(bytes);
    const isNews = this.parts.gossip.onReceived(conn, id);
    return this.isJudged(conn, id) || !isNews ? undefined : id;
  }

  /** Was an equal copy judged before? Whoever sends a bad one pays for it again. */
  private isJudged(conn: Conn, id: GossipId): boolean {
    const verdict = this.parts.verdicts.of(id);
    if (verdict === undefined) return false;
    if (verdict !== "good") this.parts.port.blame(conn, verdict.code, verdict.detail);
    return true;
  }

  private onJudged(id: GossipId, results: readonly Imported[]): void {
    for (const result of results) {
      if (result.type === "refused") this.parts.verdicts.onRefused(id, result.rejection);
    }
    this.parts.news.onImported(results);
  }

  private onVote(conn: Conn, message: Uint8Array): void {
    const id = this.newsId(conn, message);
    if (id === undefined) return;
    const { chain, port, sync } = this.parts;
    const vote = decodeVote(copyBytes(message));
    if ("code" in vote) return port.blame(conn, vote.code, vote.detail);
    // While behind, votes are for blocks out of reach; certificates come with the blocks.
    if (!chain.has(vote.targetHash) && sync.isBehind) return;
    this.onJudged(id, chain.importVote(vote, conn));
  }

  private onCertificate(conn: Conn, message: Uint8Array): void {
    const id = this.newsId(conn, message);
    if (id === undefined) return;
    const { chain, port } = this.parts;
    const certificate = decodeCertificate(copyBytes(message));
    if ("code" in certificate) return port.blame(conn, certificate.code, certificate.detail);
    this.onJudged(id, chain.importCertificate(certificate, conn));
  }

  private onEvidence(conn: Conn, message: Uint8Array): void {
    const id = this.newsId(conn, message);
    if (id === undefined) return;
    const { chain, port } = this.parts;
    const evidence = decodeEvidence(copyBytes(message));
    if ("code" in evidence) return port.blame(conn, evidence.code, evidence.detail);
    this.onJudged(id, chain.importEvidence(evidence, conn));
  }

  private onNewTransaction(conn: Conn, message: MessageOf<"new_transaction">): void {
    const { port, relay } = this.parts;
    if (this.isJudged(conn, gossipId(message.transaction))) return;
    const transaction = decodeTransaction(copyBytes(message.transaction));
    if ("code" in transaction) return port.blame(conn, transaction.code, transaction.detail);
    if (!relay.onObject(conn, inventoryKinds.transaction, transaction.id)) {
      port.blame(conn, "unsolicited", `transaction ${transaction.id} was not asked for`);
    }
    this.parts.news.onTransaction(transaction, conn);
  }
}
