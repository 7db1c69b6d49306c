/**
 * Where blocks are that left memory: from hashes to heights to headers, two loads whatever the
 * number. A record that is not what it should be counts as absent: the store is checked elsewhere.
 * protocol-spec/09-connections §5.
 */
import { toHex } from "../base/bytes.ts";
import { decodeHeight } from "../chain/records.ts";
import type { BlockHash } from "../model/ids.ts";
import { sealedHeaderBytes } from "../wire/messages.ts";
import { hashBytes } from "./locator.ts";

/** Height of an "I" record. */
export function buriedHeightOf(record: Uint8Array | undefined): number | undefined {
  return record && decodeHeight(record);
}

/** Header 356 | seal 64 of a "C" record. */
export function sealedHeaderOf(record: Uint8Array | undefined): Uint8Array | undefined {
  if (record?.length !== hashBytes + sealedHeaderBytes) return undefined;
  return record.subarray(hashBytes);
}

/** True when the "C" record is of that block: only canonical blocks are served from disk. */
export function isRecordOf(record: Uint8Array, hash: BlockHash): boolean {
  return toHex(record.subarray(0, hashBytes)) === hash;
}
