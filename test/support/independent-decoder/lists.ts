/** Lists inside one bin of a message: is each item what it must be? 04-messages §3, §8. */
import { Reader } from "./bytes.ts";

/** 04-messages §3, of 134 bytes. */
export const isAddressEntry = (bytes: Uint8Array): boolean => {
  const r = new Reader(bytes, "bad-field");
  r.take(16);
  const port = r.u16();
  const owner = r.take(32);
  r.take(4);
  const lastSeen = r.u64();
  const signedAt = r.u64();
  const isZero = (part: Uint8Array) => part.every((byte) => byte === 0);
  const isUnsigned = isZero(r.take(64));
  if (port === 0 || lastSeen >= 2n ** 53n || signedAt >= 2n ** 53n) return false;
  return isUnsigned ? signedAt === 0n : signedAt !== 0n && !isZero(owner);
};

/** 04-messages §8: index u16 | transaction, each; ascending. */
export const arePrefilled = (bytes: Uint8Array): boolean => {
  const r = new Reader(bytes, "bad-field");
  for (let least = 0; r.left > 0; ) {
    if (r.left < 2 + 168) return false;
    const index = r.u16();
    if (index < least || index > 9_999) return false;
    least = index + 1;
    r.take(100);
    const payload = r.u32();
    if (168 + payload > 65_536 || r.left < payload + 64) return false;
    r.take(payload + 64);
  }
  return true;
};

/** 04-messages §8: indexes u16. */
export const areAscending = (bytes: Uint8Array): boolean => {
  const indexes = Array.from({ length: bytes.length / 2 }, (_, i) => {
    return bytes[2 * i]! * 256 + bytes[2 * i + 1]!;
  });
  return indexes.every((index, i) => index < 10_000 && (i === 0 || indexes[i - 1]! < index));
};
