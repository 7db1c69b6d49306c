/**
 * One real node with peers that the test plays: real sessions, virtual time, no sockets and no disk.
 * A peer reads only what the test lets it; what the node's host would write waits here, two writes
 * at a time, as in a kernel that takes nothing more. For tests of limits and of backpressure.
 */
import { firstBad } from "../../src/chain/first-bad.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import type { SignatureScheme } from "../../src/crypto/signature-scheme.ts";
import { acceptedConn, type Conn } from "../../src/edge/conn.ts";
import type { Effect } from "../../src/edge/effect.ts";
import type { NodeEvent } from "../../src/edge/event.ts";
import type { Input } from "../../src/edge/input.ts";
import { emptyImage } from "../../src/edge/store-image.ts";
import { type DevAccount, makeDevnet } from "../../src/host/devnet.ts";
import { idBytes, nodeIdOf, publicKeyOf } from "../../src/model/ids.ts";
import { formatNetworkFile, type NetworkFile } from "../../src/model/network-file.ts";
import { Node } from "../../src/node/node.ts";
import type { LineOptions } from "../../src/node/node-options.ts";
import { Session, type SessionEvent } from "../../src/peer/session.ts";
import type { Hello } from "../../src/wire/messages.ts";
import { sessionOptions, testEnv, testHello } from "./session-pair.ts";

const writesInFlightMax = 2;

export interface HubPeer {
  readonly conn: Conn;
  readonly session: Session;
  readonly events: SessionEvent[];
  /** Written by the node's host, not read by the peer. */
  readonly unread: Uint8Array[];
  /** The peer reads. */
  reads: boolean;
  /** The node reads this peer. */
  isRead: boolean;
  /** Bytes that the node has read of it. */
  taken: number;
  isOpen: boolean;
}

export class Hub {
  readonly node: Node;
  readonly file: NetworkFile;
  readonly accounts: readonly DevAccount[];
  readonly validatorSeed: Uint8Array = new Uint8Array(32).fill(77);
  readonly peers: HubPeer[] = [];
  readonly notices: NodeEvent[] = [];
  /** Signatures that the node verified, those of frames and handshakes aside. */
  verified = 0;
  /** Bodies whose signatures nobody has checked yet; checked at once unless `verifiesLater`. */
  readonly unverified: Extract<Effect, { type: "verify" }>[] = [];
  verifiesLater = false;
  private readonly env = testEnv(9);
  private isPeerStep = false;

  constructor(line?: LineOptions) {
    const signatures: SignatureScheme = {
      ...ed25519,
      verify: (signature, message, key) => {
        // Frames sign 192 bytes, handshakes 212.
        const isWire = message.length === 192 || message.length === 212;
        if (!this.isPeerStep && !isWire) this.verified++;
        return ed25519.verify(signature, message, key);
      },
    };
    const validator = publicKeyOf(ed25519.publicKey(this.validatorSeed));
    const { random, clock } = this.env;
    const { wallMs } = clock;
    const devnet = makeDevnet({ random, signatures, validator, wallMs, slotMs: 1_000 });
    const { networkFile } = devnet;
    this.file = networkFile;
    this.accounts = devnet.accounts;
    const options = {
      networkFile,
      networkFileBytes: Buffer.from(formatNetworkFile(networkFile)),
      nodeSeed: new Uint8Array(32).fill(200),
      validator: undefined,
      listenPort: 4321,
      connect: [],
      agent: "hub",
      peersMax: 50,
      outboundTarget: 0,
      allowPrivate: true,
      line,
    };
    this.node = new Node({ ...this.env, signatures }, options, emptyImage);
    this.step({ type: "started" });
  }

  get now(): number {
    return this.env.clock.monotonicMs;
  }

  /** A peer of its own identity that has connected and said hello. */
  connect(hello: Partial<Hello> = {}): HubPeer {
    const n = this.peers.length;
    const seed = new Uint8Array(32).fill(n + 1);
    const session = new Session(
      this.env,
      sessionOptions("initiator", n + 1, {
        nodeSeed: seed,
        nodeId: nodeIdOf(ed25519.publicKey(seed)),
        hello: () => testHello(hello),
        genesisHash: idBytes(this.node.queries.info().genesisHash),
      }),
    );
    const state = { events: [], unread: [], reads: true, isRead: true, taken: 0, isOpen: true };
    const peer: HubPeer = { conn: acceptedConn(n), session, ...state };
    this.peers.push(peer);
    const address = `10.${n}.1.1:5000`;
    this.step({ type: "connected", conn: peer.conn, inbound: true, address });
    this.settle();
    return peer;
  }

  /** Gives the node what `peer` has written, as far as the node reads it. */
  deliver(peer: HubPeer, bytes: Uint8Array): void {
    peer.taken += bytes.length;
    if (peer.isOpen) this.step({ type: "bytes", conn: peer.conn, bytes });
  }

  /** Moves bytes until nobody has anything to say that the other takes. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const peer of this.peers) moved = this.exchange(peer) || moved;
    }
  }

  /** Lets time pass, with a tick for each deadline of the node, and of the peers. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = Math.min(this.node.deadline, ...this.peers.map((each) => this.dueOf(each)));
      if (next > end) break;
      this.env.clock.monotonicMs = Math.max(next, this.now);
      if (this.node.deadline <= this.now) this.step({ type: "tick" });
      for (const peer of this.peers) {
        if (this.dueOf(peer) <= this.now) this.asPeer(peer, () => peer.session.tick());
      }
      this.settle();
    }
    this.env.clock.monotonicMs = end;
  }

  private dueOf({ session, isOpen }: HubPeer): number {
    return isOpen ? session.deadline : Number.POSITIVE_INFINITY;
  }

  private exchange(peer: HubPeer): boolean {
    if (!peer.isOpen) return false;
    let moved = false;
    this.write(peer);
    while (peer.reads && peer.unread.length > 0) {
      const bytes = peer.unread.shift()!;
      this.asPeer(peer, () => peer.session.receive(bytes));
      moved = true;
      this.step({ type: "room", conn: peer.conn });
    }
    if (!peer.isRead) return moved;
    const said = peer.session.take(65_536);
    if (said !== undefined) this.deliver(peer, said);
    return moved || said !== undefined;
  }

  private write({ conn, unread }: HubPeer): void {
    while (unread.length < writesInFlightMax) {
      const bytes = this.node.take(conn, 65_536);
      if (bytes === undefined) return;
      unread.push(bytes);
    }
  }

  private asPeer(peer: HubPeer, act: () => readonly SessionEvent[]): void {
    this.isPeerStep = true;
    peer.events.push(...act());
    this.isPeerStep = false;
  }

  /** TCP of `peer` ends. */
  hangUp(peer: HubPeer): void {
    peer.isOpen = false;
    this.step({ type: "closed", conn: peer.conn, reason: "gone" });
    this.settle();
  }

  /** The signatures of all bodies that wait for it. */
  verifyAll(): void {
    for (const { job, check } of this.unverified.splice(0)) {
      this.step({ type: "verified", job, firstBad: firstBad(ed25519, check) });
    }
    this.settle();
  }

  private step(input: Input): void {
    for (const effect of this.node.handle(input)) this.perform(effect);
  }

  private perform(effect: Effect): void {
    if (effect.type === "persist" && effect.sync) {
      this.step({ type: "persisted", through: effect.ticket });
    } else if (effect.type === "verify") {
      this.unverified.push(effect);
      if (!this.verifiesLater) this.verifyAll();
    } else if (effect.type === "notify") this.notices.push(effect.event);
    else if (effect.type === "reading" || effect.type === "close") {
      const peer = this.peers.find(({ conn }) => conn === effect.conn);
      if (peer === undefined) return;
      if (effect.type === "reading") peer.isRead = effect.on;
      else peer.isOpen = false;
    }
  }
}
