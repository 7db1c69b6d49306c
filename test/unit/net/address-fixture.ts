/** Addresses, and what is said of them, for tests of the book. */
import { type Endpoint, endpointOf } from "../../../src/net/addresses/endpoint.ts";

export const at = (address: string): Endpoint => endpointOf(address)!;

export const said = (source: string, lastSeenMs = 1_700_000_000_000) => ({
  source,
  nodeId: undefined,
  services: 1,
  lastSeenMs,
});

export const ip = (i: number): string => `${20 + (i & 63)}.${(i >> 6) & 255}.${i >> 14}.1`;

export const word = (signedAtMs: number) => ({
  signedAtMs,
  signature: new Uint8Array(64).fill(1),
});

/** Groups enough that two addresses share few places. */
export const far = (i: number): Endpoint => at(`${ip(i)}:5000`);
