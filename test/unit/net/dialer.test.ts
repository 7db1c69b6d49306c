/** Who is dialled next, and when. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Env } from "../../../src/edge/env.ts";
import { AddressBook } from "../../../src/net/addresses/address-book.ts";
import { Bootstrap } from "../../../src/net/addresses/bootstrap.ts";
import { endpointOf } from "../../../src/net/addresses/endpoint.ts";
import { netgroupOf } from "../../../src/net/addresses/netgroup.ts";
import {
  Dialer,
  type DialKind,
  type DialTarget,
  type DialView,
} from "../../../src/net/connections/dialer.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { idOf, pass, testEnv } from "./net-fixture.ts";

const at = (address: string) => endpointOf(address)!;
const said = (source: string) => ({
  source,
  nodeId: undefined,
  services: 1,
  lastSeenMs: 1_700_000_000_000,
});
const open: DialView = {
  isBusy: () => false,
  isShunned: () => false,
  groupOf: (about) => netgroupOf(about),
  isOnline: () => true,
};
const wish = (kind: DialKind, ...groups: string[]) => ({ kind, groups: new Set(groups) });

function dialerOf(env: Env, some: Partial<DialView> = {}, bootstrap: readonly string[] = []) {
  const book = new AddressBook(env);
  const dialer = new Dialer(env, book, { ...open, ...some }, new Bootstrap(env, bootstrap));
  return { book, dialer };
}

describe("the dialer", () => {
  test("names manual peers by the name they were given, and the book for other wishes", () => {
    const { book, dialer } = dialerOf(testEnv(1));
    book.add(at("1.1.1.1:5000"), said("x"));
    dialer.addManual("seed.example:4321", idOf(9));
    const manual = { address: "seed.example:4321", kind: "manual", pin: idOf(9) };
    assert.deepEqual(dialer.next(wish("manual")), manual);
    assert.equal(dialer.next(wish("full"))?.address, "1.1.1.1:5000");
  });

  test("never gives an address up, and starts over only after a connection that lasted", () => {
    const env = testEnv(1);
    const { dialer } = dialerOf(env);
    dialer.addManual("1.2.3.4:5000", undefined);
    let waited = 0;
    for (let i = 0; i < 100; i++) {
      const target = dialer.next(wish("manual")) as DialTarget;
      assert.ok(target, `dial ${i}`);
      waited = dialer.onEnded(target, i === 50 ? "neutral" : "failed");
      assert.equal(dialer.next(wish("manual")), undefined);
      assert.equal(dialer.nextAt(wish("manual")), env.clock.monotonicMs + waited);
      pass(env, waited);
    }
    assert.ok(waited >= 240_000);
    const wait = dialer.onEnded(dialer.next(wish("manual"))!, "lasted");
    assert.ok(wait <= connectionLimits.backoffMinMs * 1.25);
  });

  test("chooses among candidates at random, and paces dials to the book", () => {
    const chosen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { book, dialer } = dialerOf(testEnv(seed));
      for (let i = 1; i <= 4; i++) book.add(at(`1.1.1.${i}:5000`), said("x"));
      chosen.add(dialer.next(wish("full"))!.address);
      assert.equal(dialer.next(wish("full")), undefined);
      assert.equal(dialer.nextAt(wish("full")), connectionLimits.dialIntervalMs);
    }
    assert.equal(chosen.size, 4);
  });

  test("nobody of a netgroup that is connected already, but for feelers and private networks", () => {
    const env = testEnv(1);
    const { book, dialer } = dialerOf(env);
    book.add(at("1.1.1.1:5000"), said("x"));
    assert.equal(dialer.next(wish("full", "1.1")), undefined);
    assert.equal(dialer.nextAt(wish("full", "1.1")), Number.POSITIVE_INFINITY);
    assert.equal(dialer.next(wish("feeler", "1.1"))?.address, "1.1.1.1:5000");
    pass(env, 1_000);
    book.add(at("10.0.0.1:5000"), said("x"));
    const next = dialer.next(wish("block-only", "1.1", "private:10.0"));
    assert.equal(next?.address, "10.0.0.1:5000");
  });

  test("an identity that is only said to be somewhere does not keep us from dialling there", () => {
    const env = testEnv(1);
    const { book, dialer } = dialerOf(env, { isBusy: (_, nodeId) => nodeId === idOf(5) });
    book.add(at("1.1.1.1:5000"), { ...said("x"), nodeId: idOf(5) });
    assert.ok(dialer.next(wish("full")));
    book.onConfirmed(at("1.1.1.1:5000"), idOf(5), 1);
    pass(env, 1_000);
    assert.equal(dialer.next(wish("full")), undefined);
  });

  test("manual peers are bounded", () => {
    const { dialer } = dialerOf(testEnv(1));
    const added = Array.from({ length: 100 }, (_, i) =>
      dialer.addManual(`1.1.1.${i}:5000`, undefined),
    );
    assert.equal(added.filter(Boolean).length, connectionLimits.manualPeersMax);
  });

  test("a feeler goes to the unproven; one that fails gives the tested place away", () => {
    const env = testEnv(1);
    const { book, dialer } = dialerOf(env);
    book.onConfirmed(at("1.1.1.1:5000"), idOf(1), 1);
    assert.equal(dialer.next(wish("feeler")), undefined, "it answered already");
    const far = (i: number) => at(`${20 + (i & 63)}.${i >> 6}.1.1:5000`);
    for (let i = 0; i < 1_000; i++) book.onConfirmed(far(i), idOf(i + 2), 1);
    pass(env, connectionLimits.triedSafeMs);
    for (let i = 1_000; i < 4_000; i++) book.onConfirmed(far(i), idOf(i + 2), 1);
    const tested = dialer.next(wish("feeler"))!;
    assert.notEqual(book.get(tested.address)?.triedPlace, undefined, "who stands in the way");
    dialer.onEnded(tested, "failed");
    assert.equal(book.get(tested.address)?.triedPlace, undefined);
    pass(env, 1_000);
    const alive = dialer.next(wish("feeler"))!;
    dialer.onReady(alive, book.get(alive.address)!.nodeId!);
    dialer.onEnded(alive, "lasted");
    assert.notEqual(book.get(alive.address)?.triedPlace, undefined);
  });
});

describe("bootstrap nodes", () => {
  const names = ["a.example:1", "b.example:2", "c.example:3"];

  test("are asked in random order, the next when one failed, and all again", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const env = testEnv(seed);
      const { dialer } = dialerOf(env, {}, names);
      const order: string[] = [];
      for (let i = 0; i < 3; i++) {
        const target = dialer.next(wish("full"))!;
        assert.equal(dialer.next(wish("full")), undefined, "one at a time");
        order.push(target.address);
        dialer.onEnded(target, "failed");
      }
      assert.deepEqual([...order].sort(), names);
      orders.add(order.join());
      pass(env, connectionLimits.backoffMaxMs);
      assert.ok(dialer.next(wish("full"))?.isBootstrap, "never given up");
    }
    assert.equal(orders.size, 6);
  });

  test("are asked only while few addresses are known, and those do not answer", () => {
    const env = testEnv(1);
    const view = { isOnline: true };
    const { book, dialer } = dialerOf(env, { isOnline: () => view.isOnline }, [
      `${idOf(7)}@a.example:1`,
    ]);
    book.add(at("1.1.1.1:5000"), said("x"));
    const known = dialer.next(wish("full"))!;
    assert.equal(known.address, "1.1.1.1:5000", "the book first");
    dialer.onEnded(known, "failed");
    pass(env, connectionLimits.dialIntervalMs);
    const named = dialer.next(wish("full"));
    assert.deepEqual([named?.address, named?.pin, named?.kind], ["a.example:1", idOf(7), "full"]);
    for (let i = 0; i < connectionLimits.bootstrapBelow; i++) {
      book.add(at(`2.2.2.${i + 1}:5000`), said("x"));
      book.onFailed(`2.2.2.${i + 1}:5000`, 1, Number.POSITIVE_INFINITY);
    }
    book.onFailed("1.1.1.1:5000", 9, Number.POSITIVE_INFINITY);
    pass(env, connectionLimits.backoffMaxMs);
    assert.equal(dialer.next(wish("full")), undefined, "enough are known");
    view.isOnline = false;
    pass(env, connectionLimits.bootstrapLonelyMs);
    assert.ok(dialer.nextAt(wish("full")) <= env.clock.monotonicMs);
    assert.ok(dialer.next(wish("full"))?.isBootstrap, "but nobody of them answers");
  });

  test("no other kind of connection goes there", () => {
    const { dialer } = dialerOf(testEnv(1), {}, names);
    for (const kind of ["block-only", "feeler", "manual"] as const) {
      assert.equal(dialer.next(wish(kind)), undefined);
    }
  });
});
