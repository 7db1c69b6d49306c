/**
 * Items of `inv`, `get_data` and `not_found`: 33 bytes each, and the string by which an item is
 * known inside. protocol-spec/04-messages
 *
 *     kind 1 | id 32          of kind 3 (a block, compact) only the block is kept
 */
import { hexBytes, toHex } from "../../base/bytes.ts";
import type { BlockHash, TxId } from "../../model/ids.ts";
import { inventoryItemBytes, inventoryKinds } from "../../wire/messages.ts";

/** What an object is; `compact` is but a way to send a block. */
export type InventoryKind = (typeof inventoryKinds)["transaction" | "block"];

/** `t` or `b`, then the id in hex. */
export type ItemKey = string;

export interface Item {
  readonly key: ItemKey;
  readonly kind: InventoryKind;
  readonly id: TxId | BlockHash;
}

export function itemOf(kind: InventoryKind, id: string): Item {
  return {
    key: (kind === inventoryKinds.block ? "b" : "t") + id,
    kind,
    id: id as TxId | BlockHash,
  };
}

/** Undefined when a kind is unknown or the length is not whole items. */
export function decodeItems(items: Uint8Array): readonly Item[] | undefined {
  if (items.length % inventoryItemBytes !== 0) return undefined;
  const found: Item[] = [];
  for (let at = 0; at < items.length; at += inventoryItemBytes) {
    const said = items[at];
    const kind = said === inventoryKinds.compact ? inventoryKinds.block : said;
    const id = toHex(items.subarray(at + 1, at + inventoryItemBytes));
    if (kind !== inventoryKinds.block && kind !== inventoryKinds.transaction) return undefined;
    found.push(itemOf(kind, id));
  }
  return found;
}

/** `isCompact`: this block is wanted in its compact form. */
export function encodeItems(
  items: readonly Item[],
  isCompact: (item: Item) => boolean = () => false,
): Uint8Array {
  const out = new Uint8Array(items.length * inventoryItemBytes);
  items.forEach((item, index) => {
    const isBlock = item.kind === inventoryKinds.block;
    out[index * inventoryItemBytes] =
      isBlock && isCompact(item) ? inventoryKinds.compact : item.kind;
    out.set(hexBytes(item.id), index * inventoryItemBytes + 1);
  });
  return out;
}
