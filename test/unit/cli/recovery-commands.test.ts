import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseRecovery } from "../../../src/model/recovery.ts";
import { inFolder } from "../host/temporary-folder.ts";
import { cli } from "./cli-under-test.ts";

const hash = "ab".repeat(32);
const keys = ["01".repeat(32), "02".repeat(32), "03".repeat(32), "04".repeat(32)] as const;

async function networkIn(folder: string): Promise<string> {
  const file = join(folder, "network.json");
  const time = ["--genesis-time-ms", "1767225500000", "--slot-ms", "1000"];
  const made = await cli(["genesis", "--name", "n", "--validators", "1", ...time, "--out", file]);
  assert.equal(made.code, 0, made.err);
  return file;
}

test("a recovery file is made, explained, and never written over", () =>
  inFolder(async (folder) => {
    const network = await networkIn(folder);
    const out = join(folder, "recovery.json");
    const list = join(folder, "keys.txt");
    writeFileSync(list, `${keys[1]}\n${keys[2]}\n`);
    const argv = [
      ...["recovery", "new", "--network", network, "--block", `7:${hash}`, "--min-slot", "900"],
      ...["--validators", `${keys[0]},${list},${keys[3]}`, "--out", out],
    ];
    const made = await cli(argv);
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /2026-01-01T00:13:20/, "when its first slot begins");
    assert.match(made.out, /quorum +3 of 4/);
    assert.doesNotMatch(made.out, /warning/);
    const recovery = parseRecovery(readFileSync(out, "utf8"));
    assert.ok(!("errors" in recovery));
    assert.deepEqual(recovery.validators, keys);
    assert.deepEqual(recovery.block, { height: 7, hash });
    assert.equal(recovery.minSlot, 900);

    const shown = await cli(["recovery", "show", out, "--json"]);
    assert.equal(shown.json().recoveryId, recovery.recoveryId);
    assert.match(shown.json().networkId, /^[0-9a-f]{64}$/);
    assert.ok(made.out.includes(shown.json().networkId));
    const again = await cli(argv);
    assert.equal(again.code, 2);
    assert.match(again.err, /is there already/);
    const other = await cli([...argv.slice(0, -1), `${out}.2`]);
    assert.notEqual((await cli(["recovery", "show", `${out}.2`])).out, shown.out);
    assert.equal(other.code, 0);
  }));

test("what is unwise is warned of", () =>
  inFolder(async (folder) => {
    const network = await networkIn(folder);
    const out = join(folder, "recovery.json");
    const made = await cli([
      ...["recovery", "new", "--network", network, "--block", `7:${hash}`, "--min-slot", "9"],
      ...["--validators", keys[0], "--out", out, "--json"],
    ]);
    assert.equal(made.json().warnings.length, 2);
    assert.match(made.json().warnings.join(), /has passed.*nobody may fail/);
    const foreign = join(folder, "other");
    writeFileSync(foreign, readFileSync(network, "utf8").replace('"n"', '"m"'));
    const shown = await cli(["recovery", "show", out, "--network", foreign]);
    assert.equal(shown.code, 2);
    assert.match(shown.err, /do not belong together/);
  }));

test("a recovery that may not be is refused with the option to blame", () =>
  inFolder(async (folder) => {
    const network = await networkIn(folder);
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["--block", "7", /--block is not HEIGHT:HASH/],
      ["--validators", `${keys[0]},${keys[0]}`, /validators.1: is listed twice/],
      ["--validators", "/nowhere", /--validators: there is no file/],
      ["--min-slot", "0", /--min-slot/],
      ["--network", "/nowhere", /there is no file/],
    ];
    const good = {
      ...{ "--network": network, "--block": `7:${hash}`, "--validators": keys[0] },
      ...{ "--min-slot": "900", "--out": join(folder, "never.json") },
    };
    for (const [name, value, says] of cases) {
      const argv = Object.entries({ ...good, [name]: value }).flat();
      const { code, err } = await cli(["recovery", "new", ...argv]);
      assert.equal(code, 2, err);
      assert.match(err, says);
    }
    for (const name of Object.keys(good)) {
      const argv = Object.entries(good).filter(([each]) => each !== name);
      const { code, err } = await cli(["recovery", "new", ...argv.flat()]);
      assert.equal(code, 2);
      assert.match(err, new RegExp(`${name} is missing`));
    }
    assert.match((await cli(["recovery"])).err, /recovery needs a command/);
  }));
