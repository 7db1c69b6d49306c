/**
 * Colours, where they are wanted: on a terminal, unless NO_COLOR says no (https://no-color.org).
 * Text stays the same without them: nothing is said by colour alone.
 */
import { styleText } from "node:util";

export type Tint = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";
export type Paint = (tint: Tint, text: string) => string;

export interface OutputStream {
  readonly isTTY?: boolean | undefined;
}

export const plainPaint: Paint = (_tint, text) => text;

export function paintFor(
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isWanted = stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  if (!isWanted) return plainPaint;
  return (tint, text) => styleText(tint, text, { validateStream: false });
}

/** Green is well, yellow is on its way, red wants somebody. */
export function stateTint(state: string): Tint {
  if (state === "synced") return "green";
  return state === "syncing" || state === "starting" ? "yellow" : "red";
}
