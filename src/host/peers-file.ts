/**
 * The address book over a restart: one file of the data folder, written whole or not at all every
 * 15 minutes and at the end (kept-file.ts). NOT bans and scores (conduct-files.ts), nor what
 * addresses mean (net/).
 *
 *   {"format":"windlass peers","version":1,"network":"...","checksum":"..."}   of the second line
 *   {"key":"...","anchors":["ip:port"],"addresses":[[address, node id, ...], ...]}
 *
 * Invariant: what is read is bounded before it is kept. The key is a secret:
 * who knows it knows which addresses compete (net/addresses/address-tables.ts).
 */
import { z } from "zod";
import { hexBytes, toHex } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import { isHex32, type NodeId } from "../model/ids.ts";
import { isVouched, type KnownAddress } from "../net/addresses/address-entry.ts";
import { connectionLimits } from "../params/limits.ts";
import { KeptFile, type SayWarning } from "./kept-file.ts";
import { parseJson } from "./loose-json.ts";

const format = "windlass peers";
const file = { bytesMax: 8 * 1024 * 1024, without: "peers are looked for anew" };
const checksumHash = tagged("peers/1");
const { peersFileAddressesMax, peersFileMs } = connectionLimits;

export interface KeptPeers {
  /** 32 bytes; undefined: the node draws one. */
  readonly addressKey: Uint8Array | undefined;
  readonly knownAddresses: readonly KnownAddress[];
  readonly anchors: readonly string[];
}

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const address = z.string().max(64);
const time = z.int().nonnegative();
const head = z.strictObject({
  format: z.literal(format),
  version: z.literal(1),
  network: z.string().refine(isHex32),
  checksum: z.string().refine(isHex32),
});
const row = z.tuple([
  address,
  z.union([z.string().refine(isHex32), z.null()]),
  z.boolean(),
  z.int().min(0).max(0xffffffff),
  time,
  time,
  z.int().min(0).max(1_000_000),
  z.string().max(80),
  time,
  z.union([hex(64), z.literal("")]),
]);
const body = z.strictObject({
  key: hex(32),
  anchors: z.array(address).max(16),
  addresses: z.array(z.unknown()).max(peersFileAddressesMax),
});

const nothing: KeptPeers = { addressKey: undefined, knownAddresses: [], anchors: [] };

/** What the file says of the network `networkId`. */
export function readPeers(path: string, networkId: string, say: SayWarning): KeptPeers {
  const kept = new KeptFile(path, file, say);
  const text = kept.read();
  if (text === undefined) return nothing;
  const said = bodyOf(text);
  if (typeof said === "string") kept.putAside(said);
  // A folder whose network went through a recovery: other peers, and other records.
  if (typeof said === "string" || said.network !== networkId) return nothing;
  const { key, anchors, addresses } = said;
  const knownAddresses = addresses.flatMap((each) => knownOf(each) ?? []);
  return { addressKey: hexBytes(key), knownAddresses, anchors };
}

/** Or what is wrong with it. */
function bodyOf(text: string): (z.infer<typeof body> & { readonly network: string }) | string {
  const [first = "", second = ""] = text.split("\n");
  const top = head.safeParse(parseJson(first));
  if (!top.success) return "it does not begin as ours";
  if (top.data.checksum !== checksumOf(second)) return "wrong checksum";
  const parsed = body.safeParse(parseJson(second));
  if (!parsed.success) return "it does not say what ours says";
  return { ...parsed.data, network: top.data.network };
}

export class PeersFile {
  private readonly kept: KeptFile;
  private readonly networkId: string;
  private readonly source: () => KeptPeers;
  private readonly timer: NodeJS.Timeout;

  constructor(path: string, networkId: string, source: () => KeptPeers, say: SayWarning) {
    this.kept = new KeptFile(path, file, say);
    this.networkId = networkId;
    this.source = source;
    this.timer = setInterval(() => void this.save(), peersFileMs);
    this.timer.unref();
  }

  /** What there is to say now, even when it is written later. */
  save(): Promise<void> {
    const text = peersText(this.networkId, this.source());
    return this.kept.write(() => text);
  }

  /** Before the node says goodbye: anchors are those it is still connected to. */
  close(): Promise<void> {
    clearInterval(this.timer);
    return this.save();
  }
}

/** The most useful addresses that there is room for. */
function peersText(networkId: string, kept: KeptPeers): string {
  const ranked = [...kept.knownAddresses].sort((a, b) => worthOf(b) - worthOf(a));
  const addresses = ranked.slice(0, peersFileAddressesMax).map(rowOf);
  const key = toHex(kept.addressKey ?? new Uint8Array(32));
  const second = JSON.stringify({ key, anchors: kept.anchors, addresses });
  const first = { format, version: 1, network: networkId, checksum: checksumOf(second) };
  return `${JSON.stringify(first)}\n${second}\n`;
}

const worthOf = (known: KnownAddress): number => (known.confirmed ? 2 : isVouched(known) ? 1 : 0);

function rowOf(known: KnownAddress): z.infer<typeof row> {
  const { answeredMs = 0, fails = 0, source = "", word, nodeId = null } = known;
  const seenMs = Math.floor(known.lastSeenMs);
  const head = [known.address, nodeId, known.confirmed, known.services, seenMs] as const;
  const signed = [word?.signedAtMs ?? 0, word === undefined ? "" : toHex(word.signature)] as const;
  return [...head, Math.floor(answeredMs), fails, source, ...signed];
}

function knownOf(given: unknown): KnownAddress | undefined {
  const parsed = row.safeParse(given);
  if (!parsed.success) return undefined;
  const [address, nodeId, confirmed, services, lastSeenMs, ...rest] = parsed.data;
  const [answeredMs, fails, source, signedAtMs, signature] = rest;
  const word = signature === "" ? undefined : { signedAtMs, signature: hexBytes(signature) };
  const who = { address, nodeId: (nodeId as NodeId | null) ?? undefined, confirmed, services };
  return { ...who, lastSeenMs, answeredMs, fails, source, word };
}

/** Of any bytes: a damaged file may hold what is no text. */
const checksumOf = (text: string): string => toHex(checksumHash(Buffer.from(text)));
