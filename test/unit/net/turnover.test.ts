/** When one full outbound peer goes for another, and who never does. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointOf } from "../../../src/net/addresses/endpoint.ts";
import {
  type Handshaking,
  type Ready,
  readyFrom,
} from "../../../src/net/connections/connection-table.ts";
import { Turnover, type TurnoverRules } from "../../../src/net/connections/turnover.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { conn, helloOf, idOf, testEnv } from "./net-fixture.ts";

const { outboundCheckMs, turnoverFloorMs, turnoverMaxMs, turnoverMinMs } = connectionLimits;
const tip = { height: 100, isFetching: false };
const hour = 3_600_000;

function peerAt(n: number, readyAt: number): Ready {
  const address = `9.${n}.0.1:5000`;
  const from: Handshaking = {
    ...{ type: "handshaking", conn: conn(n), address, endpoint: endpointOf(address) },
    ...{ group: `9.${n}`, target: { address, kind: "full", pin: undefined } },
  };
  const proof = { nodeId: idOf(n), hello: helloOf(n, 5000), manual: false };
  return readyFrom(from, proof, { monotonicMs: readyAt, wallMs: 0 });
}

/** Four full slots; `turn` passes time until somebody is asked for, and says what came of it. */
function setup(some: Partial<TurnoverRules> = {}) {
  const rules = { scoreOf: () => 0, isSpared: () => false, keptUp: () => false, ...some };
  const turnover = new Turnover(testEnv(1).random, rules);
  const full = [1, 2, 3, 4].map((n) => peerAt(n, n));
  let now = 0;
  const look = (peers: readonly Ready[], isFetching = false) => {
    now += outboundCheckMs;
    const surplus = peers.length - 4;
    return turnover.check({ full: peers, fullMax: 4, surplus, tip: { ...tip, isFetching } }, now);
  };
  const untilGranted = (withinMs: number) => {
    const endAt = now + withinMs;
    while (now < endAt && !turnover.isGranted) assert.deepEqual(look(full), {});
    return turnover.isGranted;
  };
  const newcomer = () => peerAt(5, now);
  return { turnover, full, look, untilGranted, newcomer, now: () => now };
}

describe("a turn of full outbound peers", () => {
  test("comes at most twice an hour, when every slot is filled and nothing is on its way", () => {
    const { full, look, turnover, untilGranted } = setup();
    assert.ok(!untilGranted(turnoverMinMs));
    assert.ok(untilGranted(2 * turnoverMaxMs));
    const free = setup();
    for (let i = 0; i < 500; i++) free.look(free.full.slice(1));
    assert.ok(!free.turnover.isGranted);
    const behind = setup();
    for (let i = 0; i < 500; i++) behind.look(behind.full, true);
    assert.ok(!behind.turnover.isGranted);
    // Nobody answers: given up until the next turn.
    for (let i = 0; i < 4; i++) look(full);
    assert.ok(!turnover.isGranted);
  });

  test("ends the longest connected for a newcomer that showed what we have", () => {
    const { full, look, newcomer, turnover, untilGranted } = setup();
    untilGranted(2 * turnoverMaxMs);
    const fifth = newcomer();
    assert.equal(look([...full, fifth]).ask, fifth);
    fifth.merits.shownHeight = tip.height;
    assert.deepEqual(look([...full, fifth]).goes, { peer: full[0], code: "rotated" });
    const gone = { endpoint: full[0]!.endpoint!, nodeId: undefined, confirmed: false };
    assert.ok(!turnover.isFresh(gone as Parameters<typeof turnover.isFresh>[0]));
  });

  test("sends away a newcomer that shows nothing, and nobody else", () => {
    const { full, look, newcomer, untilGranted } = setup();
    untilGranted(2 * turnoverMaxMs);
    const fifth = newcomer();
    const peers = [...full, fifth];
    look(peers);
    assert.deepEqual(look(peers), {});
    assert.deepEqual(look(peers).goes, { peer: fifth, code: "extra-full" });
  });

  test("takes the worst score below 0 first, however short its stay, and never a good one for it", () => {
    const { full, look, newcomer, untilGranted } = setup({
      scoreOf: (nodeId) => ({ [idOf(2)]: 40, [idOf(3)]: -2, [idOf(4)]: -9 })[nodeId] ?? 0,
    });
    untilGranted(2 * turnoverMaxMs);
    const fifth = newcomer();
    look([...full, fifth]);
    fifth.merits.shownHeight = tip.height;
    assert.deepEqual(look([...full, fifth]).goes, { peer: full[3], code: "rotated" });
  });

  test("spares the first that kept up, up to half of the slots, and whom the operator or a key spares", () => {
    const { full, look, newcomer, untilGranted } = setup({
      keptUp: (one) => one !== conn(4),
      isSpared: (_, nodeId) => nodeId === idOf(3),
    });
    untilGranted(2 * turnoverMaxMs);
    const fifth = newcomer();
    look([...full, fifth]);
    fifth.merits.shownHeight = tip.height;
    assert.deepEqual(look([...full, fifth]).goes, { peer: full[3], code: "rotated" });
    const all = setup({ isSpared: () => true });
    assert.ok(!all.untilGranted(24 * hour), "nobody may go, so nobody is tried");
  });

  test("leaves peers alone that have not been here for long", () => {
    const { look, now, turnover } = setup();
    while (now() < 24 * hour) {
      const since = Math.max(0, now() - turnoverFloorMs + 2 * outboundCheckMs);
      assert.deepEqual(look([1, 2, 3, 4].map((n) => peerAt(n, since))), {});
      assert.ok(!turnover.isGranted);
    }
  });

  test("is over when somebody left meanwhile: the newcomer has that place", () => {
    const { full, look, newcomer, untilGranted } = setup();
    untilGranted(2 * turnoverMaxMs);
    const fifth = newcomer();
    look([...full, fifth]);
    fifth.merits.shownHeight = tip.height;
    for (let i = 0; i < 5; i++) assert.deepEqual(look([...full.slice(1), fifth]), {});
  });
});
