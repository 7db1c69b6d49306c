import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointOf } from "../../../src/net/addresses/endpoint.ts";
import { AccessList } from "../../../src/net/conduct/access-list.ts";
import { type AccessOptions, Admission } from "../../../src/net/conduct/admission.ts";
import { BanList, parseBanSubject } from "../../../src/net/conduct/ban-list.ts";
import { idOf, testEnv } from "./net-fixture.ts";

const listOf = (...lines: string[]) => {
  const list = AccessList.parse(lines.join("\n"));
  assert.ok(list instanceof AccessList);
  return list;
};
const setup = (options: AccessOptions = {}) => {
  const bans = new BanList(testEnv(1).clock);
  return { bans, admission: new Admission(options, bans) };
};
const at = (address: string) => endpointOf(address)!;
const candidate = (id: number, some: { inbound?: boolean; manual?: boolean } = {}) => ({
  nodeId: idOf(id),
  endpoint: at("9.9.9.9:4321"),
  inbound: true,
  manual: false,
  ...some,
});
const subject = (text: string) => parseBanSubject(text)!;

describe("whom the operator lets in", () => {
  test("a ban by rule spares whom he named; his own ban spares nobody", () => {
    const { admission, bans } = setup();
    bans.ban(subject(idOf(1)), "faults", 1000, "rule");
    assert.equal(admission.refusalOf(candidate(1)), "banned identity");
    assert.equal(admission.refusalOf(candidate(1, { manual: true })), undefined);
    assert.equal(admission.refusalOf(candidate(1, { inbound: false })), undefined);
    bans.ban(subject(idOf(1)), "mine", 1000, "operator");
    assert.equal(
      admission.refusalOf(candidate(1, { manual: true, inbound: false })),
      "banned identity",
    );
  });

  test("the block list keeps out addresses, ranges and identities in both directions", () => {
    const { admission } = setup({ blocked: listOf("8.8.0.0/16", idOf(2)) });
    assert.equal(admission.refusalAt(at("8.8.1.1:5")), "blocked");
    assert.equal(admission.refusalAt(at("8.9.1.1:5")), undefined);
    assert.equal(admission.refusalOf(candidate(2, { inbound: false })), "blocked");
    assert.equal(admission.isShunned(at("8.8.1.1:4321"), undefined), true);
    assert.equal(admission.isShunned(at("8.9.1.1:4321"), idOf(2)), true);
    assert.equal(admission.isShunned(at("8.9.1.1:4321"), idOf(3)), false);
  });

  test("the allow list goes before the block list and bans by rule, not before his own bans", () => {
    const { admission, bans } = setup({
      blocked: listOf("8.0.0.0/8"),
      allowed: listOf("8.8.8.8", idOf(3)),
    });
    assert.equal(admission.refusalAt(at("8.8.8.8:5")), undefined);
    assert.equal(admission.refusalAt(at("8.8.8.9:5")), "blocked");
    bans.ban(subject("8.8.8.8"), "", 1000, "rule");
    bans.ban(subject(idOf(3)), "", 1000, "rule");
    assert.equal(admission.refusalAt(at("8.8.8.8:5")), undefined);
    assert.equal(admission.refusalOf(candidate(3)), undefined);
    assert.equal(admission.isSpared(undefined, idOf(3)), true);
    assert.equal(admission.isSpared(at("8.8.8.8:5"), undefined), true);
    bans.ban(subject("8.8.8.8"), "", 1000, "operator");
    assert.equal(admission.refusalAt(at("8.8.8.8:5")), "banned address");
    assert.equal(admission.isShunned(at("8.8.8.8:5"), idOf(3)), true);
  });

  test("a permissioned node takes listed and pinned identities without a proof, no others", () => {
    const { admission } = setup({ isPermissioned: true, allowed: listOf(idOf(1), "9.9.9.9") });
    assert.equal(admission.isMember(idOf(1), false), true);
    assert.equal(admission.isMember(idOf(2), true), true);
    assert.equal(admission.isMember(idOf(2), false), false, "an allowed address proves nothing");
    assert.equal(setup().admission.isMember(idOf(2), false), true);
  });

  test("a node behind sentries speaks with them alone, and exchanges no addresses", () => {
    const { admission } = setup({ sentries: [idOf(1)], allowed: listOf(idOf(2)) });
    assert.equal(admission.refusalOf(candidate(1)), undefined);
    assert.equal(admission.refusalOf(candidate(2, { manual: true })), "not a sentry");
    assert.equal(admission.exchangesPeers, false);
    assert.equal(admission.isShunned(at("9.9.9.9:4321"), idOf(2)), true);
    assert.equal(admission.isTrusted(idOf(1), false), true);
    assert.equal(setup().admission.exchangesPeers, true);
  });

  test("a private peer has its place, is spared, and is nobody else's business", () => {
    const { admission } = setup({ privatePeers: [idOf(1)], isPermissioned: true });
    assert.equal(admission.isPrivate(idOf(1)), true);
    assert.equal(admission.isPrivate(idOf(2)), false);
    assert.equal(admission.isOwn(idOf(1)), true);
    assert.equal(admission.isMember(idOf(1), false), true);
    assert.equal(admission.isSpared(undefined, idOf(1)), true);
  });

  test("a proven validator is spared while it is one", () => {
    const { admission } = setup();
    admission.setValidator(idOf(1), true);
    assert.equal(admission.isSpared(undefined, idOf(1)), true);
    admission.setValidator(idOf(1), false);
    assert.equal(admission.isSpared(undefined, idOf(1)), false);
  });
});
