/**
 * What the nodes of a virtual network say to each other about blocks, counted as it is handed to
 * the sessions: lines lose nothing, so what is said to a node is what it gets. Counts messages as
 * they are encoded, without frames. Looks into private parts, as the simulator does.
 */
import type { Node } from "../src/node/node.ts";
import { insidesOf, spyOn } from "../src/sim/insides.ts";
import { encodedBytes } from "../src/wire/codec.ts";
import { inventoryItemBytes, inventoryKinds, type Message } from "../src/wire/messages.ts";

const kinds = [
  "compact",
  "whole",
  "announced",
  "askedCompact",
  "askedWhole",
  "askedTransactions",
  "transactions",
] as const;
type Kind = (typeof kinds)[number];

const carriers = {
  compact_block: "compact",
  new_block: "whole",
  get_block_txs: "askedTransactions",
  block_txs: "transactions",
} as const satisfies Partial<Record<Message["type"], Kind>>;

export class BlockCopies {
  private counts = emptyCounts();
  /** Of compact blocks alone, and of all that is said about blocks. */
  private bytes = { compact: 0, all: 0 };

  watch(node: Node): void {
    spyOn(insidesOf(node).links, "send", ([, message], isTaken) => {
      if (isTaken) this.count(message);
    });
  }

  /** What was counted since the last time, for each of `deliveries`. */
  take(deliveries: number): Readonly<Record<Kind | "compactBytes" | "allBytes", number>> {
    const { bytes, counts } = this;
    this.counts = emptyCounts();
    this.bytes = { compact: 0, all: 0 };
    const each = kinds.map((kind) => [kind, counts[kind] / deliveries]);
    return {
      ...(Object.fromEntries(each) as Record<Kind, number>),
      compactBytes: bytes.compact / counts.compact,
      allBytes: bytes.all / deliveries,
    };
  }

  private count(message: Message): void {
    const { type } = message;
    if (type === "inv") return this.countItems(message, message.items, "announced", "announced");
    if (type === "get_data") {
      return this.countItems(message, message.items, "askedWhole", "askedCompact");
    }
    if (!(type in carriers)) return;
    const kind = carriers[type as keyof typeof carriers];
    this.counts[kind]++;
    const bytes = encodedBytes(message);
    this.bytes.all += bytes;
    if (kind === "compact") this.bytes.compact += bytes;
  }

  /** A message of transactions alone is none about blocks. */
  private countItems(message: Message, items: Uint8Array, whole: Kind, compact: Kind): void {
    let found = 0;
    for (let at = 0; at < items.length; at += inventoryItemBytes) {
      if (items[at] === inventoryKinds.transaction) continue;
      this.counts[items[at] === inventoryKinds.compact ? compact : whole]++;
      found++;
    }
    if (found > 0) this.bytes.all += encodedBytes(message);
  }
}

function emptyCounts(): Record<Kind, number> {
  return Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
}
