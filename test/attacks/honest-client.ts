/** The peer that must not notice the attack: answers pings, fetches every block that is announced. */
import { unhex } from "../support/independent-decoder/bytes.ts";
import { type Header, readSealedHeader } from "../support/independent-decoder/objects.ts";
import { Mailbox } from "../support/mailbox.ts";
import { Client, type ClientOptions, type Fields, say } from "./client.ts";
import type { Target } from "./client-handshake.ts";

export const itemBytes = 33;
export const kinds = { transaction: 1, block: 2 } as const;

export interface SeenBlock {
  readonly header: Header;
  /** Header 356 | seal 64. */
  readonly sealed: Uint8Array;
  readonly body: Uint8Array;
  /** performance.now() and wall clock when its last byte came. */
  readonly at: number;
  readonly wallMs: number;
}

export class HonestClient {
  readonly client: Client;
  readonly blocks = new Mailbox<SeenBlock>();

  private constructor(client: Client) {
    this.client = client;
    client.onMessage = (message) => this.onMessage(message);
    for (const message of client.inbox.items) this.onMessage(message);
    void client.raw.closed.then(() => this.blocks.close("the honest peer was cut off"));
  }

  static async connect(target: Target, options: ClientOptions = {}): Promise<HonestClient> {
    const hello = { agent: "honest/1", ...options.hello };
    return new HonestClient(await Client.connect(target, { ...options, hello }));
  }

  get head(): SeenBlock {
    return this.blocks.items.at(-1)!;
  }

  /** A block that comes from now on. */
  nextBlock(timeoutMs = 30_000): Promise<SeenBlock> {
    const from = this.blocks.items.length;
    return this.blocks.wait("the next block", (block) => block, { from, timeoutMs });
  }

  private onMessage(message: Fields): void {
    if (message["type"] === "inv") {
      const items = unhex(String(message["items"]));
      for (let at = 0; at < items.length; at += itemBytes) {
        if (items[at] !== kinds.block || !this.client.isOpen) continue;
        this.client.send(say("get_data", items.subarray(at, at + itemBytes)));
      }
    }
    if (message["type"] !== "new_block") return;
    const sealed = unhex(String(message["header"]));
    const { header } = readSealedHeader(sealed);
    const body = unhex(String(message["body"]));
    const now = { at: performance.now(), wallMs: Date.now() };
    this.blocks.push({ header, sealed, body, ...now });
  }
}
