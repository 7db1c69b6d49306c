/** Entries of `peers` as an attacker tells them (protocol-spec/04-messages §3), unsigned. */
import { randomBytes } from "node:crypto";
import { join, u16, u32, u64, zeros } from "../support/independent-decoder/bytes.ts";

export interface Told {
  readonly ip: string;
  readonly port: number;
}

/** Seen a minute ago; what is signed about it is left out. */
export function entryOf({ ip, port }: Told): Uint8Array {
  const mapped = join(zeros(10), Uint8Array.of(255, 255), Uint8Array.from(ip.split("."), Number));
  const lastSeen = Date.now() - 60_000;
  const unsigned = zeros(8 + 64);
  return join(mapped, u16(port), zeros(32), u32(1), u64(lastSeen), unsigned);
}

export const entriesOf = (told: readonly Told[]): Uint8Array => join(...told.map(entryOf));

/** Addresses all over the public net that nobody has. */
export function randomTold(count: number): readonly Told[] {
  return Array.from({ length: count }, () => {
    const [a, b, c, d, high, low] = randomBytes(6);
    const ip = `${20 + (a! % 100) + (a! % 100 === 107 ? 1 : 0)}.${b}.${c}.${d}`;
    return { ip, port: 20_000 + (((high! << 8) | low!) % 20_000) };
  });
}
