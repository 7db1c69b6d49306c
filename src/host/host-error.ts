/**
 * Faults of the machine or of its operator: disk, port, configuration. Raised only in `host`,
 * printed once with the mend, and turned into the exit code of the process. Not for a peer's faults
 * (`WireError`) and not for ours (`AssertionFailed`, exit code 70).
 */

/** What the exit code of the process says; documented in the README. */
export const exitCodes = {
  ok: 0,
  usage: 2,
  "data-folder-in-use": 3,
  "port-in-use": 4,
  "store-damaged": 5,
  "network-mismatch": 6,
  // 7 is the client's: no node answers (cli/cli-error.ts).
  doppelganger: 8,
  internal: 70,
} as const;

export type HostErrorCode = Exclude<keyof typeof exitCodes, "ok" | "internal">;

export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: HostErrorCode;
  /** What the operator can do about it, one sentence. */
  readonly mend: string;

  constructor(code: HostErrorCode, message: string, mend: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.mend = mend;
  }

  get exitCode(): number {
    return exitCodes[this.code];
  }
}

/** The `code` that Node puts on errors of the system ("ENOENT"), if there is one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** One line about any error, for a reader who did not write this program. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
