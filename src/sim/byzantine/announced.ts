/** What a message of ours tells a peer of blocks: for those who keep some of theirs secret. */
import { decodeSealedHeader } from "../../model/header.ts";
import { type BlockHash, blockHashOf } from "../../model/ids.ts";
import { inventoryItemBytes, inventoryKinds, type Message } from "../../wire/messages.ts";

export function announcesOne(message: Message, blocks: { has(hash: BlockHash): boolean }): boolean {
  if (message.type === "compact_block") {
    const sealed = decodeSealedHeader(message.header);
    return !("code" in sealed) && blocks.has(sealed.header.hash);
  }
  if (message.type !== "inv") return false;
  for (let at = 0; at < message.items.length; at += inventoryItemBytes) {
    const item = message.items.subarray(at, at + inventoryItemBytes);
    if (item[0] !== inventoryKinds.block) continue;
    if (blocks.has(blockHashOf(item.subarray(1)))) return true;
  }
  return false;
}
