/**
 * What the command lines of all programs share: words as they were written, and whole numbers.
 * NOT the options themselves (`options.ts`, `cli/`, `testnet/`).
 */
import { z } from "zod";

/** For yargs: left to itself it renames options and makes numbers of what looks like one. */
export const plainWords = {
  "camel-case-expansion": false,
  "dot-notation": false,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "short-option-groups": false,
} as const;

export function wholeNumber(min: number, max: number) {
  const says = `a whole number from ${min} to ${max} expected`;
  return z
    .string(says)
    .regex(/^[0-9]{1,9}$/, says)
    .transform(Number)
    .refine((value) => value >= min && value <= max, says);
}
