/** Tags, tagged hashes, and the Ed25519 rule. */
import { asciiBytes, concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { tag16, tagged } from "../../src/crypto/hash.ts";
import { fill, flipped, hex, pattern, seeds, type VectorCase, type VectorFile } from "./inputs.ts";

const hashTags = [
  "magic/1",
  "hdr/1",
  "txid/1",
  "addr/1",
  "cert/1",
  "vset/1",
  "params/1",
  "key/1",
  "sys/1",
  "sl/1",
  "sn/1",
];
const signatureTags = ["wl/auth/1", "wl/frame/1", "seal/1", "vote/1", "tx/1"];
const otherTags = ["windlass/wire"];

function tagCases(): VectorCase[] {
  const tags = [...hashTags, ...signatureTags, ...otherTags];
  return tags.map((tag) => ({ name: `tag ${tag}`, kind: "tag", tag, bytes: hex(tag16(tag)) }));
}

function hashCases(): VectorCase[] {
  const inputs = [new Uint8Array(0), pattern(32), pattern(64), pattern(1_000)];
  return hashTags.flatMap((tag) =>
    inputs.map((input) => ({
      name: `H(${tag}) of ${input.length} bytes`,
      kind: "hash",
      tag,
      input: hex(input),
      digest: hex(tagged(tag)(input)),
    })),
  );
}

/** L as 32 little-endian bytes: added to S it gives the second encoding of a signature. */
const order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const smallOrderKey = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";

function plusOrder(signature: Uint8Array): Uint8Array {
  const out = signature.slice();
  let carry = 0;
  for (let i = 0; i < 32; i++) {
    const sum = out[32 + i]! + Number.parseInt(order.slice(2 * i, 2 * i + 2), 16) + carry;
    out[32 + i] = sum;
    carry = sum >> 8;
  }
  return out;
}

function signatureCases(): VectorCase[] {
  const seed = seeds.initiatorNode;
  const publicKey = ed25519.publicKey(seed);
  const message = asciiBytes("windlass");
  const good = ed25519.sign(seed, message);
  const identity = withFirst(1);
  const zeroS = fill(0);
  const tried: readonly (readonly [string, Uint8Array, Uint8Array, Uint8Array])[] = [
    ["a signature", publicKey, message, good],
    ["of no bytes", publicKey, fill(0, 0), ed25519.sign(seed, fill(0, 0))],
    ["another message", publicKey, asciiBytes("windlasS"), good],
    ["R changed", publicKey, message, flipped(good, 0)],
    ["S changed", publicKey, message, flipped(good, 32)],
    ["S plus L", publicKey, message, plusOrder(good)],
    ["63 bytes", publicKey, message, good.subarray(0, 63)],
    ["key of small order", Uint8Array.from(Buffer.from(smallOrderKey, "hex")), message, good],
    ["key is the identity, R too, S zero", identity, message, concatBytes(identity, zeroS)],
    ["R not canonical (y = p + 1)", publicKey, message, concatBytes(bigY(0xee), good.slice(32))],
    ["key not canonical (y = p + 3)", bigY(0xf0), message, good],
  ];
  return tried.map(([name, key, signed, signature]) => ({
    name: `Ed25519: ${name}`,
    kind: "signature",
    publicKey: hex(key),
    message: hex(signed),
    signature: hex(signature),
    valid: ed25519.verify(signature, signed, key),
  }));
}

function withFirst(value: number): Uint8Array {
  const out = fill(0);
  out[0] = value;
  return out;
}

/** y = p + (low - 0xed), whose canonical spelling is another. */
function bigY(low: number): Uint8Array {
  const out = fill(0xff);
  out[0] = low;
  out[31] = 0x7f;
  return out;
}

export function hashingFile(): VectorFile {
  return {
    name: "hashing",
    description: "Tags of 16 bytes, tagged SHA-256, and verdicts of the Ed25519 rule.",
    spec: "protocol-spec/05-objects §0",
    cases: [...tagCases(), ...hashCases(), ...signatureCases()],
  };
}
