/** Synchronization among peers that are silent, slow, lost, or lie. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import type { BlameCode } from "../../../src/edge/port.ts";
import { encodeSealedHeader } from "../../../src/model/header.ts";
import { blockHashOf, idBytes } from "../../../src/model/ids.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import { makeChain } from "../../support/sync-world.ts";
import { genesis, isAt, LinkedWorld, long, longBlock, top } from "./linked-world.ts";
import { answersWith, type Behaviour, honest, silent, withBodies } from "./peer-behaviour.ts";

test("two silent liars who claim the most do not stop one honest peer", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new LinkedWorld(seed, genesis);
    world.join(silent, top, 20, 1_000_000);
    const honestConn = world.join(honest(long), top);
    world.join(
      withBodies(long, () => {}),
      top,
      1,
      Number.MAX_SAFE_INTEGER,
    );
    assert.ok(world.run(isAt(world, top), 240) < 120, `seed ${seed}`);
    assert.deepEqual(world.blamesOf(honestConn), []);
  }
});

test("a peer that lowers its height or lacks every body only costs one question each", () => {
  const world = new LinkedWorld(3, genesis);
  const liar = world.join(
    withBodies(
      long,
      answersWith(() => undefined),
    ),
    top,
  );
  world.join(honest(long), top);
  assert.ok(world.run(isAt(world, top), 120) < 30);
  assert.deepEqual(world.blamesOf(liar), []);
});

test("a junk body is blamed on its sender and fetched elsewhere", () => {
  const world = new LinkedWorld(4, genesis);
  const liar = world.join(
    withBodies(
      long,
      answersWith(() => new Uint8Array(100)),
    ),
    top,
  );
  const good = world.join(honest(long), top);
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.blamesOf(liar), ["body-mismatch"]);
  assert.deepEqual(world.blamesOf(good), []);
});

test("a peer lost in mid-window is made up for at once", () => {
  const world = new LinkedWorld(5, genesis);
  const first = world.join(
    withBodies(long, () => {}),
    top,
  );
  world.run(() => world.peers.get(first)!.openBlocks.size > 0, 10);
  world.join(honest(long), top);
  world.close(first);
  // Sooner than any timer would have mended it.
  assert.ok(world.run(isAt(world, top), 60) < syncLimits.stallMinMs / 1_000);
});

test("the only peer is asked again with growing waits, and its late answers count", () => {
  const short = makeChain(40);
  const world = new LinkedWorld(7, genesis);
  const serve = honest(short);
  const slept: (() => void)[] = [];
  let isAwake = false;
  const sleepy = world.join((message, say) => {
    if (message.type !== "get_blocks" || isAwake) serve(message, say);
    else slept.push(() => serve(message, say));
  }, short.at(-1)!);
  assert.throws(() => world.run(isAt(world, short.at(-1)!), 600));
  const turns = world.peers.get(sleepy)!.openBlocks.size / syncLimits.requestsUnprovenMax;
  assert.ok(turns >= 3 && turns <= 15, `${turns}`);
  isAwake = true;
  for (const answer of slept.slice(-2 * syncLimits.requestsUnprovenMax)) answer();
  world.run(isAt(world, short.at(-1)!), 300);
  assert.deepEqual(world.blamed, []);
});

test("who has not answered yet is asked for less at a time than who has", () => {
  const world = new LinkedWorld(31, genesis);
  const mute = world.join(
    withBodies(long, () => {}),
    top,
    5,
  );
  world.run(() => world.sync["bodies"].load.blocks > 0, 5);
  assert.equal(world.peers.get(mute)!.openBlocks.size, syncLimits.requestsUnprovenMax);
  const good = world.join(honest(long), top, 50);
  let most = 0;
  world.run(() => {
    const owed = world.sync["bodies"]["peers"].get(good)!.requests.size;
    most = Math.max(most, owed);
    return world.chain.head.hash === top.sealed.header.hash;
  }, 60);
  assert.equal(most, syncLimits.requestsPerPeerMax);
});

test("a peer that drips bodies is taken over by an idle one", () => {
  const world = new LinkedWorld(8, genesis);
  const drip = withBodies(long, (message, say) => {
    const one = message.hashes.slice(0, 32);
    const block = longBlock(one);
    say({ type: "block_body", request: message.request, hash: one, body: block.body });
  });
  world.join(drip, top, 5);
  world.join(honest(long), top, 30);
  // Without that it takes 20 s.
  assert.ok(world.run(isAt(world, top), 200) < 8);
});

test("a longer branch whose bodies nobody gives does not keep us from the honest one", () => {
  const mean = makeChain(3_000, 9);
  for (let seed = 1; seed <= 3; seed++) {
    const world = new LinkedWorld(seed, genesis);
    for (let i = 0; i < 3; i++)
      world.join(
        withBodies(mean, () => {}),
        mean.at(-1)!,
        5,
      );
    const good = [world.join(honest(long), top, 30), world.join(honest(long), top, 40)];
    world.run(isAt(world, top), 900);
    for (const conn of good) assert.deepEqual(world.blamesOf(conn), []);
  }
});

test("bodies that came but for the first do not crowd out those of the honest branch", () => {
  const mean = makeChain(1_600, 9);
  const byHash = new Map(mean.map((made) => [made.sealed.header.hash, made]));
  const world = new LinkedWorld(2, genesis);
  const all = answersWith((hash) => {
    const made = byHash.get(blockHashOf(hash));
    return made === undefined || made.sealed.header.height === 1 ? undefined : made.body;
  });
  world.join(withBodies(mean, all), mean.at(-1)!, 5);
  world.join(honest(long), top, 30);
  assert.ok(world.run(isAt(world, top), 300) < 60);
});

test("answers that nobody asked for are blamed and change nothing", () => {
  const world = new LinkedWorld(9, genesis);
  const conn = world.join(silent, genesis[0]!);
  world.sync.onHeaders(conn, { type: "headers", request: 77, headers: new Uint8Array(0) });
  const hash = idBytes(top.sealed.header.hash);
  world.sync.onBlockBody(conn, { type: "block_body", request: 5, hash, body: top.body });
  assert.deepEqual(world.blamesOf(conn), ["unsolicited", "unsolicited"]);
  assert.equal(world.chain.head.height, 0);
});

test("headers that break a rule are blamed with its code, unlinked and excess ones as bad fields", () => {
  const bad = long.slice(1, 4).map((b) => encodeSealedHeader(b.sealed));
  const cases: [BlameCode, (count: number) => Uint8Array][] = [
    [
      "header-seal",
      () => {
        const bytes = bad[0]!.slice();
        bytes[356] = 99;
        return bytes;
      },
    ],
    ["bad-field", () => new Uint8Array([...bad[0]!, ...bad[2]!])],
    ["bad-field", () => new Uint8Array(419)],
    ["header-malformed", () => new Uint8Array(420).fill(255)],
    [
      "bad-field",
      (count) =>
        new Uint8Array(
          makeChain(count + 1, 3)
            .slice(1)
            .flatMap((b) => [...encodeSealedHeader(b.sealed)]),
        ),
    ],
  ];
  for (const [code, answer] of cases) {
    const world = new LinkedWorld(10, genesis);
    const conn = world.join((message, say) => {
      if (message.type !== "get_headers") return;
      say({ type: "headers", request: message.request, headers: answer(message.count) });
    }, top);
    world.run(() => world.blamed.length > 0, 5);
    assert.deepEqual(world.blamesOf(conn), [code]);
  }
});

test("a body that all lacked at first is asked for again as soon as one of them announces it", () => {
  const world = new LinkedWorld(12, genesis);
  let isThere = false;
  const late = withBodies(
    long,
    answersWith((hash) => (isThere ? longBlock(hash).body : undefined)),
  );
  const conns = [world.join(late, top), world.join(late, top)];
  assert.throws(() => world.run(isAt(world, top), 5));
  isThere = true;
  for (const { sealed } of long) world.sync.onAnnounced(conns[1]!, sealed.header.hash);
  assert.ok(world.run(isAt(world, top), 60) < syncLimits.lackingMs / 2_000);
});

test("a peer that announces what nobody has is asked ever more rarely", () => {
  const world = new LinkedWorld(11, genesis);
  const askedMs: number[] = [];
  const rest = honest(genesis);
  const conn = world.join((message, say) => {
    askedMs.push(world.time.clock.monotonicMs);
    rest(message, say);
  }, genesis[0]!);
  for (let i = 0; i < 2_000; i++) {
    const hash = blockHashOf(new Uint8Array(32).fill(1 + (i % 250)));
    world.time.after(50 * i, () => world.sync.onAnnounced(conn, hash));
  }
  world.run(() => world.time.clock.monotonicMs >= 99_000, 100);
  const waits = askedMs.slice(1).map((ms, index) => ms - askedMs[index]!);
  assert.ok(waits.length >= 5, `waits of ${waits.join(", ")} ms`);
  for (const [index, wait] of waits.slice(1).entries()) {
    assert.ok(wait >= 1.9 * waits[index]!, `waits of ${waits.join(", ")} ms`);
  }
});

test("random peers that leave, lie and delay never stop one honest peer, nor is it blamed", () => {
  const blocks = makeChain(700, 5);
  const last = blocks.at(-1)!;
  for (let seed = 1; seed <= 25; seed++) {
    const world = new LinkedWorld(seed, genesis);
    const { random } = world.time.env;
    const behaviours: Behaviour[] = [
      silent,
      withBodies(blocks, () => {}),
      withBodies(
        blocks,
        answersWith(() => undefined),
      ),
      withBodies(
        blocks,
        answersWith(() => new Uint8Array(random.below(200))),
      ),
      honest(blocks.slice(0, 300)),
    ];
    const good = world.join(honest(blocks), last, 1 + random.below(300));
    for (let i = 0; i < 5; i++) {
      const conn = world.join(
        behaviours[random.below(5)]!,
        last,
        random.below(500),
        random.below(2_000),
      );
      if (random.below(2) === 0) world.time.after(random.below(20_000), () => world.close(conn));
    }
    world.run(isAt(world, last), 300);
    assert.deepEqual(world.blamesOf(good), [], `seed ${seed}`);
  }
});

test("a peer that repeats headers which we know is not asked for ever", () => {
  const known = makeChain(600);
  const world = new LinkedWorld(17, known);
  const headers = (count: number) =>
    concatBytes(...known.slice(1, count + 1).map((b) => encodeSealedHeader(b.sealed)));
  const conn = world.join(
    (message, say) => {
      if (message.type !== "get_headers") return;
      say({ type: "headers", request: message.request, headers: headers(message.count) });
    },
    top,
    20,
    Number.MAX_SAFE_INTEGER,
  );
  assert.throws(() => world.run(() => false, 25));
  const { questionCount } = world.peers.get(conn)!;
  assert.ok(questionCount <= 3, `${questionCount} questions`);
});

test("who claims nothing is asked when those who claim do not deliver", () => {
  const world = new LinkedWorld(19, genesis);
  const serve = honest(long);
  world.join(
    withBodies(long, () => {}),
    top,
  );
  world.join((message, say) => message.type === "get_blocks" && serve(message, say), genesis[0]!);
  assert.ok(world.run(isAt(world, top), 200) < 120);
});
