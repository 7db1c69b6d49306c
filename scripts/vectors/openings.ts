/** Openings, what a responder and an initiator make of them, and magics. */
import { acceptResponder, judgeInitiator } from "../../src/peer/opening-rules.ts";
import {
  decodeOpening,
  encodeOpening,
  networkMagic,
  noMagic,
  type Opening,
} from "../../src/wire/opening.ts";
import {
  digestOf,
  genesisHash,
  hex,
  type VectorCase,
  type VectorFile,
  wireCodeOf,
  withByte,
} from "./inputs.ts";

const magic = networkMagic(genesisHash);
const one = { versionMin: 1, versionMax: 1, version: 1 };
const first: Opening = { magic, role: "initiator", ...one, flightBytes: 32 };
const answer: Opening = { magic, role: "responder", ...one, flightBytes: 300 };

function positives(): VectorCase[] {
  const openings: readonly (readonly [string, Opening])[] = [
    ["initiator", first],
    ["responder", answer],
    ["responder without a common version", { ...answer, version: 0, flightBytes: 0 }],
    ["genesis request", { magic: noMagic, role: "genesis-request", ...one, flightBytes: 0 }],
    [
      "initiator of versions 1 to 3 with a flight of version 3",
      { ...first, versionMax: 3, version: 3, flightBytes: 2_048 },
    ],
    ["versions up to 65,535", { ...first, versionMax: 65_535, version: 65_535 }],
  ];
  return openings.map(([name, opening]) => ({
    name,
    kind: "opening",
    bytes: hex(encodeOpening(opening)),
    ...opening,
    magic: hex(opening.magic),
  }));
}

function reservedIgnored(): VectorCase {
  const bytes = withByte(withByte(encodeOpening(first), 5, 7), 15, 9);
  const opening = decodeOpening(bytes);
  const name = "reserved bytes are ignored when read";
  return { name, kind: "read", bytes: hex(bytes), ...opening, magic: hex(opening.magic) };
}

function rejects(): VectorCase[] {
  const base = encodeOpening(first);
  const request = encodeOpening({
    magic: noMagic,
    role: "genesis-request",
    ...one,
    flightBytes: 0,
  });
  const none = encodeOpening({ ...answer, version: 0, flightBytes: 0 });
  const bad: readonly (readonly [string, Uint8Array])[] = [
    ["15 bytes", base.subarray(0, 15)],
    ["role 0", withByte(base, 4, 0)],
    ["role 4", withByte(base, 4, 4)],
    ["versionMin 0", withByte(base, 7, 0)],
    ["versionMin above versionMax", withByte(base, 7, 2)],
    ["version above its own range", withByte(base, 11, 2)],
    ["version 0 of an initiator", withByte(base, 11, 0)],
    ["flight of 2,049 bytes", withByte(withByte(base, 12, 8), 13, 1)],
    ["version 0 with a flight", withByte(none, 13, 1)],
    ["genesis request with a flight", withByte(request, 13, 1)],
    ["genesis request that names a network", withByte(request, 0, 0x80)],
  ];
  return bad.map(([name, bytes]) => ({
    name,
    kind: "opening",
    bytes: hex(bytes),
    error: wireCodeOf(() => decodeOpening(bytes)),
  }));
}

/** What version 1 makes of openings that are legal in themselves. */
function judged(): VectorCase[] {
  const asResponder: readonly (readonly [string, Opening])[] = [
    ["its flight follows", first],
    ["a later version first", { ...first, versionMax: 3, version: 3, flightBytes: 1_200 }],
    ["later versions only", { ...first, versionMin: 2, versionMax: 3, version: 3 }],
    ["a responder dials", answer],
    ["a flight of 31 bytes", { ...first, flightBytes: 31 }],
    ["a genesis request", { magic: noMagic, role: "genesis-request", ...one, flightBytes: 0 }],
  ];
  const asInitiator: readonly (readonly [string, Opening])[] = [
    ["message 2 follows", answer],
    ["no version", { ...answer, version: 0, flightBytes: 0 }],
    ["an initiator answers", first],
    ["message 2 of 192 bytes", { ...answer, flightBytes: 192 }],
    ["message 2 of 1,120 bytes", { ...answer, flightBytes: 1_120 }],
    ["message 2 of 1,121 bytes", { ...answer, flightBytes: 1_121 }],
    ["not the highest common version", { ...answer, versionMax: 3, version: 3 }],
  ];
  const verdict = (judge: () => string) => {
    try {
      return { verdict: judge() };
    } catch {
      return { error: wireCodeOf(judge) };
    }
  };
  return [
    ...asResponder.map(([name, opening]) => {
      const bytes = encodeOpening(opening);
      const outcome = verdict(() => judgeInitiator(bytes).type);
      return { name: `responder: ${name}`, kind: "judged", by: "responder", ...outcome, bytes };
    }),
    ...asInitiator.map(([name, opening]) => {
      const bytes = encodeOpening(opening);
      const outcome = verdict(() => (acceptResponder(bytes) ? "flight" : ""));
      return { name: `initiator: ${name}`, kind: "judged", by: "initiator", ...outcome, bytes };
    }),
  ].map((c) => ({ ...c, bytes: hex(c.bytes) }));
}

function magics(): VectorCase[] {
  return [genesisHash, digestOf("a"), digestOf("b"), new Uint8Array(32)].map((hash) => ({
    name: `magic of ${hex(hash).slice(0, 8)}`,
    kind: "magic",
    genesisHash: hex(hash),
    magic: hex(networkMagic(hash)),
  }));
}

export function openingsFile(): VectorFile {
  return {
    name: "openings",
    description: "The 16 bytes in clear: layout, must-reject, what each side makes of the other's.",
    spec: "protocol-spec/01-opening §1 to §3",
    cases: [...magics(), ...positives(), reservedIgnored(), ...rejects(), ...judged()],
  };
}
