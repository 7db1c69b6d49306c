/**
 * Why a command did not do what was asked, with the mend. Usage mistakes are `HostError`s like
 * those of the node; these two are of clients only.
 */
export const cliExitCodes = {
  /** The answer is no: refused, not found, not valid. */
  no: 1,
  /** No node answers at the URL. */
  unreachable: 7,
} as const;

export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: string;
  readonly mend: string;
  readonly exitCode: number;

  constructor(kind: keyof typeof cliExitCodes, code: string, message: string, mend: string) {
    super(message);
    this.code = code;
    this.mend = mend;
    this.exitCode = cliExitCodes[kind];
  }
}
