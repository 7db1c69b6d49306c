/**
 * A seeded search for what the schedules of `counterexample-schedules.test.ts` do not know: random
 * trees, a Byzantine minority that signs everything, and chains that hear it in different orders.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../../../src/sim/seeded-random.ts";
import { assertAgreement, oracleOf } from "./history-parts.ts";
import { drawHistory } from "./history-search.ts";

const first = Number(process.env.HISTORY_SEED ?? 1);
const seeds = Number(process.env.HISTORY_SEEDS ?? 150);

test("less than a third that votes for everything makes no two chains disagree", () => {
  let forked = 0;
  let final = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const history = drawHistory(new SeededRandom(`history/${seed}`));
    try {
      assertAgreement(history, 2);
    } catch (error) {
      throw new Error(`HISTORY_SEED=${seed} HISTORY_SEEDS=1: ${(error as Error).message}`);
    }
    const proven = oracleOf(history);
    if (proven.size > 1) final++;
    const certified = history.blocks.filter((block) => history.certificate(block) !== undefined);
    if (certified.some((block) => block.parent !== history.genesis && !proven.has(block))) forked++;
  }
  if (seeds < 100) return;
  assert.ok(final > seeds / 4 && forked > seeds / 4, `${final} final, ${forked} forked`);
});
