import assert from "node:assert/strict";
import { test } from "node:test";
import { PushPeers } from "../../../../src/net/compact/push-peers.ts";
import { conn } from "../net-fixture.ts";

const [a, b, c, d, e] = [conn(1), conn(2), conn(3), conn(4), conn(5)];

test("the three that were first with a block push, the one that was so longest ago gives way", () => {
  const peers = new PushPeers();
  for (const peer of [a, b, c, d]) peers.onReady(peer, false);
  for (const peer of [a, b, c]) {
    assert.deepEqual(peers.onFirst(peer), [{ conn: peer, push: true }]);
  }
  assert.deepEqual(peers.onFirst(a), []);
  assert.deepEqual(peers.onFirst(d), [
    { conn: b, push: false },
    { conn: d, push: true },
  ]);
  assert.equal(peers.mayPush(b), true, "one may be on its way");
  assert.equal(peers.mayPush(e), false);
});

test("the last that we chose stays for one that chose us", () => {
  const peers = new PushPeers();
  peers.onReady(a, true);
  peers.onReady(e, true);
  for (const peer of [b, c, d]) peers.onReady(peer, false);
  for (const peer of [a, b, c]) peers.onFirst(peer);
  assert.deepEqual(peers.onFirst(d), [
    { conn: b, push: false },
    { conn: d, push: true },
  ]);
  assert.deepEqual(peers.onFirst(e), [
    { conn: a, push: false },
    { conn: e, push: true },
  ]);
});

test("who goes leaves its place, and who does not understand it gets none", () => {
  const peers = new PushPeers();
  for (const peer of [a, b, c, d]) peers.onReady(peer, false);
  for (const peer of [a, b, c]) peers.onFirst(peer);
  peers.onClosed(a);
  assert.equal(peers.mayPush(a), false);
  assert.deepEqual(peers.onFirst(d), [{ conn: d, push: true }]);
  assert.deepEqual(peers.onFirst(e), []);
});
