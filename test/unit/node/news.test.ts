import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conn } from "../../../src/edge/conn.ts";
import { blockHashOf } from "../../../src/model/ids.ts";
import type { RuleCode } from "../../../src/model/rule-code.ts";
import { encodeItems, itemOf } from "../../../src/net/relay/inventory.ts";
import { Relay } from "../../../src/net/relay/relay.ts";
import { News, type NewsParts } from "../../../src/node/news.ts";
import { inventoryKinds, type Message } from "../../../src/wire/messages.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const alice = 1 as Conn;
const bob = 2 as Conn;
const hash = blockHashOf(new Uint8Array(32).fill(7));

/** Whom we ask for a block that both announced, after the copy of the first broke `code`. */
function askedAfter(code: RuleCode): Conn[] {
  const asked: Conn[] = [];
  const port = {
    send: (conn: Conn, message: Message) => {
      if (message.type === "get_data") asked.push(conn);
      return true;
    },
    blame: () => {},
  };
  const relay = new Relay(new VirtualTime(1).env, port);
  // Of a rejected block nothing else is told.
  const compact = { isBlameless: () => false };
  const news = new News({ relay, port, compact } as unknown as NewsParts);
  const items = encodeItems([itemOf(inventoryKinds.block, hash)]);
  for (const conn of [alice, bob]) {
    relay.onReady(conn);
    relay.onInv(conn, items, () => false);
  }
  assert.ok(relay.onObject(alice, inventoryKinds.block, hash));
  news.onImported([{ type: "rejected", hash, rejection: { code, detail: "" }, source: alice }]);
  return asked;
}

test("a forged copy of a block is asked of the next who announced it, whatever is wrong with it", () => {
  const ofTheCopy: RuleCode[] = [
    "body-mismatch",
    "body-malformed",
    "transaction-malformed",
    "transaction-size",
    "header-seal",
  ];
  for (const code of ofTheCopy) assert.deepEqual(askedAfter(code), [alice, bob], code);
});

test("a block that is bad itself is not asked for again", () => {
  for (const code of ["block-state-root", "header-slot", "header-parent-invalid"] as const) {
    assert.deepEqual(askedAfter(code), [alice], code);
  }
});
