/**
 * Runs the tests: `npm test` all that are deterministic, `npm run e2e` those with real processes,
 * sockets and disks, `npm run attacks` the attacks on them, `npm test -- unit/wire` those whose path
 * contains a word. A run that finds no test files fails (Node 20 knows no globs and would pass on
 * nothing).
 */
import { readdirSync } from "node:fs";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** Those with real processes have a script of their own. */
const slowFolders = ["test/e2e/", "test/attacks/"];
const isSlow = (file: string) => slowFolders.some((folder) => file.startsWith(folder));

const words = process.argv.slice(2);
const files = readdirSync("test", { recursive: true })
  .map((file) => `test/${String(file)}`)
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) =>
    words.length === 0 ? !isSlow(file) : words.some((word) => file.includes(word)),
  )
  .sort();
if (files.length === 0) {
  console.error(`no test files match ${words.join(" ") || "test/**/*.test.ts"}`);
  process.exit(1);
}
const skipFails = process.env["CI"] === "true";
let executed = 0;
run({ files, concurrency: 2, timeout: 600_000 })
  .on("test:pass", (test) => {
    executed++;
    if (test.skip !== undefined && skipFails) {
      console.error(`skipped in CI: ${test.name}: ${String(test.skip)}`);
      process.exitCode = 1;
    }
  })
  .on("test:fail", () => {
    executed++;
    process.exitCode = 1;
  })
  .on("end", () => {
    if (executed > 0) return;
    console.error("no test was executed");
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
