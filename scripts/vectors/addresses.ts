/** Address records: preimages, signatures, and the entries of `peers` that carry them. */
import { concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { isSignedRecord, recordPreimage } from "../../src/model/address-record.ts";
import { nodeIdOf } from "../../src/model/ids.ts";
import {
  type AddressEntry,
  addressEntriesFault,
  decodeAddressEntries,
  encodeAddressEntries,
  formatPeerAddress,
  ip16Of,
  ipText,
} from "../../src/wire/address.ts";
import {
  bytesOf,
  fill,
  flipped,
  genesisHash,
  hex,
  responderId,
  seeds,
  type VectorFile,
  withByte,
} from "./inputs.ts";

const place = (low: number) => ({
  ip16: bytesOf(`00000000000000000000ffffc00002${low.toString(16).padStart(2, "0")}`),
  port: 4_321,
  nodeId: nodeIdOf(responderId),
  services: 1,
});

export const unsignedEntry = (low: number): AddressEntry => ({
  ...place(low),
  lastSeenMs: 1_800_000_000_000,
  signedAtMs: 0,
  signature: undefined,
});

function signed(entry: AddressEntry, signedAtMs: number): AddressEntry {
  const preimage = recordPreimage(genesisHash, { ...entry, signedAtMs });
  return { ...entry, signedAtMs, signature: ed25519.sign(seeds.responderNode, preimage) };
}

/** Signed by the responder of the vectors. */
export const addressEntry = (low: number): AddressEntry =>
  signed(unsignedEntry(low), 1_799_999_000_000);

function textOf({ ip16, port, nodeId }: AddressEntry): string {
  const host = ipText(ip16);
  return formatPeerAddress({ host, kind: host.includes(":") ? "ip6" : "ip4", port, nodeId });
}

function caseOf(name: string, bytes: Uint8Array) {
  const [entry] = decodeAddressEntries(bytes) ?? [];
  if (entry === undefined) {
    return {
      name,
      kind: "entry",
      bytes: hex(bytes),
      error: addressEntriesFault(bytes) && "bad-field",
    };
  }
  const { services, lastSeenMs, signedAtMs, signature } = entry;
  const isValid = signature === undefined || isSignedRecord(ed25519, genesisHash, entry, signature);
  return {
    name,
    kind: "entry",
    networkId: hex(genesisHash),
    bytes: hex(bytes),
    address: textOf(entry),
    ...{ services, lastSeenMs, signedAtMs },
    preimage: signature === undefined ? null : hex(recordPreimage(genesisHash, entry)),
    verdict: signature === undefined ? "unsigned" : isValid ? "signed" : "bad-field",
  };
}

export function addressesFile(): VectorFile {
  const one = (entry: AddressEntry) => encodeAddressEntries([entry]);
  const good = one(addressEntry(1));
  const v6 = {
    ...unsignedEntry(1),
    ip16: ip16Of("2001:db8::7")!,
    port: 65_535,
    services: 0xffffffff,
  };
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["signed, IPv4", good],
    ["signed, IPv6", one(signed(v6, Number.MAX_SAFE_INTEGER))],
    ["unsigned", one(unsignedEntry(1))],
    ["unsigned, owner unknown", one({ ...unsignedEntry(1), nodeId: nodeIdOf(fill(0)) })],
    ["told with another last seen", withByte(good, 61, 7)],
    ["another IP", flipped(good, 15)],
    ["another port", flipped(good, 17)],
    ["another owner", flipped(good, 18)],
    ["other services", flipped(good, 53)],
    ["another time", flipped(good, 69)],
    ["another signature", flipped(good, 133)],
    ["a time without a signature", concatBytes(good.subarray(0, 70), fill(0, 64))],
    [
      "a signature without a time",
      concatBytes(good.subarray(0, 62), fill(0, 8), good.subarray(70)),
    ],
    ["signed by nobody", concatBytes(good.subarray(0, 18), fill(0), good.subarray(50))],
    ["signed at 2^53", withByte(good, 63, 0x20)],
    ["port 0", concatBytes(good.subarray(0, 16), fill(0, 2), good.subarray(18))],
  ];
  return {
    name: "addresses",
    description: "Entries of `peers` with the records that their owners sign.",
    spec: "protocol-spec/04-messages §3",
    cases: cases.map(([name, bytes]) => caseOf(name, bytes)),
  };
}
