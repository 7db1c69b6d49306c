/** Whom a synchronizer asks, for what, how often: beside what it is told (the tests next to it). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { idBytes } from "../../../src/model/ids.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import { type MadeBlock, makeChain } from "../../support/sync-world.ts";
import { genesis, isAt, LinkedWorld, long, longBlock, top } from "./linked-world.ts";
import { answersWith, type Behaviour, honest, silent, withBodies } from "./peer-behaviour.ts";

/** Lets so many seconds pass; the world checks its bounds after each step. */
function pass(world: LinkedWorld, seconds: number): void {
  let isOver = false;
  world.time.after(seconds * 1_000, () => (isOver = true));
  world.run(() => isOver, seconds + 1);
}

/** Answers for bodies by `body`; how often each was asked for. */
function counted(body: (hash: Uint8Array) => Uint8Array | undefined, blocks = long) {
  const asked = new Map<string, number>();
  const behaviour = withBodies(
    blocks,
    answersWith((hash) => {
      const key = Buffer.from(hash).toString("hex");
      asked.set(key, (asked.get(key) ?? 0) + 1);
      return body(hash);
    }),
  );
  return { behaviour, mostOften: () => Math.max(...asked.values()) };
}

/** Has all blocks but the first, which it keeps back. */
const butTheFirst = (blocks: readonly MadeBlock[]) => {
  const bodies = new Map(blocks.map(({ sealed, body }) => [sealed.header.hash as string, body]));
  bodies.delete(blocks[1]!.sealed.header.hash);
  return withBodies(
    blocks,
    answersWith((hash) => bodies.get(Buffer.from(hash).toString("hex"))),
  );
};

test("when all that are asked for headers are silent, others are asked", () => {
  const world = new LinkedWorld(1, genesis);
  for (let n = 0; n < syncLimits.headerPeersMax; n++) world.join(silent, top);
  world.join(honest(long), top);
  const { requestMs } = syncLimits;
  assert.ok(world.run(isAt(world, top), 200) > requestMs / 1_000, "they were asked first");
});

test("the height to reach is what half of the peers claim at most", () => {
  const world = new LinkedWorld(2, genesis);
  const target = (claim: number) => {
    world.join(silent, top, 20, claim);
    return world.sync.progress().targetHeight;
  };
  assert.deepEqual([20, 1_000_000, 30].map(target), [20, 20, 30]);
});

test("who never has what it claims is put off longer each time", () => {
  const world = new LinkedWorld(3, genesis);
  const conn = world.join(honest(genesis), genesis[0]!);
  const claim = long[700]!.sealed.header.hash;
  const counts: number[] = [];
  for (let second = 0; second < 30; second++) {
    world.sync.onAnnounced(conn, claim);
    pass(world, 1);
    counts.push(world.peers.get(conn)!.questionCount);
  }
  assert.ok(counts.at(-1)! <= 8, `asked ${counts}`);
});

test("a body that a peer lacks is not asked of it again", () => {
  const world = new LinkedWorld(4, genesis);
  const { behaviour, mostOften } = counted(() => undefined);
  world.join(behaviour, top, 1);
  world.join(honest(long), top, 200);
  world.run(isAt(world, top), 60);
  assert.equal(mostOften(), 1);
});

test("a body that failed is asked elsewhere, though its giver is still there", () => {
  const world = new LinkedWorld(5, genesis);
  world.close = () => {};
  const { behaviour, mostOften } = counted(() => new Uint8Array(100));
  world.join(behaviour, top, 1);
  world.join(honest(long), top, 200);
  world.run(isAt(world, top), 60);
  assert.equal(mostOften(), 1);
});

test("no more bodies are on their way than the window holds", () => {
  const higher = makeChain(syncLimits.bodyWindowBlocks + 400);
  const world = new LinkedWorld(6, genesis);
  world.join(butTheFirst(higher), higher.at(-1)!);
  pass(world, 20);
  const { blocks } = world.sync["bodies"].load;
  assert.ok(blocks > syncLimits.bodyWindowBlocks - syncLimits.requestBlocksMin, `${blocks} blocks`);
  assert.ok(blocks <= syncLimits.bodyWindowBlocks + 1, `${blocks} blocks`);
});

test("no more bytes of bodies are on their way than the window holds", () => {
  const large = makeChain(60, 1, undefined, 1_000_000);
  const world = new LinkedWorld(7, genesis);
  world.join(butTheFirst(large), large.at(-1)!);
  pass(world, 60);
  const { bytes } = world.sync["bodies"].load;
  assert.ok(bytes > syncLimits.bodyWindowBytes / 2, `${bytes} bytes`);
  assert.ok(bytes <= syncLimits.bodyWindowBytes + 1_000_000, `${bytes} bytes`);
});

test("few bodies are shared among all who have them", () => {
  const short = makeChain(30);
  const world = new LinkedWorld(8, genesis);
  const conns = [1, 2, 3].map(() => world.join(honest(short), short.at(-1)!));
  world.run(isAt(world, short.at(-1)!), 10);
  for (const conn of conns) assert.ok(world.peers.get(conn)!.openBlocks.size > 0);
});

test("an idle peer takes over the front of the window before a question is given up", () => {
  const short = makeChain(100);
  const bodies = new Map(short.map(({ sealed, body }) => [sealed.header.hash as string, body]));
  const world = new LinkedWorld(9, genesis);
  // It answers all but the first body of each question.
  const keepsBack = withBodies(short, ({ request, hashes }, say) => {
    for (let at = 32; at < hashes.length; at += 32) {
      const hash = hashes.slice(at, at + 32);
      say({
        type: "block_body",
        request,
        hash,
        body: bodies.get(Buffer.from(hash).toString("hex")),
      });
    }
  });
  world.join(keepsBack, short.at(-1)!, 5);
  world.join(honest(short), short.at(-1)!, 30);
  const seconds = world.run(isAt(world, short.at(-1)!), 60);
  assert.ok(seconds < syncLimits.requestMs / 1_000, `${seconds} s`);
});

test("a proof that comes late is not held against its giver, were the chain there long before", () => {
  const world = new LinkedWorld(10, genesis);
  world.chain.ranges = {
    carrierOf: (headers) => (headers.length > 100 ? headers.at(-1)!.header.hash : undefined),
  };
  const serve = honest(long);
  const late: Behaviour = (message, say) => {
    if (message.type !== "get_blocks" || message.request < 0x80000000) return serve(message, say);
    const { request, hashes } = message;
    const { sealed, body } = longBlock(hashes);
    const answer = {
      type: "block_body",
      request,
      hash: idBytes(sealed.header.hash),
      body,
    } as const;
    world.time.after(2 * syncLimits.proofMs, () => say(answer));
  };
  const conn = world.join(late, top);
  world.run(isAt(world, top), 60);
  pass(world, (3 * syncLimits.proofMs) / 1_000);
  assert.deepEqual(world.blamesOf(conn), []);
});
