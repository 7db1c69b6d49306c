/** What a decoder of ours does with bytes: the code it refuses them with, or "accepted". */
import { type WireCode, WireError } from "../../../src/wire/errors.ts";

/** Anything thrown that is not a `WireError` passes through and fails the test. */
export function refusal(decode: () => unknown): WireCode | "accepted" {
  try {
    decode();
    return "accepted";
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}
