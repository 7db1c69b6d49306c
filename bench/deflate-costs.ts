/** Bulk answers about a chain on disk, deflated and inflated: how small, and how fast. */
import { concatBytes } from "../src/base/bytes.ts";
import { DataFolder } from "../src/host/data-folder.ts";
import { LevelStore } from "../src/host/level-store.ts";
import { systemRandom } from "../src/host/system.ts";
import { encodePayload } from "../src/wire/codec.ts";
import { deflatePayload, inflatePayload } from "../src/wire/deflated.ts";
import { addressEntryBytes, type Message } from "../src/wire/messages.ts";
import type { BenchOptions } from "./options.ts";
import { type Figures, rounded } from "./report.ts";

const sealedHeaderBytes = 420;
const headersMax = 512;
/** What is deflated together (`wire.deflatePayloadBytes`). */
const togetherBytes = 131_072;

export async function costsOfAnswers(folder: string, options: BenchOptions): Promise<Figures> {
  const dataFolder = DataFolder.open(folder);
  const store = await LevelStore.open(dataFolder.chain, async () => undefined);
  const [headers, bodies] = [await valuesOf(store, "C"), await valuesOf(store, "B")];
  await store.close();
  dataFolder.close();
  // Of a buried block: hash, then header and seal.
  const sealed = headers
    .slice(0, headersMax)
    .map((value) => value.slice(32, 32 + sealedHeaderBytes));
  const bySize = bodies.sort((a, b) => a.length - b.length);
  const answers: readonly (readonly [string, readonly Message[]])[] = [
    ["headers", [{ type: "headers", request: 7, headers: concatBytes(...sealed) }]],
    ["bodies, the smallest", together(bySize)],
    ["bodies, the largest", together(bySize.reverse())],
    ["addresses", [{ type: "peers", entries: addresses(64) }]],
  ];
  const figures = answers.map(([name, messages]) => [name, cost(messages, options)]);
  return Object.fromEntries(figures);
}

async function valuesOf(store: LevelStore, kind: string): Promise<Uint8Array[]> {
  const from = Uint8Array.of(kind.charCodeAt(0));
  const to = Uint8Array.of(kind.charCodeAt(0) + 1);
  return await store.level.values({ gte: from, lt: to }).all();
}

function together(bodies: readonly Uint8Array[]): Message[] {
  const messages: Message[] = [];
  let bytes = 0;
  for (const body of bodies) {
    if (messages.length > 0 && bytes + body.length > togetherBytes) break;
    messages.push({ type: "block_body", request: 7, hash: systemRandom.bytes(32), body });
    bytes += body.length;
  }
  return messages;
}

/** Signed ones, as a book tells them: of IPv4, about equally old. */
function addresses(count: number): Uint8Array {
  const entries = systemRandom.bytes(count * addressEntryBytes);
  for (let at = 0; at < entries.length; at += addressEntryBytes) {
    entries.fill(0, at, at + 10).fill(0xff, at + 10, at + 12);
    entries.fill(0, at + 50, at + 58).fill(0, at + 62, at + 66);
  }
  return entries;
}

function cost(messages: readonly Message[], { warmUpMs, windowMs }: BenchOptions): Figures {
  const payload = encodePayload(messages);
  const deflated = deflatePayload(payload);
  const deflateMs = msOf(() => deflatePayload(payload), warmUpMs / 4, windowMs / 8);
  const out = { bytes: payload.length, deflateMBps: rounded(payload.length / deflateMs / 1e3) };
  if (deflated === undefined) return { ...out, ratio: null };
  const inflateMs = msOf(() => inflatePayload(deflated), warmUpMs / 4, windowMs / 8);
  const ratio = rounded(deflated.length / payload.length);
  return { ...out, inflateMBps: rounded(payload.length / inflateMs / 1e3), ratio };
}

/** CPU milliseconds of one, so that a busy machine does not count. */
function msOf(work: () => unknown, warmUpMs: number, windowMs: number): number {
  for (const until = performance.now() + warmUpMs; performance.now() < until; ) work();
  const from = process.cpuUsage();
  let count = 0;
  for (const until = performance.now() + windowMs; performance.now() < until; count++) work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000 / count;
}
