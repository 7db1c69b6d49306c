/**
 * Assertions: a failure is our own bug and ends the process. Never for a peer's or the machine's
 * faults (those are `WireError`, a returned verdict, or `HostError`).
 */
export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}

/** Throws `AssertionFailed` when `condition` is false. `why` says why it must hold. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new AssertionFailed(why);
}

/** Marks a branch that types rule out; reaching it is our bug. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable: ${String(value)}`);
}

/** `value`, which must not be undefined. */
export function defined<T>(value: T | undefined, why: string): T {
  if (value === undefined) throw new AssertionFailed(why);
  return value;
}
