/**
 * Makes one node of a virtual network the publisher of a block: a stranger at no distance hands it
 * over whole. To that node it is a block like its own, only that a disk does not come first; all
 * others get it by the rules of relay. Speaks no compact blocks, so it is never asked to push any.
 */
import { concatBytes, hexBytes } from "../src/base/bytes.ts";
import type { Conn } from "../src/edge/conn.ts";
import type { Env } from "../src/edge/env.ts";
import { inventoryKinds } from "../src/wire/messages.ts";
import type { VirtualNode, VirtualWorld } from "./virtual-node.ts";
import { VirtualPeer } from "./virtual-peer.ts";
import type { MadeSlot } from "./vote-maker.ts";

const address = "198.18.0.1:50000";

export class BlockPublisher {
  private readonly world: VirtualWorld;
  private readonly to: VirtualNode;
  private readonly peer: VirtualPeer;
  private isDue = false;

  constructor(world: VirtualWorld, env: Env, to: VirtualNode, genesisHash: Uint8Array) {
    this.world = world;
    this.to = to;
    this.peer = new VirtualPeer(env, to.nextConn(), address, genesisHash);
  }

  /** Once it is known whose bytes are to be heard. */
  start(): void {
    this.to.step({ type: "connected", conn: this.conn, inbound: true, address });
    this.pump();
  }

  get conn(): Conn {
    return this.peer.conn;
  }

  /** Bytes of the node. */
  hear(bytes: Uint8Array): void {
    this.peer.toRead.push(bytes);
    if (this.isDue) return;
    this.isDue = true;
    this.world.after(0, () => {
      this.isDue = false;
      this.peer.read();
      this.pump();
    });
  }

  publish({ hash, header, body }: Pick<MadeSlot, "hash" | "header" | "body">): void {
    if (!this.peer.isReady) throw new Error("the publisher did not get in");
    const items = concatBytes(Uint8Array.of(inventoryKinds.block), hexBytes(hash));
    this.peer.send({ type: "inv", items });
    // Else the block, being a block, overtakes it.
    this.pump();
    this.peer.send({ type: "new_block", header, body });
    this.pump();
  }

  close(): void {
    this.to.step({ type: "closed", conn: this.conn, reason: "done" });
  }

  private pump(): void {
    for (const bytes of this.peer.take()) this.to.step({ type: "bytes", conn: this.conn, bytes });
  }
}
