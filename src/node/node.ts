/**
 * The node: one state machine, `handle(input) -> effects`, plus a `deadline`. Owns the parts and
 * wires them; decides nothing itself. Touches no socket, disk, clock, timer or random source:
 * `host/` performs the effects on the real world, `sim/` in virtual time.
 *
 *   bytes -> session -> router -> chain / mempool / sync / relay / connections -> effects
 *
 * Invariant: after `handle`, every effect of the step has been returned and `deadline` lies ahead.
 */
import { unreachable } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import { Ledger } from "../chain/ledger.ts";
import { bodyKey, canonicalKey, indexKey } from "../chain/records.ts";
import type { Conn, Job, Ticket } from "../edge/conn.ts";
import type { Answer, Effect } from "../edge/effect.ts";
import type { Env } from "../edge/env.ts";
import type { Command, Input } from "../edge/input.ts";
import type { BlameCode } from "../edge/port.ts";
import type { StoreImage } from "../edge/store-image.ts";
import { Mempool } from "../mempool/mempool.ts";
import { idBytes, type NodeId, nodeIdOf, type PublicKey } from "../model/ids.ts";
import { type NetworkFile, slotAt } from "../model/network-file.ts";
import { decodeTransaction, type Transaction } from "../model/transaction.ts";
import { ConnectionManager } from "../net/connection-manager.ts";
import { Relay } from "../net/relay.ts";
import { Session, type SessionEvent } from "../peer/session.ts";
import { ChainServer } from "../sync/server.ts";
import { Synchronizer } from "../sync/synchronizer.ts";
import { PayloadWriter } from "../wire/codec.ts";
import { type DisconnectCode, type Hello, inventoryKinds } from "../wire/messages.ts";
import { EffectQueue } from "./effect-queue.ts";
import { helloOf } from "./hello.ts";
import { type Link, Links } from "./links.ts";
import { penalties } from "./penalties.ts";
import { PublicChain } from "./public-chain.ts";
import { Queries } from "./queries.ts";
import { Router } from "./router.ts";
import { Sealer } from "./sealer.ts";

export interface NodeOptions {
  readonly networkFile: NetworkFile;
  /** The file's text as bytes, given to fresh joiners. */
  readonly networkFileBytes: Uint8Array;
  /** 32-byte seed of the node key (identity on the wire). */
  readonly nodeSeed: Uint8Array;
  /** Public key of the validator whose slots we seal; its secret is with the signer. */
  readonly validatorKey: PublicKey | undefined;
  /** Port where we accept connections, told to peers; 0 for none. */
  readonly listenPort: number;
  /** Peers to keep connected, `[identity@]host:port`. */
  readonly connect: readonly string[];
  readonly agent: string;
  readonly peersMax: number;
  readonly outboundTarget: number;
  /** Loopback and private addresses may be learned, dialled and told on. */
  readonly allowPrivate: boolean;
}

/** A block older than this many slots is not announced: it is catch-up, not news. */
const newsSlots = 32;

export class Node {
  readonly nodeId: NodeId;
  readonly queries: Queries;
  private readonly env: Env;
  private readonly options: NodeOptions;
  private readonly genesisHash: Uint8Array;
  private readonly effects = new EffectQueue();
  private readonly links: Links;
  private readonly connections: ConnectionManager;
  private readonly chain: ChainManager;
  private readonly shown: PublicChain;
  private readonly mempool: Mempool;
  private readonly relay: Relay;
  private readonly sync: Synchronizer;
  private readonly server: ChainServer;
  private readonly sealer: Sealer;
  private readonly router: Router;
  private readonly bootId: Uint8Array;
  private readonly staticSecret: Uint8Array;
  private readonly writer = new PayloadWriter();
  private shutdown: { readonly job: Job; readonly ticket: Ticket } | undefined;

  constructor(env: Env, options: NodeOptions, image: StoreImage) {
    this.env = env;
    this.options = options;
    this.bootId = env.random.bytes(8);
    this.staticSecret = env.random.bytes(32);
    this.nodeId = nodeIdOf(env.signatures.publicKey(options.nodeSeed));
    const effects = this.effects;
    const links = new Links(effects);
    this.links = links;
    const port = {
      send: links.send.bind(links),
      blame: this.blame.bind(this),
    };
    const { networkFile } = options;
    const ledger = new Ledger(networkFile);
    this.chain = new ChainManager(env, effects, networkFile, ledger, image);
    this.shown = new PublicChain(this.chain);
    this.genesisHash = idBytes(this.chain.genesisHash);
    this.mempool = new Mempool(
      env,
      { account: (address) => ledger.account(address), slot: () => this.slot() },
      { genesisHash: this.genesisHash, minFee: networkFile.minFee },
    );
    this.connections = new ConnectionManager(
      env,
      {
        dial: (conn, address) => effects.dial(conn, address),
        close: (conn, code, text) => this.disconnect(conn, code, text),
        send: port.send,
        notify: (event) => effects.notify(event),
      },
      { ...options, self: this.nodeId, bootId: this.bootId },
    );
    this.relay = new Relay(env, port);
    this.sync = new Synchronizer(env, port, this.chain, {
      solo: options.connect.length === 0 && options.validatorKey !== undefined,
    });
    this.server = new ChainServer(env, port, this.shown, effects, {
      canonical: canonicalKey,
      body: (height, hash) => bodyKey({ height, hash }),
      buriedHeight: indexKey,
    });
    this.sealer = new Sealer(env, effects, this.chain, this.mempool, {
      file: networkFile,
      key: options.validatorKey,
      validators: () => ledger.validators(),
      maySeal: () => this.sync.progress().state === "synced",
    });
    this.router = new Router({
      port,
      connections: this.connections,
      relay: this.relay,
      chain: this.chain,
      mempool: this.mempool,
      sync: this.sync,
      server: this.server,
      onImported: (imported) => this.onImported(imported),
      onTransaction: (transaction, source) => this.addTransaction(transaction, source),
    });
    this.queries = new Queries({
      nodeId: this.nodeId,
      options,
      chain: this.chain,
      ledger,
      mempool: this.mempool,
      connections: this.connections,
      sync: this.sync,
      links,
    });
  }

  /** Milliseconds of the monotonic clock when `tick` is due; Infinity when nothing waits. */
  get deadline(): number {
    const { connections, relay, sync, mempool, chain, sealer } = this;
    let deadline = Math.min(
      connections.deadline,
      relay.deadline,
      sync.deadline,
      mempool.deadline,
      chain.deadline,
      sealer.deadline,
    );
    for (const link of this.links.all()) deadline = Math.min(deadline, link.session.deadline);
    return deadline;
  }

  /** Takes one thing that happened; returns what is to be done, in order. */
  handle(input: Input): readonly Effect[] {
    this.dispatch(input);
    this.sealer.tick();
    this.links.flushTouched();
    return this.effects.drain();
  }

  /** At most one frame for `conn`, no longer than `bytesMax` unless it is the first. */
  take(conn: Conn, bytesMax: number): Uint8Array | undefined {
    const bytes = this.links.take(conn, bytesMax);
    if (bytes !== undefined) this.server.onRoom(conn);
    return bytes;
  }

  private dispatch(input: Input): void {
    switch (input.type) {
      case "started":
        return this.connections.onStarted();
      case "connected":
        return this.onConnected(input.conn, input.inbound, input.address);
      case "dial-failed":
        return this.connections.onDialFailed(input.conn, input.reason);
      case "bytes":
        return this.onBytes(input.conn, input.bytes);
      case "room":
        this.links.touch(input.conn);
        return this.server.onRoom(input.conn);
      case "closed":
        return this.onClosed(input.conn, input.reason);
      case "verified":
        this.onImported(this.chain.onVerified(input.job, input.firstBad));
        return this.sync.tick();
      case "loaded":
        this.server.onLoaded(input.job, input.values);
        return;
      case "persisted":
        return this.onPersisted(input.through);
      case "signed":
        return this.onSigned(input.job, input.signature, input.reason ?? "");
      case "command":
        return this.onCommand(input.job, input.command);
      case "tick":
        return this.tick();
      default:
        unreachable(input);
    }
  }

  private onConnected(conn: Conn, inbound: boolean, address: string): void {
    if (!this.connections.onConnected(conn, inbound, address)) return this.effects.close(conn);
    const session = new Session(this.env, {
      conn,
      role: inbound ? "responder" : "initiator",
      genesisHash: this.genesisHash,
      nodeSeed: this.options.nodeSeed,
      nodeId: this.nodeId,
      staticSecret: this.staticSecret,
      expectedNodeId: this.connections.expectedIdentity(conn),
      hello: (seenAddress) => this.hello(seenAddress),
      remoteAddress: address,
      networkFile: this.options.networkFileBytes,
      writer: this.writer,
    });
    this.links.add({ conn, address, inbound, session, nodeId: undefined });
  }

  private onBytes(conn: Conn, bytes: Uint8Array): void {
    const link = this.links.get(conn);
    if (link === undefined) return; // Closed by us while these were on their way.
    this.links.touch(conn);
    this.onSessionEvents(link, link.session.receive(bytes));
  }

  private onSessionEvents(link: Link, events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (this.links.get(link.conn) !== link) return;
      switch (event.type) {
        case "ready":
          this.onReady(link, event.nodeId, event.hello);
          break;
        case "messages":
          for (const message of event.messages) {
            if (this.links.get(link.conn) !== link) return;
            this.router.route(link.conn, message);
          }
          break;
        case "reading":
          this.effects.reading(link.conn, event.on);
          break;
        case "failed":
          this.onFailed(link, event.code, event.detail);
          break;
        case "ended":
          this.links.close(link.conn);
          this.closed(link, event.code, event.text, false);
          break;
        default:
          unreachable(event);
      }
    }
  }

  private onReady(link: Link, nodeId: NodeId, hello: Hello): void {
    const { conn, address, inbound } = link;
    link.nodeId = nodeId;
    const verdict = this.connections.onReady(conn, nodeId, hello);
    if (!verdict.keep) return this.disconnect(conn, verdict.code, verdict.text);
    const { agent, height } = hello;
    this.effects.notify({ type: "peer-ready", conn, nodeId, address, inbound, agent, height });
    this.relay.onReady(conn);
    this.sync.onReady(conn, hello);
  }

  private onFailed(link: Link, code: BlameCode, detail: string): void {
    this.connections.onPenalty(link.conn, penalties[code], code);
    if (this.links.get(link.conn) !== link) return;
    this.links.close(link.conn);
    this.closed(link, code, detail, true);
  }

  private onClosed(conn: Conn, reason: string): void {
    const link = this.links.get(conn);
    if (link === undefined) {
      this.links.forget(conn);
      return;
    }
    const { truncated } = link.session.onClosed();
    this.links.forget(conn);
    this.closed(link, truncated ? "truncated" : "closed", reason, false);
  }

  /** Says goodbye and closes; a dial that has not got through is given up. */
  private disconnect(conn: Conn, code: DisconnectCode, text: string): void {
    const link = this.links.disconnect(conn, code, text);
    if (link === undefined) this.effects.close(conn);
    else this.closed(link, code, text, true);
  }

  /** Every end of a connection that had a session comes by here, once. */
  private closed(link: Link, code: string, detail: string, byUs: boolean): void {
    const { conn, nodeId, address } = link;
    this.connections.onClosed(conn);
    this.relay.onClosed(conn);
    this.sync.onClosed(conn);
    this.server.onClosed(conn);
    this.effects.notify({ type: "peer-closed", conn, nodeId, address, code, detail, byUs });
  }

  private blame(conn: Conn, code: BlameCode, detail: string): void {
    const link = this.links.get(conn);
    if (link === undefined) return;
    const penalty = penalties[code];
    if (penalty.score > 0) {
      const { nodeId, address } = link;
      this.effects.notify({ type: "peer-blamed", conn, nodeId, address, code, detail });
    }
    this.connections.onPenalty(conn, penalty, code);
    if (penalty.disconnect) this.disconnect(conn, "protocol", `${code}: ${detail}`);
  }

  private onImported(imported: readonly Imported[]): void {
    for (const result of imported) {
      switch (result.type) {
        case "moved":
          this.onMoved(result);
          break;
        case "orphan":
          if (result.source !== undefined) this.sync.onOrphan(result.source, result.missing);
          break;
        case "rejected": {
          const { code, detail } = result.rejection;
          if (code === "body-mismatch" || code === "body-malformed") {
            this.relay.onUnusable(inventoryKinds.block, result.hash);
          }
          // Our own block can only come too late for a clock that stepped: nobody to blame.
          if (result.source !== undefined) this.blame(result.source, code, detail);
          break;
        }
        default: // side, duplicate, pending, future: nothing to do now.
      }
    }
  }

  private onMoved(moved: Extract<Imported, { type: "moved" }>): void {
    const { head, connected, disconnected, source, ticket } = moved;
    this.mempool.onChainMoved(disconnected, connected);
    if (source !== undefined) this.connections.onDelivered(source);
    if (source === undefined) this.shown.hold(head.hash, ticket);
    if (this.slot() - head.slot > newsSlots)
      return this.relay.onObtained(inventoryKinds.block, head.hash);
    this.relay.announceBlock(head.hash, source, source === undefined ? ticket : undefined);
  }

  private addTransaction(transaction: Transaction, source?: Conn): Answer {
    const verdict = this.mempool.add(transaction);
    const { id } = transaction;
    if ("code" in verdict) {
      if (verdict.code === "transaction-signature")
        this.relay.onUnusable(inventoryKinds.transaction, id);
      if (source !== undefined) this.blame(source, verdict.code, verdict.detail);
      this.effects.notify({ type: "transaction-rejected", id, code: verdict.code });
      return { type: "refused", code: verdict.code, detail: verdict.detail };
    }
    this.effects.notify({ type: "transaction-accepted", id });
    this.relay.announceTransaction(id, source);
    return { type: "accepted", id };
  }

  private onSigned(job: Job, signature: Uint8Array | undefined, reason: string): void {
    const block = this.sealer.onSigned(job, signature, reason);
    if (block !== undefined) {
      this.onImported(this.chain.importBlock(block.sealed, block.body, undefined));
    }
  }

  private onPersisted(through: Ticket): void {
    this.chain.onPersisted(through);
    this.shown.onDurable(through);
    this.links.onDurable(through);
    if (this.shutdown === undefined || this.shutdown.ticket > through) return;
    this.effects.answer(this.shutdown.job, { type: "done" });
    this.shutdown = undefined;
  }

  private onCommand(job: Job, command: Command): void {
    switch (command.type) {
      case "submit-transaction": {
        const transaction = decodeTransaction(copyBytes(command.bytes));
        if ("code" in transaction) {
          return this.effects.answer(job, { type: "refused", ...transaction });
        }
        return this.effects.answer(job, this.addTransaction(transaction));
      }
      case "connect": {
        this.connections.connect(command.address);
        return this.effects.answer(job, { type: "done" });
      }
      case "disconnect": {
        this.disconnect(command.conn, "requested", "by the operator");
        return this.effects.answer(job, { type: "done" });
      }
      case "shutdown": {
        this.connections.shutdown();
        this.shutdown = { job, ticket: this.effects.persist([], { sync: true }) };
        return;
      }
      default:
        unreachable(command);
    }
  }

  private tick(): void {
    const now = this.env.clock.monotonicMs;
    for (const link of [...this.links.all()]) {
      if (link.session.deadline > now) continue;
      this.links.touch(link.conn);
      this.onSessionEvents(link, link.session.tick());
    }
    this.connections.tick();
    this.relay.tick();
    this.sync.tick();
    this.mempool.tick();
    this.onImported(this.chain.tick());
  }

  private slot(): number {
    return slotAt(this.options.networkFile, this.env.clock.wallMs);
  }

  private hello(seenAddress: string): Hello {
    return helloOf(
      this.env,
      this.shown.head,
      this.chain.finalized,
      this.options,
      this.bootId,
      seenAddress,
    );
  }
}
