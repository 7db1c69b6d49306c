/** Runs a full node: `npx tsx bin/node.ts --listen 4321`. See `--help`. */
import { runProgram } from "../src/host/program.ts";

const exitCode = await runProgram(process.argv.slice(2));
// Nothing is left open; should a library keep a handle, it must not keep the terminal.
setTimeout(() => process.exit(exitCode), 1000).unref();
process.exitCode = exitCode;
