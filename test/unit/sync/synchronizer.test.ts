import { strict as assert } from "node:assert";
import { test } from "node:test";
import { blockHashOf } from "../../../src/model/ids.ts";
import { chainLimits, syncLimits } from "../../../src/params/limits.ts";
import type { MessageOf } from "../../../src/wire/messages.ts";
import { makeChain } from "../../support/sync-world.ts";
import { genesis, isAt, LinkedWorld, long, longBlock, top } from "./linked-world.ts";
import { type Behaviour, honest, silent, withBodies } from "./peer-behaviour.ts";

test("one honest peer brings the chain to its head, and nobody is blamed", () => {
  const world = new LinkedWorld(1, genesis);
  world.join(honest(long), top);
  assert.equal(world.sync.progress().state, "syncing");
  assert.ok(world.run(isAt(world, top), 60) < 10);
  assert.deepEqual(world.blamed, []);
  assert.equal(world.sync.progress().state, "synced");
});

test("several peers share the bodies", () => {
  const world = new LinkedWorld(2, genesis);
  const conns = [150, 40, 5].map((latencyMs) => world.join(honest(long), top, latencyMs));
  world.run(() => world.sync["bodies"].load.blocks > 300, 10);
  world.run(isAt(world, top), 60);
  for (const conn of conns) {
    const asked = [...world.peers.get(conn)!.openBlocks.values()].reduce((a, b) => a + b, 0);
    assert.ok(asked > 150, `${asked} of 1,500 asked of one of three`);
  }
  assert.throws(() => world.run(() => false, 40));
  assert.deepEqual(world.sync["bodies"].load, { blocks: 0, bytes: 0 });
});

test("progress names what is on its way from whom, and the time that is left", () => {
  const world = new LinkedWorld(23, genesis);
  const conns = [world.join(honest(long), top, 150), world.join(honest(long), top, 150)];
  world.run(() => world.sync.ranges().length === 2 && world.chain.head.height > 200, 20);
  for (const { conn, from, to, blocks } of world.sync.ranges()) {
    assert.ok(conns.includes(conn));
    assert.ok(from > 200 && to <= 1_500 && blocks > 0 && blocks <= to - from + 1);
  }
  const { blocksPerSecond, secondsLeft, currentHeight, targetHeight } = world.sync.progress();
  assert.equal(secondsLeft, Math.ceil((targetHeight - currentHeight) / blocksPerSecond));
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.sync.ranges(), []);
  assert.equal(world.sync.progress().secondsLeft, 0);
});

test("bodies of one answer may come in any order", () => {
  const world = new LinkedWorld(6, genesis);
  const backwards = withBodies(long, ({ request, hashes }, say) => {
    for (let at = hashes.length - 32; at >= 0; at -= 32) {
      const hash = hashes.slice(at, at + 32);
      const block = longBlock(hash);
      say({ type: "block_body", request, hash, body: block.body });
    }
  });
  world.join(backwards, top);
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.blamed, []);
});

test("headers stay a bounded way ahead while bodies cannot be had, and go on with them", () => {
  const far = makeChain(6_000, 1, undefined, 40);
  const world = new LinkedWorld(12, genesis);
  const conn = world.join(
    withBodies(far, () => {}),
    far.at(-1)!,
  );
  assert.throws(() => world.run(() => false, 120));
  assert.ok(world.chain.bestHeader.height <= syncLimits.headersAheadMax);
  world.close(conn);
  world.join(honest(far), far.at(-1)!);
  assert.ok(world.run(isAt(world, far.at(-1)!), 60) < 20);
});

test("while finality lags, headers wait for room in the tree, and go on as soon as there is some", () => {
  const far = makeChain(6_000, 1, undefined, 40);
  const world = new LinkedWorld(13, genesis);
  const { chain } = world;
  chain.anchorBehind = Number.POSITIVE_INFINITY;
  world.join(honest(far), far.at(-1)!);
  assert.throws(() => world.run(isAt(world, far.at(-1)!), 25));
  assert.ok(chain.bestHeader.height > syncLimits.headersHeldMax - syncLimits.headersRoomMin);
  assert.ok(chain.bestHeader.height <= syncLimits.headersHeldMax);
  chain.anchorBehind = 100;
  chain.raiseAnchor();
  assert.ok(world.run(isAt(world, far.at(-1)!), 60) < 5);
  assert.deepEqual(world.blamed, []);
});

test("a tree that others have filled puts an honest peer's headers off, and nobody is blamed", () => {
  const world = new LinkedWorld(14, genesis);
  const { chain } = world;
  const mean = makeChain(chainLimits.treeNodesMax - 200, 7);
  chain.importHeaders(mean.slice(1).map(({ sealed }) => sealed));
  chain.bestHeader = chain.head;
  world.join(honest(long), top);
  assert.throws(() => world.run(isAt(world, top), 6));
  for (const { sealed } of mean.slice(1)) chain.nodes.delete(sealed.header.hash);
  assert.ok(world.run(isAt(world, top), 60) < 20);
  assert.deepEqual(world.blamed, []);
});

test("headers that wait for a hand-over stop nobody: they are asked for again when it is done", () => {
  const world = new LinkedWorld(21, genesis);
  world.chain.handOverEvery = 200;
  world.join(honest(long), top);
  world.join(honest(long), top);
  assert.ok(world.run(isAt(world, top), 60) < 20);
  assert.deepEqual(world.blamed, []);
  assert.equal(world.sync.progress().state, "synced");
});

test("a peer whose headers can never be judged keeps nobody from following the others", () => {
  const world = new LinkedWorld(22, genesis);
  const strange = makeChain(600, 5);
  world.chain.handOverEvery = 200;
  world.join(
    withBodies(strange, () => {}),
    strange.at(-1)!,
  );
  world.join(honest(long), top);
  assert.ok(world.run(isAt(world, top), 300) < 200);
});

test("large bodies keep to the byte window, one of them to a request", () => {
  const large = makeChain(80, 1, undefined, 1_000_000);
  const world = new LinkedWorld(13, genesis);
  const [first] = large.slice(1);
  const serve = honest(large);
  // The first comes late, so that the others wait for their turn.
  const late: Behaviour = (message, say) => {
    const { hashes } = message as Partial<MessageOf<"get_blocks">>;
    const isFirst = hashes !== undefined && blockHashOf(hashes) === first!.sealed.header.hash;
    world.time.after(isFirst ? 1_500 : 0, () => serve(message, say));
  };
  for (let peers = 0; peers < 4; peers++) world.join(late, large.at(-1)!);
  let most = 0;
  world.run(() => {
    most = Math.max(most, world.sync["bodies"].load.bytes);
    return isAt(world, large.at(-1)!)();
  }, 60);
  assert.ok(most > 0.9 * syncLimits.bodyWindowBytes, `${most} bytes`);
  assert.ok(most <= syncLimits.bodyWindowBytes, `${most} bytes`);
  const counts = [...world.peers.values()].flatMap((peer) => [...peer.openBlocks.values()]);
  assert.ok(Math.max(...counts) <= 1, "one MiB a request");
});

test("a longer branch of another peer is found at the interval and taken", () => {
  const common = makeChain(50);
  const ours = makeChain(5, 2, common);
  const theirs = makeChain(9, 3, common);
  const world = new LinkedWorld(14, ours);
  // It shows a head that we know, and has more.
  world.join(honest(theirs), common.at(-1)!);
  assert.equal(world.sync.progress().state, "synced");
  assert.ok(world.run(isAt(world, theirs.at(-1)!), 60) <= 32);
});

test("progress: lonely without peers unless none are expected; claims do not make it syncing for ever", () => {
  const lonely = new LinkedWorld(15, genesis);
  assert.equal(lonely.sync.progress().state, "lonely");
  assert.equal(new LinkedWorld(15, genesis, true).sync.progress().state, "synced");
  lonely.join(silent, top, 20, 5_000);
  assert.equal(lonely.sync.progress().state, "syncing");
  lonely.run(() => lonely.sync.progress().state === "synced", 25);
  assert.equal(lonely.sync.progress().targetHeight, 5_000);
});

test("blocks per second are those of the last ten seconds", () => {
  const world = new LinkedWorld(16, genesis);
  world.join(honest(long), top, 200);
  world.run(isAt(world, top), 60);
  const rate = world.sync.progress().blocksPerSecond;
  assert.ok(rate > 50 && rate < 10_000, String(rate));
  assert.throws(() => world.run(() => false, 60));
  assert.equal(world.sync.progress().blocksPerSecond, 0);
});

test("headers that come after their time are taken and not blamed", () => {
  const world = new LinkedWorld(18, genesis);
  const serve = honest(long);
  let isFirst = true;
  const conn = world.join((message, say) => {
    const wasFirst = isFirst;
    isFirst = false;
    const late = syncLimits.requestMs + 500;
    if (wasFirst) world.time.after(late, () => serve(message, say));
    else if (message.type === "get_blocks") serve(message, say);
  }, top);
  world.run(() => world.chain.head.height >= 512, 30);
  assert.deepEqual(world.blamesOf(conn), []);
});
