import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { recordPreimage } from "../../../src/model/address-record.ts";
import { type NodeId, nodeIdOf } from "../../../src/model/ids.ts";
import { AddressBook } from "../../../src/net/addresses/address-book.ts";
import { endpointOf } from "../../../src/net/addresses/endpoint.ts";
import { netgroupOf } from "../../../src/net/addresses/netgroup.ts";
import type { OwnAddressOptions } from "../../../src/net/addresses/own-address.ts";
import { type ExchangeParts, PeerExchange } from "../../../src/net/addresses/peer-exchange.ts";
import { type Ready, readyFrom } from "../../../src/net/connections/connection-table.ts";
import {
  type AddressEntry,
  decodeAddressEntries,
  encodeAddressEntries,
  ip16Of,
  ipText,
} from "../../../src/wire/address.ts";
import { conn, helloOf, idOf, NotedPort, testEnv } from "./net-fixture.ts";

const networkId = new Uint8Array(32).fill(6);
const nowMs = 1_700_000_000_000;
const seedOf = (n: number) => new Uint8Array(32).fill(n);
export const ownerOf = (n: number): NodeId => nodeIdOf(ed25519.publicKey(seedOf(n)));

export function entry(address: string, some: Partial<AddressEntry> = {}): AddressEntry {
  const { ip, port } = endpointOf(address)!;
  const unsigned = { signedAtMs: 0, signature: undefined };
  return {
    ip16: ip16Of(ip)!,
    port,
    nodeId: idOf(0),
    services: 1,
    lastSeenMs: nowMs,
    ...unsigned,
    ...some,
  };
}

/** The word of owner `n` that it is at `address`. */
export function signed(n: number, address: string, signedAtMs = nowMs): AddressEntry {
  const record = { ...entry(address), nodeId: ownerOf(n), signedAtMs };
  return { ...record, signature: ed25519.sign(seedOf(n), recordPreimage(networkId, record)) };
}

export function exchangeSetup(
  some: Partial<OwnAddressOptions> = {},
  rules: Partial<ExchangeParts["rules"]> = {},
) {
  const checks = { count: 0 };
  const signatures = {
    ...ed25519,
    verify: (...given: Parameters<typeof ed25519.verify>) => {
      checks.count++;
      return ed25519.verify(...given);
    },
  };
  const env = { ...testEnv(1), signatures };
  const port = new NotedPort();
  const book = new AddressBook(env);
  const options = {
    self: ownerOf(99),
    listenPort: 4321,
    allowPrivate: true,
    records: {
      networkId,
      services: 1,
      sign: (preimage: Uint8Array) => ed25519.sign(seedOf(99), preimage),
    },
    ...some,
  };
  const openRules = { exchangesPeers: true, isPrivate: () => false, ...rules };
  const exchange = new PeerExchange({ env, port, book, options, rules: openRules });
  let conns = 0;
  const peer = (n: number, address = `${n}.7.7.7:40000`, seenAddress = ""): Ready => {
    const at = endpointOf(address)!;
    const from = { type: "handshaking", conn: conn(++conns), address, endpoint: at } as const;
    const hello = { ...helloOf(n, 5000), seenAddress };
    const proof = { nodeId: ownerOf(n), hello, manual: false };
    const group = netgroupOf(at);
    const ready = readyFrom({ ...from, group, target: undefined }, proof, env.clock);
    exchange.onReady(ready.conn);
    return ready;
  };
  const tell = (from: Ready, ...entries: AddressEntry[]) =>
    exchange.onPeers(from, encodeAddressEntries(entries));
  const told = () =>
    port
      .drain()
      .flatMap(({ message }) =>
        message.type === "peers" ? decodeAddressEntries(message.entries)! : [],
      );
  return { env, port, book, exchange, peer, tell, told, checks };
}

export const addressOf = ({ ip16, port }: AddressEntry) => `${ipText(ip16)}:${port}`;
