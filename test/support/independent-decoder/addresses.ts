/** Entries of `peers` and what their owners sign: 04-messages §3. */
import assert from "node:assert/strict";
import { hex, join, Reader, u16, u32, u64, unhex } from "./bytes.ts";
import { edVerify, tag16 } from "./crypto.ts";
import { refuse } from "./fault.ts";
import type { Case, Judge } from "./judges.ts";
import { orFault } from "./judges.ts";
import { isAddressEntry } from "./lists.ts";

function hostOf(ip16: Uint8Array): string {
  const mapped = `${"00".repeat(10)}ffff`;
  if (hex(ip16).startsWith(mapped)) return [...ip16.slice(12)].join(".");
  const groups = hex(ip16).match(/.{4}/g)!;
  return new URL(`http://[${groups.join(":")}]/`).hostname;
}

function judge(c: Case): void {
  const bytes = unhex(c["bytes"]);
  if (!isAddressEntry(bytes)) refuse("bad-field");
  const r = new Reader(bytes, "bad-field");
  const ip16 = r.take(16);
  const port = r.u16();
  const owner = r.take(32);
  const services = Number(r.u32());
  const lastSeen = r.u64();
  const signedAt = r.u64();
  const signature = r.take(64);
  assert.equal(bytes.length, 134);
  assert.equal(`${hex(owner)}@${hostOf(ip16)}:${port}`, c["address"]);
  assert.deepEqual(
    [services, Number(lastSeen), Number(signedAt)],
    [c["services"], c["lastSeenMs"], c["signedAtMs"]],
  );
  if (signedAt === 0n) return assert.deepEqual([c["preimage"], c["verdict"]], [null, "unsigned"]);
  const parts = [unhex(c["networkId"]), owner, ip16, u16(port), u32(services), u64(signedAt)];
  const preimage = join(tag16("wl/address/1"), ...parts);
  assert.equal(hex(preimage), c["preimage"]);
  assert.equal(edVerify(owner, preimage, signature) ? "signed" : "bad-field", c["verdict"]);
}

export const addresses: Readonly<Record<string, Judge>> = {
  entry: (c) => orFault(c, () => judge(c)),
};
