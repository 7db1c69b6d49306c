/** What sockets hold of peers that never read: bounded for one, and small beyond a sum for all. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import test from "node:test";
import type { Conn } from "../../../src/edge/conn.ts";
import { Tcp } from "../../../src/host/tcp.ts";
import { wireLimits } from "../../../src/params/limits.ts";
import { nextTurn } from "./host-bench.ts";

const frameBytesMax = wireLimits.frameHeaderBytes + wireLimits.frameBodyBytesMax;
const smallest = 16_384;

/** Sockets accepted by `tcp` of clients that read nothing. */
async function withSloths(
  count: number,
  unsentAllBytesMax: number,
  run: (tcp: Tcp, conns: readonly Conn[], sloths: readonly Socket[]) => Promise<void>,
): Promise<void> {
  const conns: Conn[] = [];
  const events = {
    onConnected: (conn: Conn) => void conns.push(conn),
    onDialFailed: () => {},
    onBytes: () => {},
    onRoom: () => {},
    onClosed: () => {},
  };
  const tcp = new Tcp(events, { inboundMax: count, unsentAllBytesMax });
  const port = await tcp.listen(0);
  const sloths: Socket[] = [];
  while (sloths.length < count) {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    socket.on("error", () => {});
    sloths.push(socket.pause());
  }
  while (conns.length < count) await nextTurn();
  try {
    await run(tcp, conns, sloths);
  } finally {
    for (const sloth of sloths) sloth.destroy();
    await tcp.destroy();
  }
}

/** Writes while there is room, until the kernel takes nothing of it any more. */
async function fill(tcp: Tcp, conn: Conn): Promise<number> {
  let largest = 0;
  for (let idle = 0; idle < 50; idle++) {
    while (tcp.hasRoom(conn)) {
      largest = Math.max(largest, tcp.writeBytes(conn));
      tcp.write(conn, new Uint8Array(tcp.writeBytes(conn)));
      idle = 0;
    }
    await nextTurn();
  }
  return largest;
}

test("a peer that never reads holds no more than a frame beyond what stops the next", async () => {
  await withSloths(1, Number.POSITIVE_INFINITY, async (tcp, [conn]) => {
    assert.ok((await fill(tcp, conn!)) > 65_536, "while it is taken, frames grow");
    assert.ok(tcp.unsent > 0 && tcp.unsent < wireLimits.unsentBytesMax + frameBytesMax);
  });
});

test("beyond what all may hold frames are the smallest, and large again when it is free", async () => {
  await withSloths(2, 1, async (tcp, conns, sloths) => {
    await fill(tcp, conns[0]!);
    assert.equal(await fill(tcp, conns[1]!), smallest);
    assert.ok(tcp.unsent < 2 * (wireLimits.unsentBytesMax + frameBytesMax));
    sloths[0]!.destroy();
    sloths[1]!.resume();
    while (tcp.unsent > 0) await nextTurn();
    assert.ok(tcp.writeBytes(conns[1]!) >= smallest);
  });
});
