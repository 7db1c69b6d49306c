/**
 * Which names a client may use for this listener: against web pages that point a name of theirs at
 * a local address (DNS rebinding), every request must call us by a name that is ours. An address
 * cannot be rebound, so a listener on all interfaces takes any address.
 */
import { isIP } from "node:net";

const loopback = ["localhost", "127.0.0.1", "::1"];
const wildcards = ["0.0.0.0", "::"];

export class AllowedHosts {
  private readonly names: ReadonlySet<string>;
  private readonly anyAddress: boolean;

  /** `host`: what the listener is bound to. */
  constructor(host: string) {
    this.names = new Set([...loopback, host.toLowerCase()]);
    this.anyAddress = wildcards.includes(host);
  }

  /** `header`: the Host header, `name`, `name:port` or `[ip]:port`. */
  has(header: string | undefined): boolean {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]@/\\]+))(?::[0-9]{1,5})?$/.exec(header ?? "");
    const name = (match?.[1] ?? match?.[2])?.toLowerCase();
    if (name === undefined) return false;
    return this.names.has(name) || (this.anyAddress && isIP(name) !== 0);
  }

  /** `header`: the Origin header; undefined when no browser speaks. */
  hasOrigin(header: string | undefined): boolean {
    if (header === undefined) return true;
    const match = /^https?:\/\/(.+)$/.exec(header);
    return match !== null && this.has(match[1]);
  }
}

/** True for the addresses of this machine alone. */
export function isLoopback(address: string | undefined): boolean {
  const plain = (address ?? "").replace(/^::ffff:(?=[0-9.]+$)/i, "");
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}
