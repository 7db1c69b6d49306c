/** What an answer to get_peers tells, and for how long it stays the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AddressBook } from "../../../src/net/addresses/address-book.ts";
import { endpointOf } from "../../../src/net/addresses/endpoint.ts";
import { addressOf, entry, ownerOf, exchangeSetup as setup, signed } from "./exchange-fixture.ts";
import { idOf, pass } from "./net-fixture.ts";

describe("answers", () => {
  const fill = (book: AddressBook, count: number, first = 0) => {
    for (let i = first; i < first + count; i++) {
      const address = `${20 + (i & 63)}.${i >> 6}.1.1:5000`;
      book.add(endpointOf(address)!, { ...entry(address), source: `g${i}`, nodeId: undefined });
    }
  };

  test("of a large book whoever asks from one netgroup gets the same for hours, others another", () => {
    const { env, book, exchange, peer, told } = setup();
    fill(book, 3_000);
    const ask = (n: number, address: string) => {
      exchange.onGetPeers(peer(n, address), 64);
      return told().map(addressOf).sort();
    };
    const first = ask(1, "77.7.0.1:4000");
    assert.equal(first.length, 64);
    pass(env, 20 * 3_600_000);
    for (let i = 2; i < 20; i++) assert.deepEqual(ask(i, `77.7.0.${i}:4000`), first);
    assert.notDeepEqual(ask(30, "78.8.0.1:4000"), first);
    pass(env, 8 * 3_600_000);
    assert.notDeepEqual(ask(31, "77.7.0.1:4000"), first);
  });

  test("of a small book everybody gets what there is now: small networks heal", () => {
    const { book, exchange, peer, told } = setup();
    fill(book, 20);
    exchange.onGetPeers(peer(1), 64);
    assert.equal(told().length, 20, "all of it");
    fill(book, 10, 20);
    exchange.onGetPeers(peer(1), 64);
    assert.equal(told().length, 30);
    fill(book, 100, 30);
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      exchange.onGetPeers(peer(i + 1), 64);
      for (const each of told()) seen.add(addressOf(each));
    }
    assert.ok(seen.size > 120, `${seen.size} of 130`);
  });

  test("a book that has doubled is told anew", () => {
    const { book, exchange, peer, told } = setup();
    fill(book, 400);
    exchange.onGetPeers(peer(1), 64);
    const before = told().map(addressOf).sort();
    fill(book, 1_000, 400);
    exchange.onGetPeers(peer(1), 64);
    assert.notDeepEqual(told().map(addressOf).sort(), before);
  });

  test("half of an answer answered our own dials, whatever hearsay there is", () => {
    const { book, exchange, peer, told } = setup();
    fill(book, 4_000);
    for (let i = 0; i < 40; i++) book.onConfirmed(endpointOf(`90.${i}.1.1:5000`)!, idOf(i + 1), 1);
    exchange.onGetPeers(peer(1), 64);
    const proven = told().filter((each) => addressOf(each).startsWith("90."));
    assert.equal(proven.length, 32);
  });

  test("times told do not show whom we are connected to", () => {
    const { book, exchange, peer, told } = setup();
    book.onConfirmed(endpointOf("8.8.8.8:5000")!, idOf(1), 1);
    exchange.onGetPeers(peer(1), 64);
    assert.equal(told()[0]!.lastSeenMs % 3_600_000, 0);
  });

  test("private identities are neither told nor taken, and who exchanges nothing says nothing", () => {
    const hidden = ownerOf(2);
    const { book, exchange, peer, tell, told } = setup({}, { isPrivate: (id) => id === hidden });
    book.onConfirmed(endpointOf("8.8.8.8:5000")!, hidden, 1);
    exchange.onGetPeers(peer(1), 64);
    assert.deepEqual(told(), []);
    const teller = peer(1);
    exchange.ask(teller.conn);
    assert.equal(tell(teller, signed(2, "8.8.8.9:5000")), undefined);
    assert.equal(book.size, 1);
    const silent = setup({ advertise: "8.8.4.4:4321" }, { exchangesPeers: false });
    const other = silent.peer(1);
    silent.exchange.ask(other.conn);
    silent.exchange.greet(other);
    silent.exchange.onGetPeers(other, 64);
    assert.deepEqual(silent.port.drain(), []);
    assert.equal(silent.tell(other, signed(1, "8.8.8.8:5000")), undefined, "it cannot know");
    assert.equal(silent.book.size, 0);
  });
});
