/**
 * Does a hunt pass on the code as it is? A hunt that fails anyway kills nothing, and neither does
 * one whose test is gone. All tests are tried at once, in a few processes; only when one of them
 * fails each file is tried alone, to tell which.
 */
import { runIn } from "./hunt.ts";
import type { Hunt } from "./mutant.ts";

type HuntedTest = NonNullable<Hunt["test"]>;

export class Baselines {
  private readonly tree: string;
  private readonly limitMs: number;
  private readonly tests: readonly HuntedTest[];
  private readonly known = new Map<string, Promise<boolean>>();
  /** Of each file: did all that it was tried with pass? */
  private readonly together = new Map<string, Promise<boolean>>();

  /** Begins with all of `hunts` that are tests, on the compiled `tree`, in so many processes. */
  constructor(tree: string, hunts: readonly Hunt[], processes: number, limitMs: number) {
    this.tree = tree;
    this.limitMs = limitMs;
    this.tests = hunts.flatMap(({ test }) => test ?? []);
    const files = [...new Set(this.tests.map(({ file }) => file))];
    for (let share = 0; share < processes; share++) {
      const some = files.filter((_, index) => index % processes === share);
      if (some.length === 0) return;
      const passed = this.pass(some);
      for (const file of some) this.together.set(file, passed);
    }
  }

  async passes(hunt: Hunt): Promise<boolean> {
    const { args, test } = hunt;
    if (test !== undefined && (await this.together.get(test.file))) return true;
    const key = test?.file ?? args.join("\n");
    const passed =
      this.known.get(key) ??
      (test === undefined
        ? runIn(this.tree, args, this.limitMs).then((outcome) => outcome.passed)
        : this.pass([test.file]));
    this.known.set(key, passed);
    return passed;
  }

  private async pass(files: readonly string[]): Promise<boolean> {
    const hunted = this.tests.filter(({ file }) => files.includes(file));
    const patterns = new Set(hunted.map(({ pattern }) => `--test-name-pattern=${pattern}`));
    const imports = files.slice(0, -1).flatMap((file) => ["--import", `./${file}`]);
    const args = [...patterns, ...imports, ...files.slice(-1)];
    return (await runIn(this.tree, args, this.limitMs)).passed;
  }
}
