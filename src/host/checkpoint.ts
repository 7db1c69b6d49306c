/**
 * The checkpoint of `--checkpoint HEIGHT:HASH`: read from text, and looked up among the blocks that
 * the store has buried. Those still in memory, and those to come, are the chain's to compare.
 * protocol-spec/06-validation §11.
 */
import { checkpointRefused } from "../chain/adopt-recoveries.ts";
import { type BlockRef, canonicalKey } from "../chain/records.ts";
import { type BlockHash, blockHashOf, isHex32 } from "../model/ids.ts";

/** `12345:64 hex digits`; undefined when it is not that. */
export function parseBlockRef(text: string): BlockRef | undefined {
  const [height = "", hash = "", ...rest] = text.split(":");
  if (rest.length > 0 || !/^(0|[1-9][0-9]{0,15})$/.test(height) || !isHex32(hash)) return undefined;
  const number = Number(height);
  return Number.isSafeInteger(number) ? { height: number, hash: hash as BlockHash } : undefined;
}

interface Records {
  load(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
}

/** Throws `StoreRefused` when another block is buried at the checkpoint's height. */
export async function demandBuried(store: Records, checkpoint: BlockRef): Promise<void> {
  const [record] = await store.load([canonicalKey(checkpoint.height)]);
  const ours = record && blockHashOf(record.subarray(0, 32));
  if (ours !== undefined && ours !== checkpoint.hash) throw checkpointRefused(checkpoint, ours);
}
