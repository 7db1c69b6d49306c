/**
 * An IP address and port in one spelling, and what an address is good for: whose it is for caps
 * per IP, and whether hearsay about it may ever make us dial it.
 *
 * Not a resolver: host names are none of its business, they are dialled only when an operator
 * names them. Invariant: two spellings of one endpoint give the same `address`.
 * protocol-spec/09-connections §2
 */
import ipaddr from "ipaddr.js";
import { connectionLimits } from "../../params/limits.ts";

export interface Endpoint {
  /** `ip:port`, or `[ip6]:port`: key of the address book. */
  readonly address: string;
  /** IPv4 (also of a mapped IPv6 address) or IPv6, shortest spelling. */
  readonly ip: string;
  readonly port: number;
  /** Whom caps per IP count: an IPv4 address, or a /64, which is what one IPv6 customer has. */
  readonly origin: string;
  readonly loopback: boolean;
  /** `public` anywhere, `private` inside somebody's network, `never` not a peer's address. */
  readonly reach: "public" | "private" | "never";
}

/** Undefined when `address` is not `ip:port` with a port of 1 to 65535. */
export function endpointOf(address: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):([0-9]{1,5})$/.exec(address);
  if (match === null) return undefined;
  return endpoint(match[1] ?? match[2] ?? "", Number(match[3]));
}

/** Undefined when `ip` is no address or `port` is not 1 to 65535. */
export function endpoint(ip: string, port: number): Endpoint | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  if (!ipaddr.IPv4.isValidFourPartDecimal(ip) && !ipaddr.IPv6.isValid(ip)) return undefined;
  const parsed = ipaddr.process(ip);
  const range: string = parsed.range();
  const plain = parsed.kind() === "ipv4";
  const text = parsed.toString();
  return {
    address: plain ? `${text}:${port}` : `[${text}]:${port}`,
    ip: text,
    port,
    origin: plain ? text : prefix64(parsed.toByteArray()),
    loopback: range === "loopback",
    reach: range === "unicast" ? "public" : insideRanges.has(range) ? "private" : "never",
  };
}

/**
 * May we dial and pass on an address that a peer told us of? `teller` is that peer's own endpoint:
 * loopback means another machine there than here, unless the teller is on this one, and a private
 * address another network, unless the teller is inside.
 */
export function dialableOnHearsay(
  about: Endpoint,
  teller: Endpoint | undefined,
  allowPrivate: boolean,
): boolean {
  if (about.port < connectionLimits.hearsayPortMin || about.reach === "never") return false;
  if (about.reach === "public") return true;
  if (!allowPrivate || teller === undefined) return allowPrivate;
  // Whoever is outside must not make us knock at the doors of our own house.
  return about.loopback ? teller.loopback : teller.reach === "private";
}

export interface OwnPlaces {
  /** Of our HTTP API; undefined when it is off. */
  readonly httpPort?: number | undefined;
  /** Of this machine, in canonical spelling. */
  readonly ownIps?: readonly string[] | undefined;
}

/** Our own API answers there, whatever anybody says that listens at it. */
export function isOurHttp(at: Endpoint, { httpPort, ownIps = [] }: OwnPlaces): boolean {
  return at.port === httpPort && (at.loopback || ownIps.includes(at.ip));
}

/** Link-local is not among them: 169.254.169.254 answers with a cloud machine's secrets. */
const insideRanges: ReadonlySet<string> = new Set([
  "private",
  "loopback",
  "uniqueLocal",
  "carrierGradeNat",
]);

function prefix64(bytes: readonly number[]): string {
  const hextets: string[] = [];
  for (let i = 0; i < 8; i += 2) hextets.push((bytes[i]! * 256 + bytes[i + 1]!).toString(16));
  return `${hextets.join(":")}::/64`;
}
