/** HELLO, and what an identity signs about a handshake. */
import { asciiBytes, concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { x25519PublicKey } from "../../src/crypto/x25519.ts";
import { authPreimage, encodeHandshakePayload } from "../../src/wire/handshake-payload.ts";
import { decodeHello, encodeHello } from "../../src/wire/hello.ts";
import type { Hello } from "../../src/wire/messages.ts";
import {
  digestOf,
  fill,
  genesisHash,
  hex,
  initiatorId,
  responderId,
  seeds,
  type VectorCase,
  type VectorFile,
  wireCodeOf,
  withByte,
} from "./inputs.ts";

export const hello: Hello = {
  versionMin: 1,
  versionMax: 1,
  agent: "windlass/0.1.0",
  bootId: fill(0xb0, 8),
  services: 1,
  role: "full",
  listenPort: 4_321,
  height: 1_000,
  headHash: digestOf("head"),
  finalizedHeight: 990,
  finalizedHash: digestOf("finalized"),
  wallTimeMs: 1_800_000_100_000,
  seenAddress: "192.0.2.7:50000",
  bulkCredit: 262_144,
  features: [],
};

const least: Hello = {
  ...hello,
  agent: "",
  services: 0,
  listenPort: 0,
  height: 0,
  finalizedHeight: 0,
  wallTimeMs: 0,
  seenAddress: "",
  bulkCredit: 0,
};

const most: Hello = {
  versionMin: 65_535,
  versionMax: 65_535,
  agent: "~".repeat(64),
  bootId: fill(0xff, 8),
  services: 0xffffffff,
  role: "light",
  listenPort: 65_535,
  height: Number.MAX_SAFE_INTEGER,
  headHash: fill(0xff),
  finalizedHeight: Number.MAX_SAFE_INTEGER,
  finalizedHash: fill(0xff),
  wallTimeMs: Number.MAX_SAFE_INTEGER,
  seenAddress: " ".repeat(64),
  bulkCredit: 0xffffffff,
  features: Array.from({ length: 64 }, (_, i) => ({ id: 0xff00 + i, version: 0xffff })),
};

const jsonOf = (value: Hello) => ({
  ...value,
  bootId: hex(value.bootId),
  headHash: hex(value.headHash),
  finalizedHash: hex(value.finalizedHash),
});

function accepted(): VectorCase[] {
  const typical = encodeHello(hello);
  const longer = concatBytes(
    Uint8Array.of(0xdc, 0, 18),
    typical.subarray(1),
    Uint8Array.of(0xff, 0x92, 0xd0, 0x80, 0xa1, 0x78, 0xc4, 2, 1, 2),
  );
  const wide = concatBytes(
    Uint8Array.of(0xdd, 0, 0, 0, 15, 0xcf, 0, 0, 0, 0, 0, 0, 0, 1),
    typical.subarray(2),
  );
  const tried: readonly (readonly [string, Uint8Array])[] = [
    ["typical", typical],
    ["least", encodeHello(least)],
    ["most", encodeHello(most)],
    ["validator", encodeHello({ ...hello, role: "validator" })],
    ["features", encodeHello({ ...hello, features: [{ id: 0x0a1a, version: 1 }] })],
    ["three more elements, ignored", longer],
    ["integers and lengths in wide forms", wide],
  ];
  return tried.map(([name, bytes]) => ({
    name,
    kind: "hello",
    bytes: hex(bytes),
    hello: jsonOf(decodeHello(bytes)),
  }));
}

function refused(): VectorCase[] {
  const typical = encodeHello(hello);
  const two = encodeHello({
    ...hello,
    features: [
      { id: 1, version: 1 },
      { id: 2, version: 1 },
    ],
  });
  const tried: readonly (readonly [string, Uint8Array])[] = [
    ["no bytes", fill(0, 0)],
    ["14 elements", withByte(typical, 0, 0x9e).subarray(0, -1)],
    ["a map", withByte(typical, 0, 0x8f)],
    ["cut", typical.subarray(0, -1)],
    ["a trailing byte", concatBytes(typical, fill(0, 1))],
    ["versionMin 0", withByte(typical, 1, 0)],
    ["versionMin above versionMax", withByte(typical, 1, 2)],
    ["agent not printable", withByte(typical, 5, 0x1b)],
    ["boot id of 7 bytes", concatBytes(typical.subarray(0, 18), sevenByteBootId(typical))],
    ["role 0", withByte(typical, roleAt, 0)],
    ["role 4", withByte(typical, roleAt, 4)],
    ["a negative height", withNegativeHeight(typical)],
    ["features not ascending", withByte(two, -5, 2)],
    ["a feature of three elements", withByte(two, -3, 0x93)],
    ["900 bytes of nested arrays", nested()],
    ["more elements promised than bytes left", withCount(typical)],
  ];
  return tried.map(([name, bytes]) => ({
    name,
    kind: "hello",
    bytes: hex(bytes),
    error: wireCodeOf(() => decodeHello(bytes)),
  }));
}

/** Of `typical`: 1 array, 2 versions, 1 + 14 agent, so the boot id's bin is at 18. */
const bootAt = 18;
const roleAt = bootAt + 2 + 8 + 1;

function sevenByteBootId(typical: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xc4, 7), typical.subarray(bootAt + 3));
}

function withNegativeHeight(typical: Uint8Array): Uint8Array {
  const at = bootAt + 10 + 2 + 3;
  return withByte(typical, at, 0xd1).map((byte, i) => (i === at + 1 ? 0x80 : byte));
}

function withCount(typical: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xdc, 0xff, 0xff), typical.subarray(1));
}

function nested(): Uint8Array {
  const out = new Uint8Array(900);
  for (let i = 0; i < out.length; i += 3) out.set([0xdc, 0xff, 0xff], i);
  return out;
}

export function helloFile(): VectorFile {
  return {
    name: "hello",
    description: "HELLO as MsgPack, what is read over, and what is refused.",
    spec: "protocol-spec/02-handshake §4",
    cases: [...accepted(), ...refused()],
  };
}

export function authFile(): VectorFile {
  const helloBytes = encodeHello(hello);
  const of = (role: "initiator" | "responder", peerNodeId: Uint8Array | undefined) => {
    const initiates = role === "initiator";
    const seed = initiates ? seeds.initiatorNode : seeds.responderNode;
    const nodeId = initiates ? initiatorId : responderId;
    const secret = initiates ? seeds.initiatorStatic : seeds.responderStatic;
    const noiseStatic = x25519PublicKey(secret);
    const h = digestOf(`h of ${role}`);
    const fields = { genesisHash, role, version: 1, h, noiseStatic, nodeId, helloBytes };
    const preimage = authPreimage({ ...fields, peerNodeId });
    const signature = ed25519.sign(seed, preimage);
    return {
      name: `${role} signs`,
      kind: "auth",
      nodeSeed: hex(seed),
      genesisHash: hex(genesisHash),
      role,
      version: 1,
      h: hex(h),
      noiseStatic: hex(noiseStatic),
      nodeId: hex(nodeId),
      peerNodeId: peerNodeId === undefined ? null : hex(peerNodeId),
      hello: hex(helloBytes),
      preimage: hex(preimage),
      signature: hex(signature),
      payload: hex(encodeHandshakePayload({ nodeId, signature, helloBytes })),
    };
  };
  return {
    name: "auth",
    description: "The 212 bytes that a node key signs in a handshake, and the payload around them.",
    spec: "protocol-spec/02-handshake §3",
    cases: [of("responder", undefined), of("initiator", responderId)],
  };
}

export const nobody = ed25519.publicKey(asciiBytes("somebody else, who is not there."));
