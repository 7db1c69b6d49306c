/**
 * Where others can reach us, and our signed word for it: the address that the operator advertises,
 * else the IP at which outbound peers of different netgroups see us, with our listen port. Tells
 * nobody (peer-exchange.ts) and does not know whether it can be reached.
 *
 * Invariants: whoever dialled us has no say; one peer or one netgroup alone cannot make us claim an
 * address; a later record has a later time. protocol-spec/09-connections §3
 */
import { defined } from "../../base/assert.ts";
import { BoundedMap } from "../../base/bounded.ts";
import type { Env } from "../../edge/env.ts";
import { recordPreimage } from "../../model/address-record.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import { type AddressEntry, ip16Of } from "../../wire/address.ts";
import { type Endpoint, endpoint, endpointOf } from "./endpoint.ts";

/** What a node signs its records with. */
export interface RecordKeys {
  readonly networkId: Uint8Array;
  /** Bits as in HELLO. */
  readonly services: number;
  sign(preimage: Uint8Array): Uint8Array;
}

export interface OwnAddressOptions {
  readonly self: NodeId;
  /** 0: nobody can reach us, so there is nothing to say. */
  readonly listenPort: number;
  readonly allowPrivate: boolean;
  /** `ip:port`; "off": say nothing; undefined: what peers see. */
  readonly advertise?: string | undefined;
  readonly records?: RecordKeys | undefined;
}

interface Sight {
  readonly ip: string;
  readonly witness: string;
}

export class OwnAddress {
  private readonly env: Env;
  private readonly options: OwnAddressOptions;
  private readonly sights = new BoundedMap<NodeId, Sight>(connectionLimits.ownAddressSeenMax);
  private signed: { readonly at: Endpoint; readonly entry: AddressEntry } | undefined;
  private changedAt = Number.NEGATIVE_INFINITY;

  constructor(env: Env, options: OwnAddressOptions) {
    this.env = env;
    this.options = options;
  }

  /** An outbound peer says in its HELLO where it sees us. `witness`: its netgroup, or itself. */
  onSeenAs(nodeId: NodeId, witness: string, seenAddress: string): void {
    const seen = endpointOf(seenAddress);
    if (seen !== undefined) this.sights.set(nodeId, { ip: seen.ip, witness });
  }

  /** Our address with our word for it, fresh enough; undefined while we do not know it. */
  get record(): { readonly at: Endpoint; readonly entry: AddressEntry } | undefined {
    const { records } = this.options;
    const at = this.place();
    if (records === undefined || at === undefined) return this.signed;
    const { monotonicMs, wallMs } = this.env.clock;
    const { signed } = this;
    if (signed?.at.address === at.address) {
      if (wallMs - signed.entry.signedAtMs < connectionLimits.ownRecordMs) return signed;
    } else if (monotonicMs - this.changedAt < connectionLimits.ownRecordChangeMs) return signed;
    else this.changedAt = monotonicMs;
    const signedAtMs = Math.max(Math.floor(wallMs), (signed?.entry.signedAtMs ?? 0) + 1);
    const ip16 = defined(ip16Of(at.ip), "an endpoint has an IP address");
    const { networkId, services } = records;
    const record = { ip16, port: at.port, nodeId: this.options.self, services, signedAtMs };
    const signature = records.sign(recordPreimage(networkId, record));
    this.signed = { at, entry: { ...record, lastSeenMs: signedAtMs, signature } };
    return this.signed;
  }

  private place(): Endpoint | undefined {
    const { advertise, listenPort } = this.options;
    if (listenPort === 0 || advertise === "off") return undefined;
    if (advertise !== undefined) return endpointOf(advertise);
    const witnesses = new Map<string, Set<string>>();
    for (const { ip, witness } of this.sights.values()) {
      const of = witnesses.get(ip) ?? new Set<string>();
      witnesses.set(ip, of.add(witness));
    }
    let best: { readonly ip: string; readonly count: number } | undefined;
    for (const [ip, { size: count }] of witnesses) {
      if (count > (best?.count ?? connectionLimits.ownAddressPeersMin - 1)) best = { ip, count };
    }
    const at = best && endpoint(best.ip, listenPort);
    const isUsable =
      at?.reach === "public" || (at?.reach === "private" && this.options.allowPrivate);
    return isUsable ? at : undefined;
  }
}
