/**
 * A stand-in for Ed25519 that costs some multiplications, for most seeds of the simulator. A
 * signature binds key and message, as far as chance goes, and nobody in the simulation forges one;
 * it is worthless anywhere else.
 */
import { toHex } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";

const keyHash = tagged("sim/key");
const signatureBytes = 64;

export class CheapSignatures implements SignatureScheme {
  private readonly keys = new Map<string, Uint8Array>();
  /** The same memory for the same seed: nodes ask with theirs for every frame. */
  private readonly keysBySeed = new WeakMap<Uint8Array, Uint8Array>();

  publicKey(seed: Uint8Array): Uint8Array {
    const name = toHex(seed);
    let key = this.keys.get(name);
    if (key === undefined) {
      key = keyHash(seed);
      this.keys.set(name, key);
    }
    return key;
  }

  sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
    let key = this.keysBySeed.get(seed);
    if (key === undefined) {
      key = this.publicKey(seed);
      this.keysBySeed.set(seed, key);
    }
    mix(key, message);
    const out = new Uint8Array(signatureBytes);
    for (let i = 0; i < signatureBytes; i++) out[i] = byteOf(i);
    return out;
  }

  verify(claimed: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    if (claimed.length !== signatureBytes) return false;
    mix(publicKey, message);
    for (let i = 0; i < signatureBytes; i++) if (claimed[i] !== byteOf(i)) return false;
    return true;
  }
}

/** Four lanes of 32 bits, as in MurmurHash3; of the last `mix`. */
const lanes = new Int32Array(4);

function mix(key: Uint8Array, message: Uint8Array): void {
  lanes[0] = 0x9747b28c;
  lanes[1] = 0x3c6ef372;
  lanes[2] = 0x510e527f;
  lanes[3] = key.length + 256 * message.length;
  absorb(key);
  absorb(message);
  let a = lanes[0]!;
  let b = lanes[1]!;
  let c = lanes[2]!;
  let d = lanes[3]!;
  for (let round = 0; round < 4; round++) {
    a = scatter((a + b) | 0);
    b = scatter((b + c) | 0);
    c = scatter((c + d) | 0);
    d = scatter((d + a) | 0);
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

/** A short end is padded with zeros: the lengths are in the lanes already. */
function absorb(bytes: Uint8Array): void {
  let a = lanes[0]!;
  let b = lanes[1]!;
  let c = lanes[2]!;
  let d = lanes[3]!;
  const whole = bytes.length - (bytes.length % 16);
  let at = 0;
  for (; at < whole; at += 16) {
    a = (Math.imul(turn(a ^ word(bytes, at)), 5) + 0x561ccd1b) | 0;
    b = (Math.imul(turn(b ^ word(bytes, at + 4) ^ a), 5) + 0x0bcaa747) | 0;
    c = (Math.imul(turn(c ^ word(bytes, at + 8) ^ b), 5) + 0x96cd1c35) | 0;
    d = (Math.imul(turn(d ^ word(bytes, at + 12) ^ c), 5) + 0x32ac3b17) | 0;
    a ^= d;
  }
  for (; at < bytes.length; at++) {
    const last: number = a;
    a = (Math.imul(turn(b ^ bytes[at]!), 5) + 0x561ccd1b) | 0;
    b = c;
    c = d;
    d = last ^ a;
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** A bijection of 32 bits: different words stay different. */
function turn(value: number): number {
  const scaled = Math.imul(value, 0xcc9e2d51);
  return Math.imul((scaled << 15) | (scaled >>> 17), 0x1b873593);
}

function scatter(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** Each byte of a signature is one of a lane: 16 of them are told apart by their place. */
function byteOf(place: number): number {
  const lane = lanes[place & 3]!;
  return ((lane >>> (8 * ((place >> 2) & 3))) + (place >> 4) * 29) & 0xff;
}
