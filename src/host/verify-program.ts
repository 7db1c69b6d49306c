/**
 * The program of verifying threads as one text of plain JavaScript, made when it is first needed. A
 * thread does not share the loader of the main one: with tsx and its files read one by one each
 * would be ready four times as late, and hold 35 MiB more. NOT what it does (`verify-worker.ts`).
 */
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

let building = 0;

/** Of the file `entry` and all that it imports; packages stay where they are. */
export async function verifyProgram(entry: URL): Promise<string> {
  building++;
  try {
    const bundle = await build({
      entryPoints: [fileURLToPath(entry)],
      bundle: true,
      write: false,
      platform: "node",
      format: "cjs",
      packages: "external",
      // From where native code is looked for.
      define: { "import.meta.url": JSON.stringify(entry.href) },
      logLevel: "silent",
    });
    return bundle.outputFiles[0]!.text;
  } finally {
    // Its process would stay, and with it its memory.
    if (--building === 0) void stop();
  }
}
