/**
 * The headers of one answer: whole, well-formed, each the parent of the next. NOT whether they are
 * valid (chain/). protocol-spec/04-messages §4
 */
import { decodeSealedHeader, type SealedHeader } from "../model/header.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { sealedHeaderBytes } from "../wire/messages.ts";

/** Undefined when they are not linked, or not a whole number of headers. */
export function decodeHeaders(bytes: Uint8Array): SealedHeader[] | Rejection | undefined {
  if (bytes.length % sealedHeaderBytes !== 0) return undefined;
  const headers: SealedHeader[] = [];
  for (let at = 0; at < bytes.length; at += sealedHeaderBytes) {
    const sealed = decodeSealedHeader(bytes.subarray(at, at + sealedHeaderBytes));
    if ("code" in sealed) return rejection(sealed.code, sealed.detail);
    const parent = headers.at(-1);
    if (parent !== undefined && sealed.header.parentHash !== parent.header.hash) return undefined;
    headers.push(sealed);
  }
  return headers;
}
