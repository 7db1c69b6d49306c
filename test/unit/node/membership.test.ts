import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import type { Conn, Job } from "../../../src/edge/conn.ts";
import type { SignRequest } from "../../../src/edge/effect.ts";
import { preimageOf } from "../../../src/edge/signing-rule.ts";
import { nodeIdOf, type PublicKey, publicKeyOf } from "../../../src/model/ids.ts";
import { AccessList } from "../../../src/net/conduct/access-list.ts";
import { type AccessOptions, Admission } from "../../../src/net/conduct/admission.ts";
import { BanList } from "../../../src/net/conduct/ban-list.ts";
import { helloFeatures } from "../../../src/net/connections/link-features.ts";
import { Membership } from "../../../src/node/membership.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import type { Hello, Message } from "../../../src/wire/messages.ts";
import { helloOf, pass, testEnv } from "../net/net-fixture.ts";

const seedOf = (n: number) => new Uint8Array(32).fill(n);
const keyOf = (n: number): PublicKey => publicKeyOf(ed25519.publicKey(seedOf(n)));
const genesisHash = seedOf(7);
const handshakeHash = seedOf(8);
const conn = 2 as Conn;
const features = [{ id: helloFeatures.attest, version: 1 }];

/** One end: a node of validator `key`, if it has one, whose set in charge is `validators`. */
function end(n: number, options: AccessOptions & { key?: number; validators?: PublicKey[] } = {}) {
  const env = { ...testEnv(n), signatures: ed25519 };
  const nodeId = nodeIdOf(ed25519.publicKey(seedOf(n)));
  const admission = new Admission(options, new BanList(env.clock));
  const said: string[] = [];
  const sent: Message[] = [];
  const asked: SignRequest[] = [];
  const charge = { validators: options.validators ?? [keyOf(41), keyOf(42)] };
  const members = new Membership(
    env,
    {
      nodeId,
      genesisHash,
      validatorKey: options.key === undefined ? undefined : keyOf(options.key),
      admission,
      effects: { sign: (request) => asked.push(request) as Job },
      validators: () => charge.validators,
    },
    {
      send: (_, message) => sent.push(message) > 0,
      blame: (_, code) => said.push(code),
      refuse: (_, text) => said.push(`banned: ${text}`),
      onMember: (_, held) => said.push(`member ${held.map(({ type }) => type).join(" ")}`.trim()),
    },
  );
  const speaker: Hello = { ...helloOf(1, 0), features };
  const meet = (peer: { nodeId: typeof nodeId }, hello = speaker) =>
    members.begin({ conn, nodeId: peer.nodeId, hello, handshakeHash, isPinned: false });
  /** The signer answers what it was asked last. */
  const sign = () => {
    const request = asked.at(-1)!;
    assert.ok(options.key !== undefined);
    members.onSigned(asked.length as Job, ed25519.sign(seedOf(options.key), preimageOf(request)));
  };
  return { env, nodeId, admission, members, said, sent, asked, charge, meet, sign };
}

const listOf = (id: string) => AccessList.parse(id) as AccessList;

describe("proof of a validator key", () => {
  test("two validators of a permissioned network prove themselves to each other, then go on", () => {
    const a = end(1, { isPermissioned: true, key: 41 });
    const b = end(2, { isPermissioned: true, key: 42 });
    assert.equal(a.meet(b), true);
    assert.equal(b.meet(a), true);
    a.sign();
    assert.equal(a.sent[0]?.type, "attest");
    assert.equal(b.members.onMessage(conn, a.sent[0]!), true);
    assert.deepEqual(b.said, [], "its own proof goes before all else");
    b.sign();
    assert.deepEqual(b.said, ["member"]);
    a.members.onMessage(conn, b.sent[0]!);
    assert.deepEqual(a.said, ["member"]);
    assert.equal(a.admission.isValidator(b.nodeId), true);
    assert.equal(b.admission.isValidator(a.nodeId), true);
    a.members.onClosed(conn);
    assert.equal(a.admission.isValidator(b.nodeId), false);
  });

  test("who has no proof is turned away: at its first word, in the end, or if it cannot have one", () => {
    const talker = end(1, { isPermissioned: true });
    talker.meet(end(2));
    assert.equal(talker.members.onMessage(conn, { type: "get_peers", count: 1 }), true);
    assert.match(talker.said[0]!, /^banned: members only/);
    const silent = end(1, { isPermissioned: true });
    silent.meet(end(2));
    assert.equal(silent.members.deadline, connectionLimits.proofMs);
    pass(silent.env, connectionLimits.proofMs);
    silent.members.tick();
    assert.match(silent.said[0]!, /^banned: members only/);
    assert.equal(silent.members.deadline, Number.POSITIVE_INFINITY);
    const old = end(1, { isPermissioned: true });
    assert.equal(old.meet(end(2), helloOf(1, 0)), true);
    assert.deepEqual(old.said, ["banned: members only"]);
  });

  test("a proof made for another session, by another key, or a second one is refused", () => {
    const a = end(1, { isPermissioned: true, key: 41 });
    const b = end(2, { isPermissioned: true });
    a.meet(b);
    a.sign();
    const good = a.sent[0]!;
    assert.ok(good.type === "attest");
    const to = (peer: typeof b, message: Message) => {
      peer.meet(a);
      peer.members.onMessage(conn, message);
      return peer.said;
    };
    const bent = { ...good, attestation: good.attestation.slice() };
    bent.attestation[95]! ^= 1;
    assert.deepEqual(to(end(2, { isPermissioned: true }), bent), ["attest-signature"]);
    assert.deepEqual(to(end(3, { isPermissioned: true }), good), ["attest-signature"]);
    const other = end(2, { isPermissioned: true, validators: [keyOf(42)] });
    assert.deepEqual(
      to(other, good).map((text) => text.slice(0, 15)),
      ["attest-stranger", "banned: members"],
    );
    assert.deepEqual(to(b, good), ["member"]);
    b.members.onMessage(conn, good);
    assert.deepEqual(b.said, ["member", "unsolicited"]);
  });

  test("a validator shows itself only to whom the operator trusts, or to another validator", () => {
    const stranger = end(1, { key: 41 });
    assert.equal(stranger.meet(end(2)), false);
    assert.deepEqual(stranger.asked, []);
    const listed = end(1, { key: 41, allowed: listOf(end(2).nodeId) });
    assert.equal(listed.meet(end(2)), true);
    assert.equal(listed.asked.length, 1);
    listed.sign();
    assert.deepEqual(listed.said, ["member"]);
    const other = end(2, { key: 42 });
    other.meet(listed);
    other.members.onMessage(conn, listed.sent[0]!);
    assert.equal(other.asked.length, 1, "it answers with its own");
    const former = end(1, { key: 43, allowed: listOf(end(2).nodeId) });
    assert.equal(former.meet(end(2)), false);
    assert.deepEqual(former.asked, [], "a key of nobody in charge proves nothing");
    const elected = end(1, { key: 43, isPermissioned: true, allowed: listOf(end(2).nodeId) });
    assert.equal(elected.meet(end(2)), true);
    assert.equal(elected.asked.length, 1, "unless it may be one that we have not heard of yet");
  });

  test("what comes while our proof is signed is held, within a bound, and not lost", () => {
    const few = end(1, { key: 41, allowed: listOf(end(2).nodeId) });
    few.meet(end(2));
    const vote = new Uint8Array(176).fill(1);
    few.members.onMessage(conn, { type: "vote", vote });
    vote.fill(0);
    few.members.onMessage(conn, { type: "get_peers", count: 1 });
    few.sign();
    assert.deepEqual(few.said, ["member vote get_peers"]);
    const many = end(1, { key: 41, allowed: listOf(end(2).nodeId) });
    many.meet(end(2));
    for (let i = 0; i < connectionLimits.proofHeldMax; i++) {
      assert.equal(many.members.onMessage(conn, { type: "get_peers", count: 1 }), true);
    }
    assert.equal(many.members.onMessage(conn, { type: "get_peers", count: 1 }), false);
    assert.equal(many.said.length, 1);
  });

  test("a validator that is removed has to be a member by other means", () => {
    const a = end(1, { key: 41, isPermissioned: true });
    const b = end(2, { isPermissioned: true });
    b.meet(a);
    a.meet(b);
    a.sign();
    b.members.onMessage(conn, a.sent[0]!);
    b.members.onValidatorsChanged();
    assert.deepEqual(b.said, ["member"]);
    b.charge.validators = [keyOf(42)];
    b.members.onValidatorsChanged();
    assert.deepEqual(b.said, ["member", "banned: no validator any more"]);
    assert.equal(b.admission.isValidator(a.nodeId), false);
  });
});
