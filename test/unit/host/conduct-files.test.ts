import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isAuthorized, openOrCreateToken, readToken } from "../../../src/host/api-token.ts";
import { ConductFiles, readConduct } from "../../../src/host/conduct-files.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { systemRandom } from "../../../src/host/system.ts";
import { BanList } from "../../../src/net/conduct/ban-list.ts";
import { PeerScores } from "../../../src/net/conduct/peer-score.ts";
import { inFolder } from "./temporary-folder.ts";

const id = "ab".repeat(32);
const clock = { monotonicMs: 0, wallMs: 1_700_000_000_000 };

function sourceOf(bans: BanList, scores: PeerScores) {
  return {
    bansRevision: () => bans.revision,
    kept: () => ({ bans: bans.known(), scores: scores.known() }),
  };
}

describe("bans and scores on disk", () => {
  test("are found again as they were, also those that stand for ever", () =>
    inFolder(async (folder) => {
      const paths = { bans: join(folder, "bans.json"), scores: join(folder, "scores.json") };
      const bans = new BanList(clock);
      const scores = new PeerScores(clock);
      const files = new ConductFiles(paths, sourceOf(bans, scores), () => assert.fail());
      bans.ban({ type: "subnet", value: "10.0.0.0/8" }, "spam", undefined, "operator");
      bans.ban({ type: "identity", value: id }, "liar", 60_000, "rule");
      scores.onFault(id, "unsolicited", 5);
      await files.onEvent();
      assert.match(readFileSync(paths.bans, "utf8"), /10\.0\.0\.0/);
      await files.close();
      assert.equal(statSync(paths.bans).mode & 0o777, 0o600);
      const kept = readConduct(paths, () => assert.fail("nothing is damaged"));
      assert.deepEqual(kept, { bans: bans.known(), scores: scores.known() });
      const next = new BanList(clock);
      next.restore(kept.bans);
      assert.deepEqual(next.list(), bans.list());
    }));

  test("a damaged file is put aside and said, and a damaged entry is left out", () =>
    inFolder(async (folder) => {
      const paths = { bans: join(folder, "bans.json"), scores: join(folder, "scores.json") };
      const said: string[] = [];
      const say = (_: string, text: string) => said.push(text);
      assert.deepEqual(readConduct(paths, say), { bans: [], scores: [] });
      assert.deepEqual(said, []);
      writeFileSync(paths.bans, '[{"type":"addr');
      const good = { type: "address", value: "9.9.9.9", reason: "", by: "operator", sinceMs: 1 };
      writeFileSync(paths.scores, JSON.stringify([{ nodeId: "x" }, 7]));
      assert.deepEqual(readConduct(paths, say), { bans: [], scores: [] });
      assert.equal(said.length, 2);
      assert.ok(existsSync(`${paths.bans}.damaged`));
      writeFileSync(paths.bans, JSON.stringify([good, { ...good, by: "nobody" }, null]));
      assert.equal(readConduct(paths, say).bans.length, 1);
    }));
});

describe("the token of the HTTP API", () => {
  test("is made once, for its owner only, and read again", () =>
    inFolder(async (folder) => {
      const path = join(folder, "api-token");
      const token = openOrCreateToken(path, systemRandom);
      assert.match(token, /^[0-9a-f]{64}$/);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(openOrCreateToken(path, systemRandom), token);
      assert.equal(readToken(path), token);
    }));

  test("is refused when others may read it, or when it is none", () =>
    inFolder(async (folder) => {
      const path = join(folder, "api-token");
      openOrCreateToken(path, systemRandom);
      chmodSync(path, 0o644);
      assert.throws(() => readToken(path), HostError);
      chmodSync(path, 0o600);
      writeFileSync(path, "short");
      assert.throws(() => openOrCreateToken(path, systemRandom), HostError);
    }));

  test("is compared whole", () => {
    assert.equal(isAuthorized(`Bearer ${id}`, id), true);
    assert.equal(isAuthorized(`bearer ${id}`, id), true);
    for (const bad of [undefined, "", "Bearer ", id, `Bearer ${id}0`, `Basic ${id}`]) {
      assert.equal(isAuthorized(bad, id), false);
    }
  });
});
