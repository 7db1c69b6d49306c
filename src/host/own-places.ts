/**
 * Where this machine is: its own IP addresses, its HTTP port, and the address that the operator
 * advertises, its name resolved once at the start. NOT what peers see (net/addresses/own-address.ts).
 */
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { endpoint } from "../net/addresses/endpoint.ts";
import { formatPeerAddress, parsePeerAddress } from "../wire/address.ts";
import type { Config } from "./config.ts";
import { reasonOf } from "./host-error.ts";
import { asnOfFile, countryOfFile } from "./network-tables.ts";

/** In canonical spelling, each of which may change while we run: it only spares us a dial. */
function ownIps(): readonly string[] {
  const found = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return found.flatMap(({ address }) => endpoint(address.replace(/%.*$/, ""), 1)?.ip ?? []);
}

/** `ip:port`, "off", or undefined when nothing is advertised or its name cannot be resolved. */
async function advertisedAddress(
  given: string | undefined,
  say: (level: "warn", text: string) => void,
): Promise<string | undefined> {
  const parsed = given === undefined ? undefined : parsePeerAddress(given);
  if (parsed === undefined) return given;
  if (parsed.kind !== "name") return formatPeerAddress(parsed);
  try {
    const { address } = await lookup(parsed.host);
    return endpoint(address, parsed.port)?.address;
  } catch (error) {
    const why = reasonOf(error);
    say("warn", `--advertise ${given}: ${why}; peers are told what they see of us instead`);
    return undefined;
  }
}

/** What the node is told of it, and of where others are. Throws `HostError`. */
export async function placesOf(
  { book, http }: Pick<Config, "book" | "http">,
  say: (level: "warn", text: string) => void,
) {
  return {
    bootstrap: book.bootstrap,
    advertise: await advertisedAddress(book.advertise, say),
    httpPort: http?.port,
    ownIps: ownIps(),
    asnOf: book.asnDb === undefined ? undefined : asnOfFile(book.asnDb),
    countryOf: book.geoipDb === undefined ? undefined : countryOfFile(book.geoipDb),
  };
}
