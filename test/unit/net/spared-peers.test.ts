/** Whom the operator spares, and who proved a validator key, when slots are full. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessList } from "../../../src/net/conduct/access-list.ts";
import type { ConnectionOptions } from "../../../src/net/connections/connection-port.ts";
import { setup } from "./connection-fixture.ts";
import { idOf, pass } from "./net-fixture.ts";

const allowed = AccessList.parse(`${idOf(3)}\n`) as AccessList;

/** Three inbound slots; the youngest of the largest netgroup would go. */
function full(some: Partial<ConnectionOptions>) {
  const parts = setup({ peersMax: 8, outboundTarget: 2, ...some });
  const peers = [1, 2, 3].map((id) => {
    pass(parts.env, 1_000);
    return parts.accept(`9.1.0.${id}:1`, id).conn;
  });
  return { ...parts, peers };
}

test("of a full node nobody goes whom the operator spares, nor who proved a validator key", () => {
  for (const [name, some] of [
    ["allowed by identity", { allowed }],
    ["allowed by address", { allowed: AccessList.parse("9.1.0.3\n") as AccessList }],
    ["proven validator", {}],
  ] as const) {
    const { accept, manager, port, peers } = full(some);
    if (name === "proven validator") manager.admission.setValidator(idOf(3), true);
    assert.deepEqual(accept("9.4.0.1:1", 9).verdict, { keep: true }, name);
    assert.deepEqual(port.closed, [{ conn: peers[1], code: "too-many-peers" }], name);
  }
});

test("a full node whose peers are all spared turns a newcomer away, and drops none", () => {
  const { accept, manager, port } = full({});
  for (const id of [1, 2, 3]) manager.admission.setValidator(idOf(id), true);
  const { verdict } = accept("9.4.0.1:1", 9);
  assert.equal(verdict !== false && !verdict.keep && verdict.code, "too-many-peers");
  assert.deepEqual(port.closed, []);
});
