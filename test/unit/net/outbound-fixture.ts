/** A started connection manager whose dials are answered, and whose time passes, as a test says. */
import assert from "node:assert/strict";
import type { ConnectionOptions } from "../../../src/net/connections/connection-port.ts";
import { helloFeatures } from "../../../src/net/connections/link-features.ts";
import type { Hello } from "../../../src/wire/messages.ts";
import { setup } from "./connection-fixture.ts";
import { helloOf, idOf, pass } from "./net-fixture.ts";

const known = (address: string) => ({
  address,
  nodeId: undefined,
  confirmed: false,
  services: 1,
  lastSeenMs: 1_700_000_000_000,
});
export const lists = (hello: Hello, ...ids: number[]): Hello => ({
  ...hello,
  features: ids.map((id) => ({ id, version: 1 })),
});
export const acceptor = (n: number) =>
  lists(helloOf(n, 5000), helloFeatures.blockOnly, helloFeatures.feeler);

/** A node that knows `addresses`; whoever it dials answers, unless `isDead`. */
export function world(
  addresses: readonly string[],
  some: Partial<ConnectionOptions> = {},
  isDead: (address: string) => boolean = () => false,
) {
  const parts = setup({ knownAddresses: addresses.map(known), allowPrivate: false, ...some });
  const { env, port, manager } = parts;
  let seen = 0;
  const answerAll = () => {
    for (; seen < port.dials.length; seen++) {
      const { conn, address } = port.dials[seen]!;
      if (isDead(address)) manager.onDialFailed(conn, "refused");
      else if (manager.onConnected(conn, false, address)) {
        const id = 1 + addresses.indexOf(address);
        const verdict = manager.onReady(conn, idOf(id), acceptor(id));
        if (!verdict.keep) port.closed.push({ conn, code: verdict.code });
      }
    }
  };
  const run = (ms: number, afterEach: () => void = () => {}) => {
    const endAt = env.clock.monotonicMs + ms;
    for (;;) {
      answerAll();
      const at = Math.min(manager.deadline, endAt);
      pass(env, Math.max(at - env.clock.monotonicMs, 0));
      if (at >= endAt) break;
      manager.tick();
      assert.ok(manager.deadline > env.clock.monotonicMs);
      afterEach();
    }
  };
  const kinds = (kind: string) =>
    manager.peers().filter((peer) => peer.state === "ready" && peer.kind === kind);
  return { ...parts, run, kinds };
}

export const groups = (count: number) => Array.from({ length: count }, (_, i) => `9.${i}.0.1:5000`);
export const groupOf = (address: string) => address.split(".").slice(0, 2).join(".");
