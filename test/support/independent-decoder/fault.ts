/** A fault by the code that the specification gives it. Nothing in this folder imports from src. */
export class Fault extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export function refuse(code: string): never {
  throw new Fault(code);
}

export function check(holds: boolean, code: string): void {
  if (!holds) refuse(code);
}

/** The code of the fault that `act` ends in; undefined when it ends in none. */
export function faultOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
