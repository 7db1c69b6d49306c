/**
 * What must never be found missing: the head at the newest durable write, in a small file beside
 * the database. LevelDB with a damaged log opens shorter and says nothing
 * (protocol-spec/06-validation §6), so a start compares the two and never quietly serves less.
 *
 *   a write    database ──> file      the file never names a block that the database could lack
 *   a recovery file ──> database      it takes blocks back: a head that holds before and after
 *
 * Invariant: whatever instant a crash comes at, a store that lost nothing is found intact.
 */
import { readFileSync } from "node:fs";
import { asciiBytes, equalBytes, hexBytes, toHex, u64Bytes } from "../base/bytes.ts";
import { metaKey } from "../chain/records.ts";
import { tagged } from "../crypto/hash.ts";
import type { DurableTip } from "../edge/effect.ts";
import type { StoreImage } from "../edge/store-image.ts";
import { type BlockHash, idBytes, isHex32 } from "../model/ids.ts";
import { networkIdOf, type Recovery } from "../model/recovery.ts";
import { replaceFile } from "./durable-file.ts";
import { systemCode } from "./host-error.ts";

const checksumHash = tagged("tip/1");

export type TipVerdict =
  | { readonly type: "intact" }
  /** The store lacks the block: it lost what was durable. */
  | { readonly type: "shorter"; readonly tip: DurableTip }
  /** The file itself cannot be believed. */
  | { readonly type: "unreadable"; readonly why: string };

export async function saveDurableTip(path: string, tip: DurableTip): Promise<void> {
  const { height, hash } = tip;
  const text = `${JSON.stringify({ height, hash, checksum: checksumOf(tip) })}\n`;
  await replaceFile(path, text, { mode: 0o600 });
}

/** Undefined when there is no file: nothing was ever reported final here. */
export function readDurableTip(path: string): DurableTip | { readonly why: string } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { height, hash, checksum } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isSafeInteger(height) || (height as number) < 0) return { why: "no height" };
    if (typeof hash !== "string" || !isHex32(hash)) return { why: "no hash" };
    const tip = { height: height as number, hash };
    return checksum === checksumOf(tip) ? tip : { why: "wrong checksum" };
  } catch {
    return { why: "not JSON" };
  }
}

/** `hasBlock` looks the block up in the store as opened. */
export async function checkDurableTip(
  path: string,
  hasBlock: (tip: DurableTip) => Promise<boolean>,
): Promise<TipVerdict> {
  const tip = readDurableTip(path);
  if (tip === undefined) return { type: "intact" };
  if ("why" in tip) return { type: "unreadable", why: tip.why };
  return (await hasBlock(tip)) ? { type: "intact" } : { type: "shorter", tip };
}

/**
 * Does a start on `image` take back blocks, for a recovery that is new to the store? Then the file
 * must name the head that is left, durably, before the store is changed.
 */
export function takesBack(
  image: StoreImage,
  genesisHash: BlockHash,
  recoveries: readonly Recovery[],
): boolean {
  if (image.get(metaKey("head")) === undefined) return false;
  const genesisId = idBytes(genesisHash);
  const known = image.get(metaKey("recovery")) ?? genesisId;
  return !equalBytes(known, networkIdOf(genesisId, recoveries));
}

/** For the operator; undefined when all is well. */
export function tipWarning(verdict: TipVerdict): string | undefined {
  switch (verdict.type) {
    case "intact":
      return undefined;
    case "shorter":
      return (
        `THE STORE HAS LOST FINAL BLOCKS: block ${verdict.tip.height} (${verdict.tip.hash}) was ` +
        "final and is not there any more. The disk or its file system is damaged. The node syncs " +
        "the missing blocks from its peers, must not be relied on until it has them, and does not " +
        "seal: start it again then. If nobody has them, delete durable-tip.json to give them up."
      );
    case "unreadable":
      return (
        `The record of what was final (durable-tip.json) is damaged: ${verdict.why}. Whether the ` +
        "store lost blocks cannot be told; compare the height with another node."
      );
  }
}

function checksumOf({ height, hash }: DurableTip): string {
  return toHex(checksumHash(u64Bytes(height), hexBytes(hash), asciiBytes("."))).slice(0, 16);
}
