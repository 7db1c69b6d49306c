/**
 * A `Synchronizer` on a small chain, with peers on lines of a latency. After every step it checks
 * what must always hold: bounded windows, and questions within the limits of the wire.
 */
import { strict as assert } from "node:assert";
import type { Conn } from "../../../src/edge/conn.ts";
import type { BlameCode } from "../../../src/edge/port.ts";
import { blockHashOf, idBytes } from "../../../src/model/ids.ts";
import { chainLimits, syncLimits } from "../../../src/params/limits.ts";
import { Synchronizer } from "../../../src/sync/synchronizer.ts";
import type { Message, MessageOf } from "../../../src/wire/messages.ts";
import { type MadeBlock, MiniChain, makeChain } from "../../support/sync-world.ts";
import { VirtualTime } from "../../support/virtual-time.ts";
import type { Behaviour } from "./peer-behaviour.ts";

interface LinkedPeer {
  readonly conn: Conn;
  readonly behaviour: Behaviour;
  readonly latencyMs: number;
  isOpen: boolean;
  questionCount: number;
  openHeaders: Set<number>;
  openBlocks: Map<number, number>;
}

export class LinkedWorld {
  readonly time: VirtualTime;
  readonly chain: MiniChain;
  readonly sync: Synchronizer;
  readonly peers = new Map<Conn, LinkedPeer>();
  readonly blamed: { readonly conn: Conn; readonly code: BlameCode }[] = [];

  constructor(seed: number, own: readonly MadeBlock[], solo = false) {
    this.time = new VirtualTime(seed);
    this.chain = new MiniChain(own);
    Object.assign(this.chain, { anchorBehind: 100, nodesMax: chainLimits.treeNodesMax });
    const port = {
      send: (conn: Conn, message: Message) => this.toPeer(conn, message),
      blame: (conn: Conn, code: BlameCode) => {
        this.blamed.push({ conn, code });
        if (code !== "unsolicited") this.close(conn);
      },
    };
    this.sync = new Synchronizer(this.time.env, port, this.chain, { solo });
  }

  join(behaviour: Behaviour, claims: MadeBlock, latencyMs = 20, height?: number): Conn {
    const conn = (this.peers.size + 1) as Conn;
    this.peers.set(conn, {
      conn,
      behaviour,
      latencyMs,
      isOpen: true,
      questionCount: 0,
      openHeaders: new Set(),
      openBlocks: new Map(),
    });
    const { header } = claims.sealed;
    this.sync.onReady(conn, { height: height ?? header.height, headHash: idBytes(header.hash) });
    return conn;
  }

  close(conn: Conn): void {
    const peer = this.peers.get(conn)!;
    if (!peer.isOpen) return;
    peer.isOpen = false;
    this.sync.onClosed(conn);
  }

  /** Until `isDone`; the virtual seconds it took. */
  run(isDone: () => boolean, secondsMax: number): number {
    const from = this.time.clock.monotonicMs;
    const until = from + secondsMax * 1_000;
    while (!isDone()) {
      assert.ok(this.time.step(this.sync, until), `not done in ${secondsMax} s`);
      this.checkBounds();
    }
    return (this.time.clock.monotonicMs - from) / 1_000;
  }

  blamesOf(conn: Conn): BlameCode[] {
    return this.blamed.filter((b) => b.conn === conn).map((b) => b.code);
  }

  private checkBounds(): void {
    const { blocks, bytes } = this.sync["bodies"].load;
    assert.ok(blocks <= syncLimits.bodyWindowBlocks + 1);
    assert.ok(bytes <= syncLimits.bodyWindowBytes + chainLimits.blockBodyBytesMax);
    const ahead = this.chain.bestHeader.height - this.chain.head.height;
    assert.ok(ahead <= syncLimits.headersAheadMax + syncLimits.headersPerMessageMax * 3);
  }

  private toPeer(conn: Conn, message: Message): boolean {
    const peer = this.peers.get(conn)!;
    assert.ok(peer.isOpen, "nothing is sent to who is gone");
    peer.questionCount++;
    if (message.type === "get_headers") {
      assert.ok(message.locator.length / 32 <= syncLimits.locatorMax);
      assert.ok(message.count <= syncLimits.headersPerMessageMax);
    } else if (message.type === "get_blocks") {
      const count = message.hashes.length / 32;
      assert.ok(count >= 1 && count <= syncLimits.blocksPerRequestMax);
      peer.openBlocks.set(message.request, count);
    }
    this.time.after(peer.latencyMs, () => {
      if (!peer.isOpen) return;
      peer.behaviour(message, (answer) => this.fromPeer(peer, answer));
    });
    return true;
  }

  private fromPeer(peer: LinkedPeer, message: Message): void {
    this.time.after(peer.latencyMs, () => {
      if (!peer.isOpen) return;
      if (message.type === "headers") this.sync.onHeaders(peer.conn, message);
      else if (message.type === "block_body") this.onBody(peer.conn, message);
    });
  }

  private onBody(conn: Conn, message: MessageOf<"block_body">): void {
    // As the node does: it blames the source of what comes back rejected.
    for (const result of this.sync.onBlockBody(conn, message)) {
      if (result.type !== "rejected" || result.source === undefined) continue;
      this.blamed.push({ conn: result.source, code: result.rejection.code });
      this.close(result.source);
    }
  }
}

/** Genesis alone, and a chain of 1,500 blocks on it. */
export const genesis = makeChain(0);
export const long = makeChain(1_500);
export const top = long.at(-1)!;
export const isAt = (world: LinkedWorld, block: MadeBlock) => () =>
  world.chain.head.hash === block.sealed.header.hash;

const longByHash = new Map(long.map((made) => [made.sealed.header.hash, made]));
/** The block of the long chain that has this hash. */
export const longBlock = (hash: Uint8Array): MadeBlock => longByHash.get(blockHashOf(hash))!;
