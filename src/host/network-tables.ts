/**
 * Which autonomous system and which country an IP address belongs to, as MaxMind databases (mmdb)
 * that the operator gives say. NOT what follows from it (net/addresses/netgroup.ts), and neither
 * fetched nor renewed: a file is read whole at the start.
 *
 * Invariant: a lookup never throws, whatever the file holds, and remembers at most `rememberedMax`
 * addresses. protocol-spec/09-connections §1, §2
 */
import { Reader, type Response } from "mmdb-lib";
import { BoundedMap } from "../base/bounded.ts";
import { readGivenBytes } from "./given-file.ts";
import { reasonOf } from "./host-error.ts";

type LookUp = (ip: string) => string | undefined;

interface Kind {
  readonly what: string;
  readonly ifUnread: string;
  readonly ifInvalid: string;
  /** By the name that a database gives to its type: is it surely the other one? */
  isOther(type: string): boolean;
  read(record: Record<string, unknown>): string | undefined;
}

const rememberedMax = 4_096;
const bytesMax = 512 << 20;
/** Between the tree and the data. */
const separatorBytes = 16;
const ofAsn = /asn|isp|enterprise/i;
const ofCountry = /country|city|enterprise|location/i;

const asnKind: Kind = {
  what: "database of autonomous systems",
  ifUnread: "give --asn-db the path of a file like GeoLite2-ASN.mmdb, or leave it out",
  ifInvalid: "download GeoLite2-ASN.mmdb or dbip-asn-lite.mmdb anew, unpack it, give its path",
  isOther: (type) => ofCountry.test(type) && !ofAsn.test(type),
  read: (record) => {
    const number = record["autonomous_system_number"] ?? /^AS(\d{1,10})$/.exec(asText(record))?.[1];
    const asn = Number(number);
    return Number.isInteger(asn) && asn > 0 && asn < 2 ** 32 ? `as${asn}` : undefined;
  },
};

const countryKind: Kind = {
  what: "database of countries",
  ifUnread: "give --geoip-db the path of a file like GeoLite2-Country.mmdb, or leave it out",
  ifInvalid: "download GeoLite2-Country.mmdb or dbip-country-lite.mmdb anew, unpack it",
  isOther: (type) => ofAsn.test(type) && !ofCountry.test(type),
  read: (record) => {
    const { country, country_code: named } = record;
    const code = (country as { iso_code?: unknown } | undefined)?.iso_code ?? named ?? country;
    return typeof code === "string" && /^[A-Z]{2}$/.test(code) ? code : undefined;
  },
};

/** `as<N>` of an IP address. Throws `HostError`. */
export const asnOfFile = (path: string): LookUp => lookUpOf(path, asnKind);

/** Two capital letters (ISO 3166). Throws `HostError`. */
export const countryOfFile = (path: string): LookUp => lookUpOf(path, countryKind);

function lookUpOf(path: string, kind: Kind): LookUp {
  const reader = readGivenBytes<Reader<Response>>(path, (bytes) => open(bytes, kind), kind);
  const remembered = new BoundedMap<string, string | false>(rememberedMax);
  return (ip) => {
    let found = remembered.get(ip);
    if (found === undefined) {
      found = look(reader, ip, kind) ?? false;
      remembered.set(ip, found);
    }
    return found === false ? undefined : found;
  };
}

function open(bytes: Buffer, kind: Kind): Reader<Response> | { errors: string[] } {
  const expected = `expected: a MaxMind DB file (.mmdb), format 2, a ${kind.what}`;
  const got = (what: string) => ({ errors: [expected, `got: ${what}`] });
  if (bytes.length > bytesMax) return got(`${bytes.length} bytes, more than any of them has`);
  let reader: Reader<Response>;
  try {
    reader = new Reader<Response>(bytes);
  } catch (error) {
    const text = reasonOf(error);
    return got(`${bytes.length} bytes that are none (${text})`);
  }
  const { binaryFormatMajorVersion: format, databaseType, nodeCount } = reader.metadata;
  const { ipVersion, searchTreeSize } = reader.metadata;
  if (format !== 2) return got(`format ${String(format)}`);
  const isSized = Number.isSafeInteger(nodeCount) && nodeCount > 0;
  const isWhole = isSized && searchTreeSize + separatorBytes <= bytes.length;
  if (!isWhole || (ipVersion !== 4 && ipVersion !== 6)) {
    return got(`${bytes.length} bytes of one that is damaged or cut short`);
  }
  if (typeof databaseType === "string" && kind.isOther(databaseType)) {
    return got(`one of another kind, ${JSON.stringify(databaseType.slice(0, 64))}`);
  }
  return reader;
}

function look(reader: Reader<Response>, ip: string, kind: Kind): string | undefined {
  try {
    const record: unknown = reader.get(ip);
    if (typeof record !== "object" || record === null) return undefined;
    return kind.read(record as Record<string, unknown>);
  } catch {
    // An address that the file cannot have (IPv6 in one of IPv4), or damage further in.
    return undefined;
  }
}

function asText({ asn }: Record<string, unknown>): string {
  return typeof asn === "string" ? asn : "";
}
