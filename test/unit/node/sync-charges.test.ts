/** A whole node that catches up, and what its peers pay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CompactWorld } from "./compact-world.ts";

test("who gives a body that is not the header's is charged, and another may give the right one", () => {
  const world = new CompactWorld();
  const block = world.block([world.transfer()]);
  const asPeer = () => {
    const peer = world.hub.connect({ height: 1, headHash: block.hash, finalizedHeight: 0 });
    const [asked] = world.heard(peer, "get_headers");
    if (asked !== undefined) {
      world.send(peer, { type: "headers", request: asked.request, headers: block.sealed });
    }
    return peer;
  };
  const liar = asPeer();
  const body = block.body.slice();
  body[100]! ^= 1;
  const { request } = world.heard(liar, "get_blocks")[0]!;
  world.send(liar, { type: "block_body", request, hash: block.hash, body });
  assert.deepEqual(world.blames(liar), ["body-mismatch"]);
  assert.equal(world.height, 0);
  const good = asPeer();
  const asked = world.heard(good, "get_blocks")[0]!;
  const answer = { type: "block_body", hash: block.hash, body: block.body } as const;
  world.send(good, { ...answer, request: asked.request });
  assert.equal(world.height, 1);
  assert.deepEqual(world.blames(good), []);
});
