/**
 * What a mutant is: a rule of the protocol broken on purpose in a copy of the code, and the hunts
 * that must notice. NOT the list (`mutants.ts`) nor their execution (`hunt.ts`).
 */

/** One replacement in one file; `find` must occur exactly once, so that no mutant goes stale. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A command that passes on the real code, and its kill on the mutated one. */
export interface Hunt {
  /** Arguments of `node --import tsx`. */
  readonly args: readonly string[];
  /** What the failure must say: a crash for another reason is no kill. */
  readonly expect: RegExp;
  /** One test of a file: those of one file are tried on the real code in one go. */
  readonly test?: { readonly file: string; readonly pattern: string };
}

export interface Mutant {
  readonly name: string;
  /** The rule that is broken, with its place in the spec. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** Tried in order until one kills; the first is part of `--quick`. */
  readonly hunts: readonly Hunt[];
}

export const edit = (file: string, find: string, replace: string): Edit => ({
  file,
  find,
  replace,
});

export const sim = (seed: string, more: readonly string[], expect: RegExp): Hunt => ({
  args: ["bin/sim.ts", "--seed", seed, ...more],
  expect,
});

/** Short seeds, of a second or two: the first of the first forty that finds the mutant is named. */
const short = ["--nodes", "4", "--slots", "30"];
export const cheated: readonly string[] = [...short, "--byzantine", "under", "--cheats", "100"];
export const honest: readonly string[] = [...short, "--byzantine", "none"];

/** The test of `file` whose title begins with `title`; that it fails is the kill, by default. */
export function unit(file: string, title: string, expect?: RegExp): Hunt {
  const pattern = `^${title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`;
  return {
    args: [`--test-name-pattern=${pattern}`, file],
    expect: expect ?? new RegExp(`(not ok \\d+ - |✖ )${pattern.slice(1)}[^\\n]*`),
    test: { file, pattern },
  };
}
