/** Which address a node claims for itself, and how it signs it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { isSignedRecord } from "../../../src/model/address-record.ts";
import { nodeIdOf } from "../../../src/model/ids.ts";
import { OwnAddress, type OwnAddressOptions } from "../../../src/net/addresses/own-address.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { idOf, pass, testEnv } from "./net-fixture.ts";

const seed = new Uint8Array(32).fill(5);
const networkId = new Uint8Array(32).fill(6);
const options: OwnAddressOptions = {
  self: nodeIdOf(ed25519.publicKey(seed)),
  listenPort: 4321,
  allowPrivate: false,
  records: { networkId, services: 1, sign: (preimage) => ed25519.sign(seed, preimage) },
};

function setup(some: Partial<OwnAddressOptions> = {}) {
  const env = testEnv(1);
  const own = new OwnAddress(env, { ...options, ...some });
  const see = (id: number, witness: string, as: string) => own.onSeenAs(idOf(id), witness, as);
  return { env, own, see, claimed: () => own.record?.at.address };
}

test("two outbound peers of different netgroups must see us at an IP before we claim it", () => {
  const { see, claimed, own } = setup();
  see(1, "1.1", "8.8.8.8:50001");
  see(2, "1.1", "8.8.8.8:50002");
  assert.equal(claimed(), undefined, "one netgroup");
  see(3, "2.2", "9.9.9.9:1");
  assert.equal(claimed(), undefined, "two views");
  see(4, "3.3", "[::ffff:8.8.8.8]:50003");
  assert.equal(claimed(), "8.8.8.8:4321", "with the port where we listen");
  const { entry } = own.record!;
  assert.ok(isSignedRecord(ed25519, networkId, entry, entry.signature!));
});

test("a peer that changes its mind has one voice, and nonsense none", () => {
  const { see, claimed } = setup();
  see(1, "1.1", "8.8.8.8:1");
  see(1, "1.1", "9.9.9.9:1");
  see(2, "2.2", "8.8.8.8:1");
  for (const nonsense of ["", "8.8.8.8", "example.org:1", "9.9.9.9:0"]) see(3, "3.3", nonsense);
  assert.equal(claimed(), undefined);
});

test("private and loopback addresses are claimed only where the network allows them", () => {
  for (const as of ["10.0.0.5:1", "127.0.0.1:1"]) {
    for (const allowPrivate of [false, true]) {
      const { see, claimed } = setup({ allowPrivate });
      see(1, idOf(1), as);
      see(2, idOf(2), as);
      assert.equal(claimed() !== undefined, allowPrivate, as);
    }
  }
  const { see, claimed } = setup({ allowPrivate: true });
  for (const id of [1, 2]) see(id, idOf(id), "169.254.1.1:1");
  assert.equal(claimed(), undefined, "link-local never");
});

test("what the operator advertises is claimed at once, and nothing when he says off", () => {
  assert.equal(setup({ advertise: "8.8.4.4:9999" }).claimed(), "8.8.4.4:9999");
  for (const some of [{ advertise: "off" }, { listenPort: 0 }, { records: undefined }]) {
    const { see, claimed } = setup(some);
    see(1, "1.1", "8.8.8.8:1");
    see(2, "2.2", "8.8.8.8:1");
    assert.equal(claimed(), undefined);
  }
});

test("a record is signed anew after half a day, with a later time even when the clock went back", () => {
  const { env, own } = setup({ advertise: "8.8.4.4:9999" });
  const first = own.record!.entry;
  assert.equal(own.record!.entry, first);
  pass(env, connectionLimits.ownRecordMs);
  const second = own.record!.entry;
  assert.ok(second.signedAtMs > first.signedAtMs);
  assert.equal(own.record!.entry, second);
});

test("an address that changes back and forth is signed at most once in ten minutes", () => {
  const { env, see, own } = setup();
  const signed = new Set<number>();
  for (let i = 0; i < 60; i++) {
    const as = i % 2 === 0 ? "8.8.8.8:1" : "9.9.9.9:1";
    see(1, "1.1", as);
    see(2, "2.2", as);
    signed.add(own.record!.entry.signedAtMs);
    pass(env, 61_000);
  }
  assert.ok(signed.size <= 7, `${signed.size}`);
});

test("10,000 peers that say where they see us take bounded memory, and the newest count", () => {
  const { see, claimed } = setup();
  for (let i = 0; i < 10_000; i++) see(i, `g${i}`, `8.8.${i >> 8}.${i & 255}:1`);
  assert.equal(claimed(), undefined);
  see(1, "1.1", "9.9.9.9:1");
  see(2, "2.2", "9.9.9.9:1");
  assert.equal(claimed(), "9.9.9.9:4321");
});
