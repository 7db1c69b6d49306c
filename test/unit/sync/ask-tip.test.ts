import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Conn } from "../../../src/edge/conn.ts";
import { encodeSealedHeader } from "../../../src/model/header.ts";
import { blockHashOf, idBytes } from "../../../src/model/ids.ts";
import { Synchronizer } from "../../../src/sync/synchronizer.ts";
import type { Message, MessageOf } from "../../../src/wire/messages.ts";
import { MiniChain, makeChain } from "../../support/sync-world.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

test("a peer that is asked to show its tip is asked from below ours, so it cannot stay silent", () => {
  const made = makeChain(5);
  const sent: Message[] = [];
  const port = { send: (_: Conn, message: Message) => sent.push(message) > 0, blame: assert.fail };
  const chain = new MiniChain(made);
  const sync = new Synchronizer(new VirtualTime(1).env, port, chain, { solo: true });
  const peer = 1 as Conn;
  const { header } = chain.head.sealed;
  sync.onReady(peer, { height: header.height, headHash: idBytes(header.hash) });
  assert.equal(sent.length, 0, "it claims nothing that we lack");
  sync.askTip(peer);
  const asked = sent[0] as MessageOf<"get_headers">;
  assert.equal(asked.type, "get_headers");
  assert.equal(blockHashOf(asked.locator.subarray(0, 32)), header.parentHash);
  const headers = encodeSealedHeader(chain.head.sealed);
  const { request } = asked;
  assert.equal(sync.onHeaders(peer, { type: "headers", request, headers }), header.height);
  assert.equal(sync.isFetching, false);
});
