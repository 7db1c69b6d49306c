/** Headers that wait for the body that proves them: from the peer that gave them, or not at all. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { idBytes } from "../../../src/model/ids.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import type { MessageOf } from "../../../src/wire/messages.ts";
import { genesis, isAt, LinkedWorld, long, longBlock, top } from "./linked-world.ts";
import { type Behaviour, honest } from "./peer-behaviour.ts";

const isProof = ({ request }: MessageOf<"get_blocks">) => request >= 0x80000000;

/** Asks for the body of the last header of each run of more than a hundred. */
function certifiedWorld(seed: number): LinkedWorld {
  const world = new LinkedWorld(seed, genesis);
  world.chain.ranges = {
    carrierOf: (headers) => (headers.length > 100 ? headers.at(-1)!.header.hash : undefined),
  };
  return world;
}

/** Honest, but answers questions for a proof as `answer` does. */
function proving(answer: Behaviour): Behaviour {
  const serve = honest(long);
  return (message, say) =>
    message.type === "get_blocks" && isProof(message) ? answer(message, say) : serve(message, say);
}

test("an honest peer proves run after run, and nothing else changes", () => {
  const world = certifiedWorld(1);
  world.join(honest(long), top);
  assert.ok(world.run(isAt(world, top), 60) < 10);
  // The top of a full answer comes again, with the next; the last 60 are too few to prove.
  assert.deepEqual(world.chain.proven, [512, 512, 512]);
  assert.deepEqual(world.blamed, []);
});

test("a peer that keeps its proofs back costs one wait, and is not asked for another", () => {
  const world = certifiedWorld(2);
  let questions = 0;
  const conn = world.join(
    proving(() => questions++),
    top,
  );
  const seconds = world.run(isAt(world, top), 60);
  assert.ok(seconds > syncLimits.proofMs / 1_000 && seconds < 10, `${seconds} s`);
  assert.equal(questions, 1);
  assert.deepEqual(world.chain.proven, []);
  assert.deepEqual(world.blamesOf(conn), []);
});

test("a proof that is not to be had is done without, and nobody is blamed", () => {
  const world = certifiedWorld(3);
  const lacking: Behaviour = (message, say) => {
    const { request, hashes } = message as MessageOf<"get_blocks">;
    say({ type: "block_body", request, hash: hashes, body: undefined });
  };
  const conn = world.join(proving(lacking), top);
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.blamesOf(conn), []);
  assert.deepEqual(world.chain.proven, []);
});

test("a proof that comes late is not blamed, nor used; the same once more is blamed", () => {
  const world = certifiedWorld(6);
  const lateMs = syncLimits.proofMs + 500;
  const heard: number[] = [];
  const late: Behaviour = (message, say) => {
    const { request, hashes } = message as MessageOf<"get_blocks">;
    const answer = { type: "block_body", request, hash: hashes, body: longBlock(hashes).body };
    for (const ms of [lateMs, 2 * lateMs]) {
      world.time.after(ms, () => say(answer as MessageOf<"block_body">));
      world.time.after(ms + 100, () => heard.push(world.blamed.length));
    }
  };
  const conn = world.join(proving(late), top);
  world.run(() => isAt(world, top)() && heard.length === 2, 60);
  assert.deepEqual(heard, [0, 1]);
  assert.deepEqual(world.blamesOf(conn), ["unsolicited"]);
  assert.deepEqual(world.chain.proven, []);
});

test("a mutated proof is charged to who sent it, and the others bring the chain", () => {
  const world = certifiedWorld(4);
  const answer: Behaviour = (message, say) => {
    const { request, hashes } = message as MessageOf<"get_blocks">;
    say({ type: "block_body", request, hash: hashes, body: new Uint8Array(100) });
  };
  const liar = world.join(proving(answer), top, 1);
  const good = world.join(honest(long), top, 40);
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.blamesOf(liar), ["body-mismatch"]);
  assert.deepEqual(world.blamesOf(good), []);
});

test("a proof that nobody asked for, or of another block, is blamed softly", () => {
  const world = certifiedWorld(5);
  const other = idBytes(long[3]!.sealed.header.hash);
  const answer: Behaviour = (message, say) => {
    const { request } = message as MessageOf<"get_blocks">;
    say({ type: "block_body", request, hash: other, body: long[3]!.body });
  };
  const conn = world.join(proving(answer), top);
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.blamesOf(conn), ["unsolicited"]);
  const unasked = {
    type: "block_body",
    request: 0xfffffff0,
    hash: other,
    body: undefined,
  } as const;
  assert.deepEqual(world.sync.onBlockBody(conn, unasked), []);
  assert.deepEqual(world.blamesOf(conn), ["unsolicited", "unsolicited"]);
});
