/**
 * Addresses of peers: as people write them, perhaps with the identity that must answer there, and
 * as the entries of a `peers` message. NOT a resolver, and no judge of what is plausible or may be
 * dialled (`net`). Invariant: one spelling per address: what is parsed is printed in canonical form,
 * IPv6 shortened, mapped IPv4 as IPv4, names in lower case.
 * protocol-spec/09-connections §2, 04-messages §3.
 *
 *   [ 64 hex digits "@" ] ( 1.2.3.4 | "[" 2001:db8::1 "]" | name ) ":" port
 *
 *   0                  16     18           50         54           62           70           134
 *   | IPv6 or mapped 4 | port | node id    | services | last seen  | signed at  | signature  |
 */
import ipaddr from "ipaddr.js";
import { assert } from "../base/assert.ts";
import { readSafeU64, readU16, readU32, writeU16, writeU32, writeU64 } from "../base/bytes.ts";
import { type AddressRecord, recordSignatureBytes } from "../model/address-record.ts";
import { idBytes, isHex32, type NodeId, nodeIdOf } from "../model/ids.ts";
import { addressEntryBytes } from "./messages.ts";

export interface PeerAddress {
  /** An IPv4 or IPv6 address (without brackets) or a name, in canonical spelling. */
  readonly host: string;
  readonly kind: "ip4" | "ip6" | "name";
  /** 1 to 65,535. */
  readonly port: number;
  /** Who must answer there; undefined: anyone. */
  readonly nodeId: NodeId | undefined;
}

const textMax = 64 + 1 + 253 + 6;
const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** The address that `text` names; undefined when it is none. */
export function parsePeerAddress(text: string): PeerAddress | undefined {
  if (text.length > textMax) return undefined;
  const at = text.indexOf("@");
  const identity = at < 0 ? undefined : text.slice(0, at);
  if (identity !== undefined && !isHex32(identity)) return undefined;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]@/]+)):([1-9][0-9]{0,4})$/.exec(
    text.slice(at + 1),
  );
  if (match === null) return undefined;
  const port = Number(match[3]);
  const host = match[1] === undefined ? bareHost(match[2] ?? "") : ip6Host(match[1]);
  if (host === undefined || port > 0xffff) return undefined;
  return { ...host, port, nodeId: identity as NodeId | undefined };
}

/** `ip:port`, `[ip6]:port` or `name:port`, with `identity@` in front when it is known. */
export function formatPeerAddress(address: PeerAddress): string {
  const host = address.kind === "ip6" ? `[${address.host}]` : address.host;
  const identity = address.nodeId === undefined ? "" : `${address.nodeId}@`;
  return `${identity}${host}:${address.port}`;
}

/** The 16 bytes of an address in canonical or any other spelling; undefined for a name. */
export function ip16Of(ip: string): Uint8Array | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(ip)) {
    return new Uint8Array(ipaddr.IPv4.parse(ip).toIPv4MappedAddress().toByteArray());
  }
  if (ip.includes("%") || !ipaddr.IPv6.isValid(ip)) return undefined;
  return new Uint8Array(ipaddr.IPv6.parse(ip).toByteArray());
}

/** Canonical text of 16 bytes: `1.2.3.4` for mapped IPv4, else RFC 5952. */
export function ipText(ip16: Uint8Array): string {
  assert(ip16.length === 16, "an address has 16 bytes");
  const ip = new ipaddr.IPv6(Array.from(ip16));
  return ip.isIPv4MappedAddress() ? ip.toIPv4Address().toString() : ip.toRFC5952String();
}

type Host = Pick<PeerAddress, "host" | "kind">;

function ip6Host(text: string): Host | undefined {
  const ip16 = text.includes(":") ? ip16Of(text) : undefined;
  if (ip16 === undefined) return undefined;
  const host = ipText(ip16);
  return { host, kind: host.includes(":") ? "ip6" : "ip4" };
}

function bareHost(text: string): Host | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return { host: ipaddr.IPv4.parse(text).toString(), kind: "ip4" };
  }
  const host = text.toLowerCase();
  const labels = host.split(".");
  if (host.length > 253 || !labels.every((part) => label.test(part))) return undefined;
  // Resolvers read 127.1 and 0x7f.1 as addresses that this text does not show.
  if (/^([0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1)!)) return undefined;
  return { host, kind: "name" };
}

/** One line of `peers`: a record, and what the teller adds to it. */
export interface AddressEntry extends AddressRecord {
  /** Wall clock, by the word of whoever tells. */
  readonly lastSeenMs: number;
  /** 0 and undefined: nobody signed it, and even the owner is hearsay. */
  readonly signedAtMs: number;
  readonly signature: Uint8Array | undefined;
}

/** The node id of an entry whose owner nobody told. */
export const unknownOwner = "0".repeat(64) as NodeId;

const portAt = 16;
const ownerAt = 18;
const servicesAt = 50;
const lastSeenAt = 54;
const signedAt = 62;
const signatureAt = 70;

export function encodeAddressEntries(entries: readonly AddressEntry[]): Uint8Array {
  const out = new Uint8Array(addressEntryBytes * entries.length);
  let at = 0;
  for (const entry of entries) {
    const { signature, signedAtMs } = entry;
    assert(entry.ip16.length === 16 && entry.port > 0, "an address that can be dialled");
    assert((signature !== undefined) === signedAtMs > 0, "what is signed is signed at a time");
    out.set(entry.ip16, at);
    writeU16(out, at + portAt, entry.port);
    out.set(idBytes(entry.nodeId), at + ownerAt);
    writeU32(out, at + servicesAt, entry.services);
    writeU64(out, at + lastSeenAt, entry.lastSeenMs);
    writeU64(out, at + signedAt, signedAtMs);
    if (signature !== undefined) out.set(signature, at + signatureAt);
    at += addressEntryBytes;
  }
  return out;
}

/**
 * Entries that share no memory with `bytes`; undefined when `addressEntriesFault` names one (never
 * so for a `peers` message that was decoded). Signatures are not checked.
 */
export function decodeAddressEntries(bytes: Uint8Array): AddressEntry[] | undefined {
  if (addressEntriesFault(bytes) !== undefined) return undefined;
  const entries: AddressEntry[] = [];
  for (let at = 0; at < bytes.length; at += addressEntryBytes) {
    const signedAtMs = readSafeU64(bytes, at + signedAt) ?? 0;
    const from = at + signatureAt;
    entries.push({
      ip16: bytes.slice(at, at + 16),
      port: readU16(bytes, at + portAt),
      nodeId: nodeIdOf(bytes.subarray(at + ownerAt, at + servicesAt)),
      services: readU32(bytes, at + servicesAt),
      lastSeenMs: readSafeU64(bytes, at + lastSeenAt) ?? 0,
      signedAtMs,
      signature: signedAtMs === 0 ? undefined : bytes.slice(from, from + recordSignatureBytes),
    });
  }
  return entries;
}

/** Why `bytes` are not entries; undefined when they are. */
export function addressEntriesFault(bytes: Uint8Array): string | undefined {
  if (bytes.length % addressEntryBytes !== 0) {
    return `${bytes.length} bytes, not ${addressEntryBytes} an entry`;
  }
  for (let at = 0; at < bytes.length; at += addressEntryBytes) {
    if (readU16(bytes, at + portAt) === 0) return "an address entry with port 0";
    if (readSafeU64(bytes, at + lastSeenAt) === undefined) return "last seen beyond 2^53";
    const signedAtMs = readSafeU64(bytes, at + signedAt);
    if (signedAtMs === undefined) return "signed beyond 2^53";
    const isSigned = !isZero(bytes, at + signatureAt, at + addressEntryBytes);
    if (isSigned !== signedAtMs > 0) return "a signature without a time, or a time without one";
    if (isSigned && isZero(bytes, at + ownerAt, at + servicesAt)) return "signed by nobody";
  }
  return undefined;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
