/**
 * The headers of one answer: whole, well-formed, each the parent of the next; and how far we have
 * them. NOT whether they are valid (chain/). protocol-spec/04-messages §4
 */
import { decodeSealedHeader, type SealedHeader } from "../model/header.ts";
import type { Rejection } from "../model/rule-code.ts";
import { sealedHeaderBytes } from "../wire/messages.ts";
import type { SyncChain, SyncNode } from "./sync-chain.ts";

export interface BadHeaders {
  readonly code: Rejection["code"] | "bad-field";
  readonly detail: string;
}

export function decodeHeaders(bytes: Uint8Array, countMax: number): SealedHeader[] | BadHeaders {
  const detail = `at most ${countMax} linked headers of ${sealedHeaderBytes} bytes`;
  const misshapen: BadHeaders = { code: "bad-field", detail };
  const count = bytes.length / sealedHeaderBytes;
  if (!Number.isInteger(count) || count > countMax) return misshapen;
  const headers: SealedHeader[] = [];
  for (let at = 0; at < bytes.length; at += sealedHeaderBytes) {
    const sealed = decodeSealedHeader(bytes.subarray(at, at + sealedHeaderBytes));
    if ("code" in sealed) return sealed;
    const parent = headers.at(-1);
    if (parent !== undefined && sealed.header.parentHash !== parent.header.hash) return misshapen;
    headers.push(sealed);
  }
  return headers;
}

/** The last of `headers` that is in the tree. */
export function lastKnown(
  chain: Pick<SyncChain, "node">,
  headers: readonly SealedHeader[],
): SyncNode | undefined {
  for (let index = headers.length - 1; index >= 0; index--) {
    const node = chain.node(headers[index]!.header.hash);
    if (node !== undefined) return node;
  }
  return undefined;
}
