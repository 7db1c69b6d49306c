/**
 * A node of the light world that is nothing but its real connection manager, with the book, the
 * dialer, slots, eviction and address exchange that belong to it. Its chain is a height that all
 * share; blocks are handed to it by whoever runs the experiment.
 *
 * Invariants: after a tick its deadline lies ahead; what it persists is all that a restart keeps.
 * protocol-spec/09-connections
 */
import { assert } from "../../base/assert.ts";
import { acceptedConn, type Conn } from "../../edge/conn.ts";
import type { NodeEvent } from "../../edge/event.ts";
import { type NodeId, nodeIdOf } from "../../model/ids.ts";
import { ConnectionManager, type PeerView } from "../../net/connections/connection-manager.ts";
import type { ConnectionOptions } from "../../net/connections/connection-port.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { Hello, Message } from "../../wire/messages.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { End, hostOf, type Introduction, type LightWorld, type Party } from "./light-world.ts";

export interface LightNodeOptions {
  /** `ip:port`. */
  readonly address: string;
  /** `ip:port`, in the order of the operator. */
  readonly bootstrap: readonly string[];
  readonly peersMax?: number;
  readonly outboundTarget?: number;
}

/** What a restart hands in again. */
export type KeptPeers = ReturnType<ConnectionManager["keptPeers"]>;

export const slotMs = 3_000;
export const networkId = new Uint8Array(32).fill(7);
const never = Number.POSITIVE_INFINITY;

export class LightNode implements Party {
  readonly address: string;
  readonly ip: string;
  readonly id: NodeId;
  isUp = false;
  /** Faults of peers that this node named; honest peers have none. */
  readonly blamed: { readonly ip: string; readonly code: string }[] = [];
  /** How many peers went, by the reason. */
  readonly evicted = new Map<string, number>();
  private readonly world: LightWorld;
  private readonly options: LightNodeOptions;
  private readonly seed: Uint8Array;
  private readonly random: SeededRandom;
  private readonly ends = new Map<Conn, End>();
  private current: ConnectionManager | undefined;
  private bootId: Uint8Array = new Uint8Array(8);
  private accepted = 0;
  /** Undefined: whatever the chain has now. */
  private bestHeight: number | undefined;
  private wakeAt = never;

  constructor(world: LightWorld, options: LightNodeOptions) {
    this.world = world;
    this.options = options;
    this.address = options.address;
    this.ip = hostOf(options.address);
    this.random = world.random.fork(options.address);
    this.seed = this.random.bytes(32);
    this.id = nodeIdOf(world.signatures.publicKey(this.seed));
  }

  get manager(): ConnectionManager {
    assert(this.current !== undefined, "a node that was started");
    return this.current;
  }

  start(kept?: Partial<KeptPeers>): void {
    const { world } = this;
    this.bootId = this.random.bytes(8);
    const env = { clock: world.clock, random: this.random, signatures: world.signatures };
    this.current = new ConnectionManager(env, this.port(), this.managerOptions(kept));
    this.isUp = true;
    this.wakeAt = never;
    this.current.onStarted();
    this.sleep();
  }

  /** Ends it, and says what it had written down. */
  stop(): KeptPeers {
    const kept = this.manager.keptPeers();
    this.isUp = false;
    this.manager.shutdown();
    for (const end of [...this.ends.values()]) end.close();
    this.ends.clear();
    return kept;
  }

  /** Full and block-only ones that are ready and that we dialled. */
  outbound(): readonly PeerView[] {
    return this.manager.peers().filter((peer) => peer.state === "ready" && !peer.inbound);
  }

  /** The chain grows: `from` brought a block that was news. */
  onBlock(from: Conn): void {
    this.manager.onDelivered(from);
    this.manager.onShown(from, heightAt(this.world));
  }

  /** The chain grew, and all peers have shown that they have the block. */
  onBlockOfAll(): void {
    this.bestHeight = heightAt(this.world);
    for (const { conn, state } of this.manager.peers()) {
      if (state === "ready") this.manager.onShown(conn, heightAt(this.world));
    }
  }

  accept(): End {
    const end = new End(this.world, this, acceptedConn(this.accepted++), this.ip);
    this.ends.set(end.conn, end);
    return end;
  }

  onConnected(end: End, inbound: boolean, remote: string): boolean {
    const isOpen = this.isUp && this.manager.onConnected(end.conn, inbound, remote);
    if (!isOpen) this.ends.delete(end.conn);
    this.sleep();
    return isOpen;
  }

  onDialFailed(end: End): void {
    this.ends.delete(end.conn);
    this.manager.onDialFailed(end.conn, "refused");
    this.sleep();
  }

  introduce(end: End, remote: string): Introduction {
    const { address } = this.options;
    const listenPort = Number(address.slice(address.lastIndexOf(":") + 1));
    const features = this.manager.features(end.conn);
    const said = { bootId: this.bootId, listenPort, seenAddress: remote, features };
    return { nodeId: this.id, hello: helloOf(this.world, said) };
  }

  onReady(end: End, { nodeId, hello }: Introduction): void {
    const { conn, delayMs } = end;
    const verdict = this.manager.onReady(conn, nodeId, hello);
    if (verdict.keep) this.manager.onPing(conn, 2 * delayMs);
    else {
      this.ends.delete(conn);
      end.close();
    }
    this.sleep();
  }

  onMessage(end: End, message: Message): void {
    if (message.type === "get_peers") this.manager.onGetPeers(end.conn, message.count);
    if (message.type === "peers") {
      const code = this.manager.onPeers(end.conn, message.entries);
      if (code !== undefined) this.blamed.push({ ip: end.far?.ip ?? "", code });
    }
    this.sleep();
  }

  onClosed(end: End): void {
    if (!this.ends.delete(end.conn)) return;
    this.manager.onClosed(end.conn);
    this.sleep();
  }

  private port() {
    return {
      dial: (conn: Conn, address: string) => {
        const end = new End(this.world, this, conn, this.ip);
        this.ends.set(conn, end);
        this.world.dial(end, address);
      },
      close: (conn: Conn) => {
        this.ends.get(conn)?.close();
        this.ends.delete(conn);
      },
      send: (conn: Conn, message: Message) => this.ends.get(conn)?.send(message) ?? false,
      notify: (event: NodeEvent) => {
        if (event.type !== "connection-evicted") return;
        this.evicted.set(event.code, (this.evicted.get(event.code) ?? 0) + 1);
      },
      tip: () => ({ height: this.bestHeight ?? heightAt(this.world), isFetching: false }),
      askTip: (conn: Conn) => this.showTip(conn),
    };
  }

  /** Everybody has the chain and shows it when asked. */
  private showTip(conn: Conn): void {
    const end = this.ends.get(conn);
    if (end === undefined) return;
    this.world.later(2 * end.delayMs, () => {
      if (end.isOpen) this.manager.onShown(conn, heightAt(this.world));
    });
  }

  private managerOptions(kept: Partial<KeptPeers> = {}): ConnectionOptions {
    const { address, bootstrap, peersMax, outboundTarget } = this.options;
    const { seed, world } = this;
    return {
      self: this.id,
      bootId: this.bootId,
      connect: [],
      bootstrap,
      listenPort: Number(address.slice(address.lastIndexOf(":") + 1)),
      peersMax: peersMax ?? connectionLimits.peersMax,
      outboundTarget: outboundTarget ?? connectionLimits.outboundTarget,
      allowPrivate: false,
      slotMs,
      records: {
        networkId,
        services: 1,
        sign: (preimage) => world.signatures.sign(seed, preimage),
      },
      ...kept,
    };
  }

  /** Wakes it at its deadline. */
  private sleep(): void {
    const { manager, world } = this;
    const { deadline } = manager;
    if (!this.isUp || deadline >= this.wakeAt) return;
    this.wakeAt = deadline;
    world.later(Math.max(0, deadline - world.clock.monotonicMs), () => {
      if (this.current !== manager || !this.isUp || this.wakeAt !== deadline) return;
      this.wakeAt = never;
      if (manager.deadline <= world.clock.monotonicMs) {
        manager.tick();
        assert(manager.deadline > world.clock.monotonicMs, "the deadline after a tick lies ahead");
      }
      this.sleep();
    });
  }
}

/** The chain that everybody has. */
export function heightAt({ clock }: LightWorld): number {
  return Math.floor(clock.monotonicMs / slotMs);
}

export type Said = Pick<Hello, "bootId" | "listenPort" | "seenAddress" | "features">;

export function helloOf(world: LightWorld, said: Said): Hello {
  return {
    ...said,
    versionMin: 1,
    versionMax: 1,
    agent: "light/1",
    services: 1,
    role: "full",
    height: heightAt(world),
    headHash: networkId,
    finalizedHeight: 0,
    finalizedHash: networkId,
    wallTimeMs: world.clock.wallMs,
    bulkCredit: 0,
  };
}
