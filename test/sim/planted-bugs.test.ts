/**
 * Bugs planted in the real code, one at a time: the simulator must catch each. If one survives,
 * the simulator is too weak, whatever its other figures say.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Relay } from "../../src/net/relay/relay.ts";
import { Links } from "../../src/node/links.ts";
import { PublicChain } from "../../src/node/public-chain.ts";
import { Keepalive } from "../../src/peer/keepalive.ts";
import { MessageLink } from "../../src/peer/message-link.ts";
import { SecureChannel } from "../../src/peer/secure-channel.ts";
import { World } from "../../src/sim/world.ts";
import { planted } from "./planted.ts";

function run(seed: string, minutes = 12): World {
  const world = new World({ seed, nodes: 5, durationMs: minutes * 60_000 });
  world.run();
  return world;
}

/** The first of ten seeds that notices, from `first` on: what one in seven notices is near there. */
function caught(expected: RegExp, first = 1): void {
  for (let seed = first; seed < first + 10; seed++) {
    try {
      run(`bug-${seed}`);
    } catch (error) {
      assert.match((error as Error).message, expected);
      return;
    }
  }
  assert.fail("ten seeds did not notice");
}

test("without a planted bug the seeds used here pass", () => {
  for (const seed of ["bug-1", "bug-2"]) run(seed);
});

test("a frame header that arrives in two pieces and is half forgotten is caught", () => {
  const read = SecureChannel.prototype.read;
  planted(
    SecureChannel,
    "read",
    function (this: SecureChannel, bytes: Uint8Array, at: number) {
      const result = read.call(this, bytes, at);
      // Else nothing would be forgotten, in silence, once it has another name.
      assert.ok("header" in this, "the part of a header is kept under this name");
      Object.assign(this, { header: undefined });
      return result;
    },
    () => caught(/ends an honest connection|blames an honest peer/),
  );
});

test("a clock that leaks into the core is caught by two digests", () => {
  const ping = (MessageLink.prototype as unknown as { nextPing: () => object | undefined })
    .nextPing;
  planted(
    MessageLink,
    "nextPing",
    function (this: MessageLink) {
      const message = ping.call(this);
      return message && { ...message, sentAtMs: Math.floor(performance.now() * 1000) };
    },
    () => assert.notEqual(run("clock", 7).digest(), run("clock", 7).digest()),
  );
});

test("an own block that is sent before it is durable is caught", () => {
  const send = Links.prototype.send;
  planted(
    Links,
    "send",
    function (this: Links, conn: never, message: never) {
      return send.call(this, conn, message);
    },
    () =>
      planted(
        PublicChain,
        "hold",
        () => {},
        () => caught(/before it was durable/),
      ),
  );
});

test("an own block that is only served too early, never announced, is caught", () => {
  planted(
    PublicChain,
    "hold",
    () => {},
    () => caught(/before it was durable/, 15),
  );
});

test("a deadline that is not moved is caught", () => {
  planted(
    Relay,
    "tick",
    () => {},
    () => caught(/deadline lies behind/),
  );
});

test("a pong that is ignored is caught", () => {
  planted(
    Keepalive,
    "onPong",
    () => {},
    () => caught(/timeout-pong/),
  );
});
