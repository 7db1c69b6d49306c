/**
 * SipHash-2-4 of 16 bytes, the low 48 bits of it: keys the short ids of compact blocks, so that
 * nobody who does not choose the key can make two transactions look alike. In JavaScript on 32-bit
 * halves, as whoever asks for 10,000 of them in a row would pay more for the call than for the hash.
 * NOT a MAC: 48 bits are no proof. protocol-spec/05-objects §12.
 */

/** Words of a key, and of what is hashed: 32 bits each, little-endian, low half first. */
export const sipKeyWords = 4;
export const sipInputWords = 4;

/** Two rounds for each of the two 64-bit words of input and for its length, then four. */
const roundsMixed = 6;
const roundsAll = 10;
/** The last word: the length in its highest byte. */
const lengthHigh = 16 << 24;

/** The 16 bytes of a key. */
export function sipKeyOf(bytes: Uint8Array): Uint32Array {
  const key = new Uint32Array(sipKeyWords);
  putWords(key, 0, bytes, 0, sipKeyWords);
  return key;
}

/** `count` words from `bytes` on, to `words[at]`. */
export function putWords(
  words: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const b = from + 4 * i;
    const low = bytes[b]! | (bytes[b + 1]! << 8);
    words[at + i] = low | (bytes[b + 2]! << 16) | (bytes[b + 3]! << 24);
  }
}

/** Of the 4 words from `at` on, under `key`: an integer below 2^48. */
export function sipHash48(key: Uint32Array, words: Uint32Array, at: number): number {
  let al = key[0]! ^ 0x70736575;
  let ah = key[1]! ^ 0x736f6d65;
  let bl = key[2]! ^ 0x6e646f6d;
  let bh = key[3]! ^ 0x646f7261;
  let cl = key[0]! ^ 0x6e657261;
  let ch = key[1]! ^ 0x6c796765;
  let dl = key[2]! ^ 0x79746573;
  let dh = key[3]! ^ 0x74656462;
  let ml = 0;
  let mh = 0;
  for (let round = 0; round < roundsAll; round++) {
    if (round === roundsMixed) cl ^= 0xff;
    if ((round & 1) === 0 && round < roundsMixed) {
      const isLength = round === roundsMixed - 2;
      ml = isLength ? 0 : words[at + round]!;
      mh = isLength ? lengthHigh : words[at + round + 1]!;
      dl ^= ml;
      dh ^= mh;
    }
    // a += b; b <<<= 13; b ^= a; a <<<= 32
    let low = (al + bl) | 0;
    let high = (ah + bh + (low >>> 0 < al >>> 0 ? 1 : 0)) | 0;
    let turned = (bl << 13) | (bh >>> 19);
    bh = ((bh << 13) | (bl >>> 19)) ^ high;
    bl = turned ^ low;
    al = high;
    ah = low;
    // c += d; d <<<= 16; d ^= c
    low = (cl + dl) | 0;
    high = (ch + dh + (low >>> 0 < cl >>> 0 ? 1 : 0)) | 0;
    turned = (dl << 16) | (dh >>> 16);
    dh = ((dh << 16) | (dl >>> 16)) ^ high;
    dl = turned ^ low;
    cl = low;
    ch = high;
    // a += d; d <<<= 21; d ^= a
    low = (al + dl) | 0;
    high = (ah + dh + (low >>> 0 < al >>> 0 ? 1 : 0)) | 0;
    turned = (dl << 21) | (dh >>> 11);
    dh = ((dh << 21) | (dl >>> 11)) ^ high;
    dl = turned ^ low;
    al = low;
    ah = high;
    // c += b; b <<<= 17; b ^= c; c <<<= 32
    low = (cl + bl) | 0;
    high = (ch + bh + (low >>> 0 < cl >>> 0 ? 1 : 0)) | 0;
    turned = (bl << 17) | (bh >>> 15);
    bh = ((bh << 17) | (bl >>> 15)) ^ high;
    bl = turned ^ low;
    cl = high;
    ch = low;
    if ((round & 1) === 1 && round < roundsMixed) {
      al ^= ml;
      ah ^= mh;
    }
  }
  const low = al ^ bl ^ cl ^ dl;
  const high = ah ^ bh ^ ch ^ dh;
  return (high & 0xffff) * 0x100000000 + (low >>> 0);
}
