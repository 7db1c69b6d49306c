/**
 * Whom diversity counts as one: addresses that one operator or one provider is likely to hold. NOT
 * the caps per IP (`Endpoint.origin`), and it judges nothing (endpoint.ts: who may be dialled).
 *
 * Invariant: two addresses whose group differs cost an attacker two networks; groups that are the
 * operator's own (`local`, `private:`) count for nothing. protocol-spec/09-connections §3
 */
import ipaddr from "ipaddr.js";
import type { Endpoint } from "./endpoint.ts";

/** The autonomous system that announces `ip`, as `as<N>`; undefined when no table knows. */
export type AsnOf = (ip: string) => string | undefined;

/** The country of `ip`, two letters; undefined when no table knows. */
export type CountryOf = (ip: string) => string | undefined;

/**
 * IPv4 /16, IPv6 /32, or `as<N>` when a table knows it. Of loopback only 127.0.0.1 and ::1 are
 * exempt, so that many networks can be played on one machine.
 */
export function netgroupOf(at: Endpoint, asnOf?: AsnOf): string {
  if (at.ip === "127.0.0.1" || at.ip === "::1") return "local";
  const asn = at.reach === "public" ? asnOf?.(at.ip) : undefined;
  if (asn !== undefined) return asn;
  const prefix = prefixOf(at.ip);
  return at.reach === "private" && !at.loopback ? `private:${prefix}` : prefix;
}

/** The operator's own machines, exempt from diversity and from caps per group. */
export function isExempt(group: string): boolean {
  return group === "local" || group.startsWith("private:");
}

/** `a.b` of IPv4, two hextets of IPv6. */
function prefixOf(ip: string): string {
  const bytes = ipaddr.parse(ip).toByteArray();
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}`;
  return `${hextet(bytes, 0)}:${hextet(bytes, 2)}`;
}

function hextet(bytes: readonly number[], at: number): string {
  return (bytes[at]! * 256 + bytes[at + 1]!).toString(16);
}
