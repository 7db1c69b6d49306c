/** Two fresh sides, and openings to try on them. */
import { encodeOpening, networkMagic, type Opening } from "../../../src/wire/opening.ts";
import { genesisHash, Side, sessionOptions, testEnv } from "../../support/session-pair.ts";

export const listener = (): Side => new Side(testEnv(5), sessionOptions("responder", 2));
export const dialler = (): Side => new Side(testEnv(6), sessionOptions("initiator", 1));

/** The opening of an honest initiator, but for `overrides`. */
export function opening(overrides: Partial<Opening>): Uint8Array {
  return encodeOpening({
    magic: networkMagic(genesisHash),
    role: "initiator",
    versionMin: 1,
    versionMax: 1,
    version: 1,
    flightBytes: 32,
    ...overrides,
  });
}
