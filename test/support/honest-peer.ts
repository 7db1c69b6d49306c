/** A well-behaved peer inside of the test: answers pings, fetches every block that is announced. */
import { decodeSealedHeader, type SealedHeader } from "../../src/model/header.ts";
import { inventoryItemBytes, inventoryKinds, type Message } from "../../src/wire/messages.ts";
import { Peer, type PeerOptions, type Target } from "./attacker.ts";
import { Mailbox } from "./mailbox.ts";

export interface SeenBlock extends SealedHeader {
  readonly body: Uint8Array;
}

export class HonestPeer {
  readonly peer: Peer;
  readonly blocks = new Mailbox<SeenBlock>();

  private constructor(peer: Peer) {
    this.peer = peer;
    peer.onMessage = (message) => this.onMessage(message);
    for (const message of peer.inbox.items) this.onMessage(message);
    void peer.raw.closed.then(() => this.blocks.close("the honest peer was cut off"));
  }

  static async connect(target: Target, options: PeerOptions = {}): Promise<HonestPeer> {
    return new HonestPeer(await Peer.connect(target, options));
  }

  /** The newest block, or the first one to come. */
  get head(): SeenBlock {
    return this.blocks.items.at(-1)!;
  }

  /** A block that comes from now on. */
  nextBlock(timeoutMs = 15_000): Promise<SeenBlock> {
    const from = this.blocks.items.length;
    return this.blocks.wait("the next block", (block) => block, { from, timeoutMs });
  }

  private onMessage(message: Message): void {
    if (message.type === "inv") {
      const items = Buffer.from(message.items);
      for (let at = 0; at < items.length; at += inventoryItemBytes) {
        if (items[at] !== inventoryKinds.block) continue;
        this.peer.send({ type: "get_data", items: items.subarray(at, at + inventoryItemBytes) });
      }
    }
    if (message.type !== "new_block") return;
    const sealed = decodeSealedHeader(message.header);
    if ("code" in sealed) throw new Error(`the node sent a bad header: ${sealed.code}`);
    this.blocks.push({ ...sealed, body: message.body });
  }
}
