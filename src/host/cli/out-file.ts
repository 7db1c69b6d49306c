/** The file that a command makes, named by `--out`: never one that is there already. */
import { existsSync } from "node:fs";
import { createFileSync } from "../durable-file.ts";
import { reasonOf } from "../host-error.ts";
import { usageError } from "./values.ts";

/** Before anything else is made. */
export function demandFree(out: string): void {
  if (!existsSync(out)) return;
  throw usageError(`--out: ${out} is there already`, "move it away, or choose another name");
}

export function createOut(out: string, text: string): void {
  try {
    createFileSync(out, text, { mode: 0o644 });
  } catch (error) {
    throw usageError(`--out: ${out}: ${reasonOf(error)}`, "choose a path that can be written");
  }
}
