/** Tables and lists of fields for a terminal, without frames: they can be cut and pasted. */
import CliTable3 from "cli-table3";
import type { Paint } from "./paint.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

const noFrame = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

/** Lines without a line feed at the end. Cells may carry colours. */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const table = new CliTable3({
    chars: noFrame,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    head: columns.map(({ title }) => paint("dim", title)),
    colAligns: columns.map(({ align }) => align ?? "left"),
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** `name   value` in one column of names. */
export function fieldsText(fields: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${paint("dim", name.padEnd(width))}  ${value}`).join("\n");
}
