/** 1,000 connections that only answer pings: what one of them costs the node. */
import { Client } from "../../test/attacks/client.ts";
import { Stage } from "../../test/attacks/stage.ts";
import { megabyte } from "../../test/attacks/watch.ts";

const count = 1_000;
const barBytes = 32 * 1_024;

export async function idle(): Promise<void> {
  const stage = await Stage.start({ more: ["--max-peers", "1000", "--outbound", "0"] });
  const clients: Client[] = [];
  try {
    const used = async () => {
      const text = await (await fetch(`http://127.0.0.1:${stage.victim.http}/metrics`)).text();
      const of = (name: string) =>
        Number(new RegExp(`^windlass_${name} (\\S+)$`, "m").exec(text)?.[1]);
      return of("heap_used_bytes") + of("external_memory_bytes");
    };
    /** Garbage comes and goes between blocks: the least of some readings is what is held. */
    const held = async () => {
      const readings = { rss: Number.POSITIVE_INFINITY, used: Number.POSITIVE_INFINITY };
      for (let at = 0; at < 15; at++) {
        await stage.honest.nextBlock();
        readings.rss = Math.min(readings.rss, stage.victim.rssBytes);
        readings.used = Math.min(readings.used, await used());
      }
      return readings;
    };
    const before = await held();
    const lane = async (from: number) => {
      for (let at = from; at < count; at += 8) {
        const localAddress = `127.${2 + (at % 250)}.${at >> 8}.1`;
        const client = await Client.connect(stage.target, { localAddress }).catch(() => undefined);
        if (client !== undefined) clients.push(client);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, from) => lane(from)));
    const after = await held();
    const open = clients.filter((client) => client.isOpen).length;
    const [rss, heap] = [after.rss - before.rss, after.used - before.used].map((n) => n / open);
    console.log(
      JSON.stringify({
        attack: "idle",
        connections: open,
        rssPerPeerBytes: Math.round(rss!),
        heapPerPeerBytes: Math.round(heap!),
        barBytes,
        holds: rss! <= barBytes && open >= count - 10,
        rssMiB: Math.round(after.rss / megabyte),
        honestPingMs: Math.round(await stage.honest.client.ping()),
      }),
    );
    if (rss! > barBytes || open < count - 10) process.exitCode = 1;
  } finally {
    for (const client of clients) client.destroy();
    await stage.end();
  }
}
