/**
 * The record of a safety halt: what was seen, and the certificates that prove it. It stays until
 * people have decided what to do. protocol-spec/06-validation §6.
 *
 *   0 detail length 2 | detail, ASCII | then for each certificate: length 4 | certificate
 */
import { asciiBytes, concatBytes, readU16, readU32, u16Bytes, u32Bytes } from "../base/bytes.ts";
import type { Write } from "../edge/effect.ts";
import { type Certificate, decodeCertificate } from "../model/certificate.ts";
import type { SafetyConflict } from "./justification.ts";
import { metaKey } from "./records.ts";

export function haltWrite({ detail, certificates }: SafetyConflict): Write {
  const text = asciiBytes(detail);
  const parts = certificates.flatMap(({ bytes }) => [u32Bytes(bytes.length), bytes]);
  return { key: metaKey("halted"), value: concatBytes(u16Bytes(text.length), text, ...parts) };
}

/** Undefined when cut. */
export function decodeHalt(bytes: Uint8Array): SafetyConflict | undefined {
  if (bytes.length < 2 || bytes.length < 2 + readU16(bytes, 0)) return undefined;
  let at = 2 + readU16(bytes, 0);
  const detail = String.fromCharCode(...bytes.subarray(2, at));
  const certificates: Certificate[] = [];
  while (at < bytes.length) {
    if (bytes.length - at < 4) return undefined;
    const end = at + 4 + readU32(bytes, at);
    const certificate = decodeCertificate(bytes.subarray(at + 4, end));
    if (end > bytes.length || "code" in certificate) return undefined;
    certificates.push(certificate);
    at = end;
  }
  return { detail, certificates };
}
