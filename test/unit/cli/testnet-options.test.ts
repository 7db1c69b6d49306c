/** The options of the local network, and its folder. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readNetwork } from "../../../src/host/network-maker.ts";
import { makeTestnetFolder } from "../../../src/host/testnet/testnet-folder.ts";
import { readTestnetOptions } from "../../../src/host/testnet/testnet-options.ts";
import { inFolder } from "../host/temporary-folder.ts";

test("defaults are those of the help, and every option is read", () => {
  const none = readTestnetOptions([]);
  assert.deepEqual(none, {
    type: "command",
    command: {
      nodes: 5,
      validators: 4,
      slotMs: 1000,
      keep: undefined,
      basePort: undefined,
      rate: 2,
      durationS: undefined,
      json: false,
    },
  });
  const line = "--nodes 2 --slot-ms 300 --duration 1.5 --json --keep d --base-port 9000 --rate 0";
  const all = readTestnetOptions(line.split(" "));
  assert.deepEqual(all.type === "command" && all.command, {
    nodes: 2,
    validators: 2,
    slotMs: 300,
    keep: "d",
    basePort: 9000,
    rate: 0,
    durationS: 1.5,
    json: true,
  });
  assert.equal(readTestnetOptions(["--help"]).type, "text");
});

test("mistakes name the option", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["--nodes 0", /--nodes: a whole number/],
    ["--nodes five", /--nodes/],
    ["--nodes 2 --validators 3", /--validators 3 is more than --nodes 2/],
    ["--slot-ms 1", /--slot-ms/],
    ["--duration -1", /--duration/],
    ["--rate 1e9", /--rate/],
    ["--node 3", /did you mean --nodes/],
    ["--base-port 65000", /--base-port/],
    ["extra", /unexpected argument: extra/],
    ["--nodes 2 --nodes 3", /--nodes/],
  ];
  for (const [line, expected] of cases) {
    const answer = readTestnetOptions(line.split(" "));
    assert.equal(answer.type, "problems", line);
    assert.match(answer.type === "problems" ? answer.problems.join("\n") : "", expected, line);
  }
});

test("the folder holds a valid network and private keys; a temporary one goes", () =>
  inFolder((folder) => {
    const plan = { nodes: 3, validators: 2, slotMs: 300, genesisTimeMs: 1_767_225_600_000 };
    const kept = makeTestnetFolder({ ...plan, keep: join(folder, "kept") });
    const network = readNetwork(readFileSync(kept.networkFile, "utf8"));
    assert.ok(!("errors" in network));
    assert.equal(network.file.validators.length, 2);
    assert.equal(kept.nodeFolders.length, 3);
    for (const secret of ["accounts.json", "node-0/keys/validator.json"]) {
      assert.equal(statSync(join(kept.path, secret)).mode & 0o077, 0, secret);
    }
    assert.ok(!existsSync(join(kept.path, "node-2/keys/validator.json")));
    kept.remove();
    assert.ok(existsSync(kept.networkFile));
    writeFileSync(join(folder, "file"), "");
    assert.throws(() => makeTestnetFolder({ ...plan, keep: folder }), /--keep/);
    const temporary = makeTestnetFolder({ ...plan, keep: undefined });
    temporary.remove();
    assert.ok(!existsSync(temporary.path));
  }));
