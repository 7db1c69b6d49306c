/** What a command has to say: for people, and the same as one JSON value for programs. */
export interface Reply {
  readonly text: string;
  readonly json: unknown;
}

/** What a command may use of the world besides files and the network. */
export interface CliWorld {
  readonly paint: import("../terminal/paint.ts").Paint;
  readonly wallMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** A line about long work while it goes on. */
  readonly say: (line: string) => void;
}

/** JSON text; amounts as decimal strings. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === "bigint" ? field.toString() : field,
  );
}
