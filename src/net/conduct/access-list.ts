/**
 * A list of addresses, ranges and identities as the operator wrote it into a file: one a line, `#`
 * begins a comment. For `--block-list` and `--allow-list`. NOT the bans, which come and go while
 * the node runs (ban-list.ts), nor what either list means (admission.ts).
 * Invariant: bounded, and never half read: a line that is none of the three refuses the file.
 * protocol-spec/09-connections §8
 */
import { connectionLimits } from "../../params/limits.ts";
import { parseSubnet, SubnetMap } from "../addresses/subnet.ts";
import { parseBanSubject } from "./ban-list.ts";

const errorsMax = 10;

export class AccessList {
  private readonly identities = new Set<string>();
  private readonly addresses = new Set<string>();
  private readonly ranges = new SubnetMap<true>();

  get size(): number {
    return this.identities.size + this.addresses.size + this.ranges.size;
  }

  /** The list, or what is wrong with the text, each with its line. */
  static parse(text: string): AccessList | { readonly errors: string[] } {
    const list = new AccessList();
    const errors: string[] = [];
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      const entry = line.replace(/#.*$/, "").trim();
      if (entry === "") continue;
      if (list.add(entry) && list.size <= connectionLimits.accessListMax) continue;
      const why =
        list.size > connectionLimits.accessListMax
          ? `more than ${connectionLimits.accessListMax} entries`
          : "an address, a range like 10.0.0.0/8 or an identity of 64 hex digits expected, got " +
            JSON.stringify(entry.slice(0, 80));
      errors.push(`line ${index + 1}: ${why}`);
      if (errors.length >= errorsMax) break;
    }
    return errors.length > 0 ? { errors } : list;
  }

  /** False when `entry` is neither an address, nor a range, nor an identity. */
  add(entry: string): boolean {
    const subject = parseBanSubject(entry);
    if (subject === undefined) return false;
    const { type, value } = subject;
    if (type === "identity") this.identities.add(value);
    else if (type === "address") this.addresses.add(value);
    else this.ranges.set(parseSubnet(value)!, true);
    return true;
  }

  hasIdentity(nodeId: string | undefined): boolean {
    return nodeId !== undefined && this.identities.has(nodeId);
  }

  hasAddress(ip: string | undefined): boolean {
    if (ip === undefined) return false;
    return this.addresses.has(ip) || this.ranges.find(ip) !== undefined;
  }
}
