/**
 * Ranges of addresses: `10.0.0.0/8`, `2001:db8::/32`, read strictly and looked up by address in as
 * many steps as there are lengths in use. NOT what a range stands for (ban-list.ts, access-list.ts).
 *
 * Invariant: a range has one spelling, with the bits beyond its length cleared; keys are strings.
 * protocol-spec/09-connections §8
 */
import ipaddr from "ipaddr.js";

export interface Subnet {
  /** The one spelling. */
  readonly text: string;
  readonly ip: string;
  readonly bits: number;
}

/** Undefined when `text` is no range. Mapped IPv4 is refused: write it as IPv4. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^([0-9a-fA-F:.]{2,45})\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const ip = match?.[1] ?? "";
  const bits = Number(match?.[2]);
  if (match === null || !isIp(ip)) return undefined;
  const parsed = ipaddr.parse(ip);
  const bytes = parsed.toByteArray();
  if (bits > bytes.length * 8) return undefined;
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()) return undefined;
  const base = ipaddr.fromByteArray(masked(bytes, bits)).toString();
  return { text: `${base}/${bits}`, ip: base, bits };
}

/** The shortest spelling of one address, mapped IPv4 as IPv4; undefined when it is none. */
export function parseIp(text: string): string | undefined {
  return isIp(text) ? ipaddr.process(text).toString() : undefined;
}

/** What stands for ranges of addresses. */
export class SubnetMap<V> {
  private readonly values = new Map<string, V>();
  /** How many ranges there are of each family and length. */
  private readonly lengths = new Map<string, number>();

  get size(): number {
    return this.values.size;
  }

  set(subnet: Subnet, value: V): void {
    if (!this.values.has(subnet.text)) this.count(subnet, 1);
    this.values.set(subnet.text, value);
  }

  delete(subnet: Subnet): void {
    if (this.values.delete(subnet.text)) this.count(subnet, -1);
  }

  /** Of the longest range that holds `ip`. */
  find(ip: string): V | undefined {
    if (this.values.size === 0 || !isIp(ip)) return undefined;
    const bytes = ipaddr.parse(ip).toByteArray();
    for (let bits = bytes.length * 8; bits >= 0; bits--) {
      if (!this.lengths.has(`${bytes.length}/${bits}`)) continue;
      const base = ipaddr.fromByteArray(masked(bytes, bits)).toString();
      const value = this.values.get(`${base}/${bits}`);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  private count({ ip, bits }: Subnet, by: 1 | -1): void {
    const key = `${ipaddr.parse(ip).toByteArray().length}/${bits}`;
    const count = (this.lengths.get(key) ?? 0) + by;
    if (count === 0) this.lengths.delete(key);
    else this.lengths.set(key, count);
  }
}

function isIp(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function masked(bytes: readonly number[], bits: number): number[] {
  return bytes.map((byte, at) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * at));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}
