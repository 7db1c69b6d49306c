/** A `Relay` before noted ports: inventories by number, and what it asked for. */
import type { BlockHash, TxId } from "../../../src/model/ids.ts";
import { decodeItems, encodeItems, itemOf } from "../../../src/net/relay/inventory.ts";
import { Relay } from "../../../src/net/relay/relay.ts";
import { inventoryKinds } from "../../../src/wire/messages.ts";
import { conn, idOf, NotedPort, testEnv } from "./net-fixture.ts";

export const kinds = inventoryKinds;
export const tx = (n: number): TxId => idOf(n) as string as TxId;
export const block = (n: number): BlockHash => idOf(n) as string as BlockHash;
export const txInv = (...numbers: number[]) =>
  encodeItems(numbers.map((n) => itemOf(kinds.transaction, tx(n))));
export const blockInv = (...numbers: number[]) =>
  encodeItems(numbers.map((n) => itemOf(kinds.block, block(n))));
export const nothing = () => false;
export const [a, b, c] = [conn(1), conn(2), conn(3)];

export function setup(peers: readonly ReturnType<typeof conn>[] = [a, b, c]) {
  const env = testEnv(1);
  const port = new NotedPort();
  const relay = new Relay(env, port);
  for (const peer of peers) relay.onReady(peer);
  return { env, port, relay };
}

export function requests(port: NotedPort) {
  return port
    .drain()
    .flatMap(({ conn, message }) =>
      message.type === "get_data"
        ? [{ conn, ids: decodeItems(message.items)!.map((item) => Number.parseInt(item.id, 16)) }]
        : [],
    );
}
