import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { genesisAnswers } from "../../../src/node/genesis-answers.ts";
import { wireLimits } from "../../../src/params/limits.ts";
import { networkFile as file, testEnv } from "../../support/session-pair.ts";

const { genesisAnswersBurst, genesisAnswersPerAddressBurst, genesisAddressesMax } = wireLimits;

describe("genesis answers", () => {
  test("one stranger that asks without end does not keep others out", () => {
    const env = testEnv(1);
    const answer = genesisAnswers(env, file);
    let given = 0;
    for (let second = 0; second < 600; second++) {
      for (let i = 0; i < 50; i++) if (answer(`9.9.9.9:${2_000 + i}`) !== undefined) given++;
      assert.equal(answer(`8.8.${second >> 8}.${second & 255}:5000`), file);
      env.clock.monotonicMs += 1_000;
    }
    assert.ok(given >= 60 && given <= genesisAnswersPerAddressBurst + 60, `${given} answers`);
  });

  test("an IPv6 customer is one address", () => {
    const answer = genesisAnswers(testEnv(1), file);
    let given = 0;
    for (let i = 1; i < 100; i++) if (answer(`[2600:1:2:3::${i}]:5000`) !== undefined) given++;
    assert.equal(given, genesisAnswersPerAddressBurst);
    assert.equal(answer("[2600:1:2:4::1]:5000"), file);
  });

  test("all together get no more than the rate of all, this machine included", () => {
    const answer = genesisAnswers(testEnv(1), file);
    let given = 0;
    for (let i = 0; i < 40; i++) if (answer("127.0.0.1:5000") !== undefined) given++;
    assert.equal(given, genesisAnswersBurst);
    for (let i = 0; i < 2 * genesisAddressesMax; i++) {
      assert.equal(answer(`7.7.${i >> 8}.${i & 255}:5000`), undefined);
    }
  });
});
