import { TreeCopy } from "/work/main/scripts/mutants/hunt.ts";
import { mutants } from "/work/main/scripts/mutants/mutants.ts";
import { spawn } from "node:child_process";
const [names, limit, ...args] = process.argv.slice(2);
const tree = new TreeCopy();
try {
  for (const name of names!.split(",")) {
    const m = mutants.find((x) => x.name === name)!;
    const stale = tree.mutate(m);
    if (stale) { console.log(name, "STALE", stale); tree.mend(); continue; }
    const t0 = performance.now();
    const text = await new Promise<string>((done) => {
      const child = spawn(process.execPath, ["--import", "tsx", "bin/sim.ts", ...args], { cwd: tree.folder });
      let out = "";
      const on = (c: Buffer) => { out += c; if (/repeat with:.*\n/.test(out)) child.kill("SIGKILL"); };
      child.stdout.on("data", on); child.stderr.on("data", on);
      const t = setTimeout(() => child.kill("SIGKILL"), Number(limit) * 1000);
      child.on("close", () => { clearTimeout(t); done(out); });
    });
    const hit = /broke at (\d+) ms: (.*)/.exec(text); const rep = /repeat with: (.*)/.exec(text);
    console.log(name, hit ? `KILL ${hit[2]} | ${rep?.[1]}` : `none (${(text.match(/^seed /gm) ?? []).length} seeds)`, Math.round((performance.now() - t0) / 1000) + "s");
    tree.mend();
  }
} finally { tree.remove(); }
