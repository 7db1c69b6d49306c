/**
 * The digest of a trace as it grows: the same lines give the same digest. Hashes what came since
 * the last time in one piece, for line by line the calls cost more than the hash. Keeps no line.
 */
import { createHash } from "node:crypto";

const pieceChars = 65_536;

export class TraceDigest {
  private readonly state = createHash("sha256");
  private fresh = "";

  add(line: string): void {
    this.fresh += line;
    if (this.fresh.length >= pieceChars) this.absorb();
  }

  /** SHA-256 of all lines so far, the first 16 hex digits. */
  digest(): string {
    this.absorb();
    return this.state.copy().digest("hex").slice(0, 16);
  }

  private absorb(): void {
    this.state.update(this.fresh);
    this.fresh = "";
  }
}
