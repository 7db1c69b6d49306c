/** The command line without a process: what it printed, and how it ended. */
import { runCli } from "../../../src/host/cli/run-cli.ts";
import { plainPaint } from "../../../src/host/terminal/paint.ts";

export async function cli(argv: readonly string[], sleep: () => void = () => {}) {
  let out = "";
  let err = "";
  const code = await runCli(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    paint: plainPaint,
    wallMs: () => 1_767_225_600_000,
    sleep: () => Promise.resolve(sleep()),
  });
  return { code, out, err, json: () => JSON.parse(out) };
}
