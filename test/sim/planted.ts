/** Plants a bug in the real code for the time of one run. NOT the bugs (planted-bugs.test.ts). */
import assert from "node:assert/strict";

/** Replaces a method while `body` runs. Private ones are reached by name: the bug is inside. */
export function planted(
  type: { prototype: object },
  name: string,
  bug: unknown,
  body: () => void,
): void {
  const original = Object.getOwnPropertyDescriptor(type.prototype, name);
  assert.ok(original, `${name} is still there to be broken`);
  Object.defineProperty(type.prototype, name, { ...original, value: bug });
  try {
    body();
  } finally {
    Object.defineProperty(type.prototype, name, original);
  }
}
