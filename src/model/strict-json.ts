/**
 * JSON files that people hand to each other, read strictly: bounded before they are parsed, every
 * problem reported at once, each as `field: what is wrong`. NOT what is in them
 * (`network-file.ts`, `recovery.ts`). protocol-spec/05-objects §9, §10.
 */
import { z } from "zod";
import { wireLimits } from "../params/limits.ts";
import { type Address, type BlockHash, isHex32, type PublicKey } from "./ids.ts";

export const hex32 = z.string().refine(isHex32, "64 lower-case hex digits expected");
export const blockHash = hex32.transform((text) => text as BlockHash);
export const publicKey = hex32.transform((text) => text as PublicKey);
export const address = hex32.transform((text) => text as Address);

/** `more` is what no schema says: it is looked for while fields are wrong, too. */
export function parseStrictJson<T>(
  text: string,
  schema: z.ZodType<T>,
  more: (json: unknown) => readonly string[],
): { readonly value: T } | { readonly errors: string[] } {
  if (text.length > wireLimits.networkFileBytesMax) {
    return { errors: [`file: at most ${wireLimits.networkFileBytesMax} bytes`] };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { errors: [`file: not JSON: ${error instanceof Error ? error.message : error}`] };
  }
  const parsed = schema.safeParse(json);
  const errors = [...(parsed.error?.issues ?? []).map(describe), ...more(json)];
  return parsed.success && errors.length === 0 ? { value: parsed.data } : { errors };
}

/** Of `list` in `json`: entries, or their `field`, that occur earlier in it. */
export function repeatedIn(json: unknown, list: string, field?: string): string[] {
  const suffix = field === undefined ? "" : `.${field}`;
  const seen = new Set<unknown>();
  return listOf(json, list).flatMap((entry, index) => {
    const value = field === undefined ? entry : fieldOf(entry, field);
    const again = typeof value === "string" && seen.has(value);
    seen.add(value);
    return again ? [`${list}.${index}${suffix}: is listed twice`] : [];
  });
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}

function describe(issue: { path: PropertyKey[]; message: string }): string {
  return `${issue.path.length === 0 ? "file" : issue.path.map(String).join(".")}: ${issue.message}`;
}
