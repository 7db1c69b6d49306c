/**
 * Real connection managers wired to each other in virtual time: TCP, handshake and delivery are
 * played here with random delays, everything else is the code under test.
 */
import { Heap } from "../../../src/base/heap.ts";
import { acceptedConn, type Conn } from "../../../src/edge/conn.ts";
import type { NodeId } from "../../../src/model/ids.ts";
import { ConnectionManager } from "../../../src/net/connections/connection-manager.ts";
import type { ConnectionOptions } from "../../../src/net/connections/connection-port.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { helloOf, optionsOf, type TestEnv, testEnv } from "./net-fixture.ts";

interface End {
  readonly node: MemoryNode;
  readonly conn: Conn;
}

interface MemoryLink {
  readonly id: number;
  readonly dialler: End;
  readonly acceptor: End;
}

export interface MemoryNode {
  readonly id: NodeId;
  readonly address: string;
  bootId: number;
  manager: ConnectionManager;
  up: boolean;
  accepted: number;
  readonly links: Map<Conn, MemoryLink>;
}

export class MemoryNetwork {
  readonly env: TestEnv;
  readonly nodes: MemoryNode[] = [];
  private readonly byAddress = new Map<string, MemoryNode>();
  private readonly due = new Heap<() => void>();
  private linkCount = 0;

  constructor(seed: number) {
    this.env = testEnv(seed);
  }

  add(id: NodeId, address: string, some: Partial<ConnectionOptions> = {}): MemoryNode {
    const node: MemoryNode = {
      id,
      address,
      bootId: this.nodes.length + 1,
      manager: undefined as unknown as ConnectionManager,
      up: false,
      accepted: 0,
      links: new Map(),
    };
    this.nodes.push(node);
    this.byAddress.set(address, node);
    this.start(node, some);
    return node;
  }

  start(node: MemoryNode, some: Partial<ConnectionOptions> = {}): void {
    const later = (delayMs: number, run: () => void) => {
      const { manager } = node;
      // What a dead process had in flight happens to nobody.
      this.due.push(this.env.clock.monotonicMs + delayMs, () => node.manager === manager && run());
    };
    node.bootId += 50;
    node.manager = new ConnectionManager(
      this.env,
      {
        dial: (conn, address) => later(this.delayMs(), () => this.dial(node, conn, address)),
        close: (conn) => this.close(node, conn),
        send: (conn, message) => this.send(node, conn, message),
        notify: () => {},
        tip: () => ({ height: 0, isFetching: false }),
        askTip: () => {},
      },
      optionsOf({
        self: node.id,
        bootId: helloOf(node.bootId, 0).bootId,
        listenPort: portOf(node.address),
        ...some,
      }),
    );
    node.up = true;
    later(0, () => node.manager.onStarted());
  }

  kill(node: MemoryNode): void {
    node.up = false;
    for (const conn of [...node.links.keys()]) this.close(node, conn);
    node.manager.shutdown();
  }

  /** Runs whatever is due until `ms` from now. */
  run(ms: number, afterEach: () => void = () => {}): void {
    const endAt = this.env.clock.monotonicMs + ms;
    for (;;) {
      let at = this.due.nextAt;
      for (const node of this.nodes) at = Math.min(at, node.manager.deadline);
      if (at > endAt) break;
      const passed = Math.max(at - this.env.clock.monotonicMs, 0);
      this.env.clock.monotonicMs += passed;
      this.env.clock.wallMs += passed;
      while (this.due.nextAt <= this.env.clock.monotonicMs) this.due.pop()?.value();
      for (const { manager } of this.nodes) {
        if (manager.deadline > this.env.clock.monotonicMs) continue;
        manager.tick();
        if (manager.deadline <= this.env.clock.monotonicMs) throw new Error("deadline after tick");
      }
      afterEach();
    }
    this.env.clock.wallMs += endAt - this.env.clock.monotonicMs;
    this.env.clock.monotonicMs = endAt;
  }

  /** Ids of the links over which `node` has ready peers. */
  readyLinks(node: MemoryNode): number[] {
    return node.manager
      .peers()
      .filter((peer) => peer.state === "ready")
      .map((peer) => node.links.get(peer.conn)?.id ?? -1);
  }

  readyPeers(node: MemoryNode): NodeId[] {
    return node.manager.peers().flatMap((peer) => (peer.nodeId === undefined ? [] : [peer.nodeId]));
  }

  private delayMs(): number {
    return 1 + this.env.random.below(100);
  }

  private later(run: () => void): void {
    this.due.push(this.env.clock.monotonicMs + this.delayMs(), run);
  }

  private dial(node: MemoryNode, conn: Conn, address: string): void {
    const remote = this.byAddress.get(address);
    if (remote === undefined || !remote.up) return node.manager.onDialFailed(conn, "refused");
    const theirs = acceptedConn(remote.accepted++);
    const link: MemoryLink = {
      id: this.linkCount++,
      dialler: { node, conn },
      acceptor: { node: remote, conn: theirs },
    };
    const from = `${hostOf(node.address)}:${40_000 + (link.id % 20_000)}`;
    if (!node.manager.onConnected(conn, false, address)) return;
    if (!remote.manager.onConnected(theirs, true, from)) return node.manager.onClosed(conn);
    node.links.set(conn, link);
    remote.links.set(theirs, link);
    this.later(() => {
      this.ready(link, link.dialler, link.acceptor.node);
      this.later(() => this.ready(link, link.acceptor, link.dialler.node));
    });
  }

  private ready(link: MemoryLink, end: End, remote: MemoryNode): void {
    const { node, conn } = end;
    if (node.links.get(conn) !== link || !node.up) return;
    const hello = helloOf(remote.bootId, portOf(remote.address));
    const verdict = node.manager.onReady(conn, remote.id, hello);
    if (!verdict.keep) this.close(node, conn);
  }

  private close(node: MemoryNode, conn: Conn): void {
    const link = node.links.get(conn);
    if (link === undefined) return;
    node.links.delete(conn);
    const other = link.dialler.node === node && link.dialler.conn === conn;
    const far = other ? link.acceptor : link.dialler;
    this.later(() => {
      if (far.node.links.get(far.conn) !== link) return;
      far.node.links.delete(far.conn);
      far.node.manager.onClosed(far.conn);
    });
  }

  private send(node: MemoryNode, conn: Conn, message: Message): boolean {
    const link = node.links.get(conn);
    if (link === undefined) return false;
    const near = link.dialler.node === node && link.dialler.conn === conn;
    const far = near ? link.acceptor : link.dialler;
    this.later(() => {
      if (far.node.links.get(far.conn) !== link) return;
      const { manager } = far.node;
      if (message.type === "get_peers") {
        // The acceptor is ready a little later than the dialler, as in the real handshake.
        if (manager.peers().some((p) => p.conn === far.conn && p.state === "ready")) {
          manager.onGetPeers(far.conn, message.count);
        } else this.later(() => manager.onGetPeers(far.conn, message.count));
      } else if (message.type === "peers") {
        if (manager.onPeers(far.conn, message.entries) !== undefined) throw new Error("blamed");
      }
    });
    return true;
  }
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"));
