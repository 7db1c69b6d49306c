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
import { ChainManager } from "../chain/chain-manager.ts";
import type { ChainPort } from "../chain/imported.ts";
import { Ledger } from "../chain/ledger.ts";
import type { Conn, Job, Ticket } from "../edge/conn.ts";
import type { Effect } from "../edge/effect.ts";
import type { Env } from "../edge/env.ts";
import type { Input } from "../edge/input.ts";
import type { StoreImage } from "../edge/store-image.ts";
import { Mempool } from "../mempool/mempool.ts";
import { idBytes, type NodeId, nodeIdOf } from "../model/ids.ts";
import { slotAt } from "../model/network-file.ts";
import { networkIdOf } from "../model/recovery.ts";
import { ConnectionManager } from "../net/connections/connection-manager.ts";
import { Gossip } from "../net/relay/gossip.ts";
import { Relay } from "../net/relay/relay.ts";
import { Verdicts } from "../net/relay/verdicts.ts";
import { connectionLimits } from "../params/limits.ts";
import { ChainServer } from "../sync/server.ts";
import { Synchronizer } from "../sync/synchronizer.ts";
import { PayloadWriter } from "../wire/codec.ts";
import { type ComingParts, comings } from "./comings.ts";
import { Commands } from "./commands.ts";
import { CompactRelay } from "./compact-relay.ts";
import { ConductQueries } from "./conduct-queries.ts";
import { connectionsPort } from "./connections-port.ts";
import { EffectQueue } from "./effect-queue.ts";
import { genesisAnswers } from "./genesis-answers.ts";
import { helloOf, recordKeys } from "./hello.ts";
import { helperScores } from "./helper-scores.ts";
import { InStep } from "./in-step.ts";
import { News } from "./news.ts";
import { type NodeOptions, noLineLimits } from "./node-options.ts";
import { Peers } from "./peers.ts";
import { PublicChain } from "./public-chain.ts";
import { Queries } from "./queries.ts";
import { Reach } from "./reach.ts";
import { Router } from "./router.ts";
import { Validator } from "./validator.ts";
import { Verification } from "./verification.ts";

export class Node {
  readonly nodeId: NodeId;
  readonly queries: Queries;
  private readonly env: Env;
  private readonly effects = new EffectQueue();
  private readonly peers: Peers;
  private readonly connections: ConnectionManager;
  private readonly chain: ChainManager;
  private readonly shown: PublicChain;
  private readonly mempool: Mempool;
  private readonly relay: Relay;
  private readonly compact: CompactRelay;
  private readonly sync: Synchronizer;
  private readonly server: ChainServer;
  private readonly gossip: Gossip;
  /** Undefined for a node that neither seals nor votes. */
  private readonly validator: Validator | undefined;
  private readonly news: News;
  private readonly commands: Commands;
  private readonly reach: Reach;
  private readonly verification: Verification;

  constructor(env: Env, options: NodeOptions, image: StoreImage) {
    this.env = env;
    const { effects } = this;
    const { networkFile } = options;
    const bootId = env.random.bytes(8);
    const slot = () => slotAt(networkFile, env.clock.wallMs);
    this.nodeId = nodeIdOf(env.signatures.publicKey(options.nodeSeed));
    const ledger = new Ledger(networkFile);
    const chainPort: ChainPort = {
      persist: (writes, how) => effects.persist(writes, how),
      verify: (check) => effects.verify(check),
      notify: (event) => effects.notify(event),
      onHeader: (header) => this.validator?.onHeader(header),
    };
    this.chain = new ChainManager(env, chainPort, networkFile, ledger, image, options);
    this.shown = new PublicChain(this.chain);
    const genesisHash = idBytes(this.chain.genesisHash);
    const networkId = networkIdOf(genesisHash, options.recoveries);
    this.mempool = new Mempool(
      { ...env, signatures: this.chain.view.heard.signatures },
      {
        account: (address) => ledger.account(address),
        slot,
        checkAction: (transaction) => ledger.checkAction(transaction, slot()),
        validators: () => ledger.validators(),
      },
      { genesisHash, minFee: networkFile.minFee },
    );
    this.connections = new ConnectionManager(
      env,
      connectionsPort(effects, this.chain, () => ({
        peers: this.peers,
        sync: this.sync,
      })),
      {
        ...options,
        self: this.nodeId,
        bootId,
        slotMs: networkFile.slotMs,
        records: recordKeys(env, options, networkId),
      },
    );
    this.peers = new Peers(
      env,
      effects,
      {
        genesisHash: networkId,
        nodeSeed: options.nodeSeed,
        nodeId: this.nodeId,
        staticSecret: env.random.bytes(32),
        hello: (seenAddress) =>
          helloOf(env, this.shown.head, this.chain.finalized, options, bootId, seenAddress),
        networkFile: genesisAnswers(env, options.networkFileBytes),
        writer: new PayloadWriter(),
        line: options.line ?? noLineLimits,
        isThin: options.isLow ?? false,
      },
      {
        connections: this.connections,
        slotMs: networkFile.slotMs,
        membership: {
          nodeId: this.nodeId,
          genesisHash,
          validatorKey: options.validator?.key,
          admission: this.connections.admission,
          effects,
          validators: () => ledger.validators(),
        },
        ...comings(() => this.comingParts, options.recordFrames),
        onMessage: (conn, message) => router.route(conn, message),
      },
    );
    const port = this.peers;
    this.relay = new Relay(
      env,
      port,
      options.isLow ? connectionLimits.lowTransactionPeersMax : undefined,
    );
    this.gossip = new Gossip(port);
    this.sync = new Synchronizer(env, port, this.chain, {
      solo:
        !options.connect.length && !options.bootstrap?.length && options.validator !== undefined,
      scores: helperScores(this.connections.misconduct.scores, (conn) => port.nodeIdOf(conn)),
    });
    this.server = new ChainServer(port, this.shown, effects, () => port.uploadTarget.isSpent);
    const { chain, connections, gossip, mempool, relay, server, shown, sync } = this;
    const compact = new CompactRelay(env, { port, chain, shown, relay, sync, mempool });
    this.compact = compact;
    const verification = new Verification(env.clock, port, shown, () => chain.finalized);
    this.verification = verification;
    const { validator } = options;
    const inStep = new InStep(sync, () => this.chain.duties.validatorCount);
    const isSynced = () => inStep.isSynced;
    const verdicts = new Verdicts(env.clock);
    this.validator =
      validator &&
      new Validator(env, { effects, chain, mempool, file: networkFile, validator, isSynced });
    this.news = new News({
      ...{ effects, port, chain, connections, gossip, verdicts, mempool, relay, sync, shown, slot },
      compact,
      onVote: (vote) => this.validator?.onVote(vote),
      onMoved: () => this.peers.members.onValidatorsChanged(),
    });
    const { news, nodeId, peers } = this;
    const router = new Router({
      ...{ port, connections, gossip, verdicts, relay, chain, mempool, sync, server, news },
      ...{ compact, verification },
    });
    this.commands = new Commands({ effects, news, connections, peers });
    this.reach = new Reach(env, {
      file: networkFile,
      state: () => sync.progress().state,
      validators: () => ledger.validators(),
      votersSince: (since) => this.queries.votersSince(since),
      notify: (event) => effects.notify(event),
    });
    const { reach } = this;
    this.queries = new Queries({
      ...{ nodeId, options, chain, ledger, mempool, connections, sync, peers },
      verification,
      conduct: new ConductQueries(connections.misconduct, reach),
    });
  }

  /** Milliseconds of the monotonic clock when `tick` is due; Infinity when nothing waits. */
  get deadline(): number {
    return Math.min(
      this.peers.deadline,
      this.connections.deadline,
      this.relay.deadline,
      this.compact.deadline,
      this.sync.deadline,
      this.mempool.deadline,
      this.chain.deadline,
      this.reach.deadline,
      this.verification.deadline,
      this.validator?.deadline ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Takes one thing that happened; returns what is to be done, in order. */
  handle(input: Input): readonly Effect[] {
    this.dispatch(input);
    if (this.validator !== undefined) this.news.onImported(this.validator.tick());
    this.verification.note();
    this.peers.links.flushTouched();
    return this.effects.drain();
  }

  /** At most one frame for `conn`, no longer than `bytesMax` unless it is the first. */
  take(conn: Conn, bytesMax: number): Uint8Array | undefined {
    const bytes = this.peers.links.take(conn, bytesMax);
    if (bytes !== undefined) this.server.onRoom(conn);
    return bytes;
  }

  private get comingParts(): ComingParts {
    const { connections, peers, reach, relay, compact, gossip, sync, server, news } = this;
    const { verification } = this;
    return { connections, peers, reach, relay, compact, gossip, sync, server, verification, news };
  }

  private dispatch(input: Input): void {
    switch (input.type) {
      case "started":
        return this.connections.onStarted();
      case "connected":
        return this.peers.onConnected(input.conn, input.inbound, input.address);
      case "dial-failed":
        return this.connections.onDialFailed(input.conn, input.reason);
      case "bytes":
        return this.peers.onBytes(input.conn, input.bytes);
      case "room":
        this.peers.links.touch(input.conn);
        return this.server.onRoom(input.conn);
      case "closed":
        return this.peers.onClosed(input.conn, input.reason);
      case "verified":
        return this.onVerified(input.job, input.firstBad);
      case "loaded":
        this.server.onLoaded(input.job, input.values);
        return;
      case "persisted":
        return this.onPersisted(input.through);
      case "signed":
        return this.onSigned(input);
      case "command":
        return this.commands.onCommand(input.job, input.command);
      case "tick":
        return this.tick();
      default:
        unreachable(input);
    }
  }

  private onVerified(job: Job, firstBad: number): void {
    this.news.onImported(this.chain.onVerified(job, firstBad));
    const shown = this.sync.onVerified(job);
    if (shown !== undefined) this.connections.onShown(shown.conn, shown.height);
    // Not each time: to look for what is missing costs more than a block's signatures.
    if (this.sync.deadline <= this.env.clock.monotonicMs) this.sync.tick();
  }

  private onPersisted(through: Ticket): void {
    this.chain.onPersisted(through);
    this.shown.onDurable(through);
    this.validator?.onDurable(through);
    this.peers.links.onDurable(through);
    this.commands.onPersisted(through);
  }

  private onSigned({ job, signature, reason = "" }: Extract<Input, { type: "signed" }>): void {
    if (this.peers.members.onSigned(job, signature)) return;
    this.news.onImported(this.validator?.onSigned(job, signature, reason) ?? []);
  }

  private tick(): void {
    this.peers.tick();
    this.connections.tick();
    this.relay.tick();
    this.compact.tick();
    this.sync.tick();
    this.mempool.tick();
    this.reach.tick();
    this.verification.tick();
    this.news.onImported(this.chain.tick());
  }
}
