/**
 * The golden vectors: what is committed is what the public encoders make, and a decoder written
 * from the pages alone, sharing no line with src, comes to the same verdict on every case.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { vectorFiles } from "../scripts/vectors/vector-files.ts";
import { addresses } from "./support/independent-decoder/addresses.ts";
import { deflatedFrames } from "./support/independent-decoder/deflated-judges.ts";
import * as wire from "./support/independent-decoder/judges.ts";
import * as objects from "./support/independent-decoder/object-judges.ts";
import { recoveries } from "./support/independent-decoder/recovery.ts";

const folder = "protocol-spec/vectors";
const decoderFolder = "test/support/independent-decoder";

const judges: Readonly<Record<string, Readonly<Record<string, wire.Judge>>>> = {
  "hashing.json": wire.hashing,
  "openings.json": wire.openings,
  "hello.json": wire.hello,
  "auth.json": wire.auth,
  "handshake.json": wire.handshake,
  "frames.json": wire.frames,
  "deflated-frames.json": deflatedFrames,
  "recorded-frames.json": wire.recordedFrames,
  "messages.json": wire.messages,
  "addresses.json": addresses,
  "transactions.json": objects.transactions,
  "headers.json": objects.headers,
  "bodies.json": objects.bodies,
  "votes.json": objects.votes,
  "certificates.json": objects.certificates,
  "evidence.json": objects.evidence,
  "attestations.json": objects.attestations,
  "validator-sets.json": objects.validatorSets,
  "merkle.json": objects.merkle,
  "state-tree.json": objects.stateTree,
  "network-files.json": objects.networkFiles,
  "chain.json": objects.chainJudges(),
  "recoveries.json": recoveries,
};

function committed(name: string): string {
  return readFileSync(`${folder}/${name}`, "utf8");
}

test("the committed vectors are those that the code makes", () => {
  const made = vectorFiles();
  assert.deepEqual(readdirSync(folder).sort(), [...made.keys()].sort());
  for (const [name, text] of made) {
    assert.ok(committed(name) === text, `${name} is stale: npm run vectors`);
  }
});

for (const name of readdirSync(folder)) {
  test(`the independent decoder agrees with every case of ${name}`, () => {
    const { spec, cases } = JSON.parse(committed(name)) as { spec: string; cases: wire.Case[] };
    assert.match(spec, /^protocol-spec\/0[0-9]-[a-z]+ §/);
    assert.ok(cases.length > 0);
    for (const each of cases) {
      const judge = judges[name]?.[each["kind"]];
      assert.ok(judge, `${name}: no judge for the kind ${each["kind"]}`);
      try {
        judge(each);
      } catch (error) {
        throw new Error(`${name}: ${each["name"]}: ${String(error)}`, { cause: error });
      }
    }
  });
}

test("a case that was tampered with is noticed", () => {
  const files = ["transactions.json", "headers.json", "votes.json", "openings.json"];
  for (const name of files) {
    const { cases } = JSON.parse(committed(name)) as { cases: wire.Case[] };
    const good = cases.find((each) => each["error"] === undefined && each["bytes"] !== undefined);
    assert.ok(good);
    const flipped = good["bytes"].replace(/..$/, (byte: string) => (byte === "00" ? "01" : "00"));
    const changed = {
      ...good,
      bytes: name === "openings.json" ? `00${flipped.slice(2)}` : flipped,
    };
    assert.throws(() => judges[name]?.[good["kind"]]?.(changed), name);
  }
});

test("the independent decoder imports nothing from src", () => {
  for (const file of readdirSync(decoderFolder)) {
    const text = readFileSync(`${decoderFolder}/${file}`, "utf8");
    for (const [, target] of text.matchAll(/from "([^"]+)"/g)) {
      assert.match(target!, /^(\.\/[a-z-]+\.ts|node:[a-z/]+|msgpackr)$/, `${file}: ${target}`);
    }
  }
});
