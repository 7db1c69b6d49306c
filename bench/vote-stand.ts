/**
 * One node among peers that tell it of the blocks and votes of a healthy network, slot by slot, in
 * virtual time. All that our node does in a slot is one uninterrupted run, so that it can be measured.
 *
 *   made and framed by the peers | our node: receive, verify, count, forward | read by the peers
 */
import { asciiBytes, concatBytes, hexBytes } from "../src/base/bytes.ts";
import { firstBadSignature } from "../src/chain/verify-body.ts";
import type { SignatureScheme } from "../src/crypto/signature-scheme.ts";
import type { Conn } from "../src/edge/conn.ts";
import { systemRandom } from "../src/host/system.ts";
import { inventoryKinds, type Message } from "../src/wire/messages.ts";
import { VirtualNode, VirtualWorld } from "./virtual-node.ts";
import { VirtualPeer } from "./virtual-peer.ts";
import { type MadeSlot, networkOf, type Validator, VoteMaker, validatorsOf } from "./vote-maker.ts";

const slotMs = 1000;
/** The block comes then, all votes within this after it, the copies of one within this. */
const blockAtMs = 60;
const votesWithinMs = 200;
const copiesWithinMs = 60;
/** Between two looks at what a peer could not send at once. */
const restMs = 10;
const handshakeRounds = 8;

export interface StandSizes {
  readonly validators: number;
  readonly peers: number;
}

class Counts {
  private readonly numbers = { framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0 };
  private slots = 0;

  reset(): void {
    Object.assign(this.numbers, { framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0 });
    this.slots = 0;
  }

  slot(): void {
    this.slots++;
  }

  frame(way: "In" | "Out", { length }: Uint8Array): void {
    this.numbers[`frames${way}`]++;
    this.numbers[`bytes${way}`] += length;
  }

  perSlot(): Readonly<Record<string, number>> {
    const entries = Object.entries(this.numbers);
    return Object.fromEntries(
      entries.map(([name, count]) => [name, Math.round(count / this.slots)]),
    );
  }
}

const below = (bound: number) => Math.floor(Math.random() * bound);

interface Arrival {
  readonly atMs: number;
  readonly conn: Conn;
  readonly bytes: Uint8Array;
}

export class VoteStand {
  readonly slotMs = slotMs;
  readonly counts = new Counts();
  private readonly world = new VirtualWorld();
  /** Of the peers, who are ahead of our node while they frame what they will have said. */
  private readonly peerClock = { monotonicMs: 0, wallMs: 0 };
  private readonly signatures: SignatureScheme;
  private readonly validators: readonly Validator[];
  private readonly genesisHash: Uint8Array;
  private readonly maker: VoteMaker;
  private readonly us: VirtualNode;
  private readonly peers: readonly VirtualPeer[];
  private made: MadeSlot | undefined;
  private slot = 0;

  constructor(sizes: StandSizes, signatures: SignatureScheme) {
    this.signatures = signatures;
    const { clock } = this.world;
    this.validators = validatorsOf(signatures, sizes.validators);
    const network = networkOf(this.validators, slotMs, clock.wallMs + slotMs);
    this.genesisHash = network.genesisHash;
    this.maker = new VoteMaker(clock, signatures, this.validators, network.file);
    this.us = new VirtualNode(this.world, {
      node: {
        networkFile: network.file,
        networkFileBytes: asciiBytes(network.text),
        nodeSeed: systemRandom.bytes(32),
        validator: undefined,
        ...{ listenPort: 4321, connect: [], agent: "windlass-bench", peersMax: 50 },
        ...{ outboundTarget: 0, allowPrivate: true },
      },
      signatures,
      seed: undefined,
      fsyncMs: 1,
      dial: () => undefined,
      write: (_from, conn, bytes) => {
        this.counts.frame("Out", bytes);
        this.peers.find((peer) => peer.conn === conn)?.toRead.push(bytes.slice());
      },
      onEvent: () => undefined,
    });
    const env = { clock: this.peerClock, random: systemRandom, signatures };
    Object.assign(this.peerClock, clock);
    this.peers = Array.from({ length: sizes.peers }, (_, index) => {
      const address = `10.0.${index + 1}.1:50000`;
      return new VirtualPeer(env, this.us.nextConn(), address, network.genesisHash);
    });
    this.shakeHands();
  }

  /** CPU milliseconds that our node used in so many slots. */
  run(slots: number): number {
    let usedUs = 0;
    for (let count = 0; count < slots; count++) usedUs += this.runSlot();
    return usedUs / 1000;
  }

  /** CPU milliseconds to check the newest block's certificate, had no vote been heard. */
  certificateMs(): number {
    const { body } = this.made!;
    const { signatures, genesisHash } = this;
    const signed = this.maker.certifiersOf(body);
    const from = process.cpuUsage();
    if (firstBadSignature(signatures, genesisHash, body, signed) !== -1) throw new Error("bad");
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000;
  }

  get finalBehindHead(): number {
    const { height, finalizedHeight } = this.us.node.queries.info();
    return height - finalizedHeight;
  }

  private runSlot(): number {
    const { world, us } = this;
    this.slot++;
    const startMs = this.slot * slotMs + slotMs + 1000;
    world.run(startMs - world.clock.monotonicMs);
    this.made = this.maker.make(this.slot);
    const arrivals = this.framed(this.said(this.made), startMs);
    const from = process.cpuUsage();
    for (const { atMs, conn, bytes } of arrivals) {
      world.run(atMs - world.clock.monotonicMs);
      this.counts.frame("In", bytes);
      us.step({ type: "bytes", conn, bytes });
    }
    world.run(startMs + slotMs - 1 - world.clock.monotonicMs);
    const { user, system } = process.cpuUsage(from);
    this.counts.slot();
    for (const peer of this.peers) peer.read();
    if (us.node.queries.info().headHash !== this.made.hash) throw new Error("our node fell behind");
    return user + system;
  }

  /** Who says what when, in the order of time. */
  private said({ hash, header, body, votes }: MadeSlot) {
    const items = concatBytes(Uint8Array.of(inventoryKinds.block), hexBytes(hash));
    const said: { atMs: number; peer: VirtualPeer; message: Message }[] = [];
    for (const [index, peer] of this.peers.entries()) {
      const atMs = blockAtMs + index;
      said.push({ atMs, peer, message: { type: "inv", items } });
      if (index === 0) said.push({ atMs, peer, message: { type: "new_block", header, body } });
    }
    for (const { bytes } of votes) {
      const firstMs = blockAtMs + this.peers.length + below(votesWithinMs);
      for (const peer of this.peers) {
        const atMs = firstMs + below(copiesWithinMs);
        said.push({ atMs, peer, message: { type: "vote", vote: bytes } });
      }
    }
    return said.sort((a, b) => a.atMs - b.atMs);
  }

  /** What the peers' sessions make of it; they may send small frames only so often. */
  private framed(said: ReturnType<VoteStand["said"]>, startMs: number): Arrival[] {
    const arrivals: Arrival[] = [];
    const offsetMs = this.world.clock.wallMs - this.world.clock.monotonicMs;
    const takeAll = (peer: VirtualPeer, atMs: number) => {
      Object.assign(this.peerClock, { monotonicMs: atMs, wallMs: atMs + offsetMs });
      if (peer.deadline <= atMs) peer.tick();
      for (const bytes of peer.take()) arrivals.push({ atMs, conn: peer.conn, bytes });
    };
    for (const { atMs, peer, message } of said) {
      Object.assign(this.peerClock, { monotonicMs: startMs + atMs });
      peer.send(message);
      takeAll(peer, startMs + atMs);
    }
    const lastMs = startMs + (said.at(-1)?.atMs ?? 0);
    for (let atMs = lastMs; atMs < startMs + slotMs - 1; atMs += restMs) {
      for (const peer of this.peers) takeAll(peer, atMs);
    }
    return arrivals;
  }

  private shakeHands(): void {
    this.us.step({ type: "started" });
    for (const { conn, address } of this.peers) {
      this.us.step({ type: "connected", conn, inbound: true, address });
    }
    for (let round = 0; round < handshakeRounds; round++) {
      for (const peer of this.peers) {
        for (const bytes of peer.take()) {
          this.us.step({ type: "bytes", conn: peer.conn, bytes });
        }
      }
      this.world.run(1);
      for (const peer of this.peers) peer.read();
    }
    if (this.peers.some(({ isReady }) => !isReady)) throw new Error("a handshake failed");
  }
}
