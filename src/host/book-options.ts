/**
 * Options about where peers are, as rows for options.ts, with what their values must look like and
 * what they come to. NOT what the node makes of them (net/addresses/bootstrap.ts, net/addresses/own-address.ts).
 */
import { z } from "zod";
import { parsePeerAddress } from "../wire/address.ts";
import type { OptionSpec } from "./option-spec.ts";

export const bookOptions = [
  {
    name: "bootstrap",
    kind: "list",
    argument: "ADDRESS",
    says: "node to ask for others while few are known, [identity@]host:port; may be repeated",
    otherwise: "none; those of --connect are kept connected, these are not",
    example: "seed.example.org:4321",
  },
  {
    name: "advertise",
    kind: "text",
    argument: "HOST:PORT",
    says: "where others reach this node, told to peers under its signature; or off",
    otherwise: "the address at which peers of different networks see it, with the listen port",
    example: "node.example.org:4321",
  },
  {
    name: "asn-db",
    kind: "text",
    argument: "FILE",
    says: "MaxMind database of autonomous systems; peers are spread over those, not over prefixes",
    otherwise: "none: networks are told apart by their prefix",
    example: "GeoLite2-ASN.mmdb",
  },
  {
    name: "geoip-db",
    kind: "text",
    argument: "FILE",
    says: "MaxMind database of countries; of full peers at most half are dialled in one of them",
    otherwise: "none: countries play no part",
    example: "GeoLite2-Country.mmdb",
  },
] as const satisfies readonly OptionSpec[];

export interface BookConfig {
  readonly bootstrap: readonly string[];
  /** `host:port`, a name perhaps; "off"; undefined: what peers see. */
  readonly advertise: string | undefined;
  /** Files. */
  readonly asnDb: string | undefined;
  readonly geoipDb: string | undefined;
}

const text = z.string("one value expected").min(1, "a value expected");

export const bookSchema = {
  bootstrap: z
    .array(
      text.refine(
        (address) => parsePeerAddress(address) !== undefined,
        "host:port expected, as in seed.example.org:4321 or <identity>@host:4321",
      ),
    )
    .default([]),
  advertise: text
    .refine((given) => {
      const address = parsePeerAddress(given);
      return given === "off" || (address !== undefined && address.nodeId === undefined);
    }, "off or host:port expected, as in 203.0.113.5:4321")
    .optional(),
  "asn-db": text.optional(),
  "geoip-db": text.optional(),
};

export function resolveBook(given: z.infer<z.ZodObject<typeof bookSchema>>): BookConfig {
  const { advertise, bootstrap, "asn-db": asnDb, "geoip-db": geoipDb } = given;
  return { bootstrap, advertise, asnDb, geoipDb };
}
