/**
 * Whom the operator lets in, keeps out, and keeps to himself: bans, his files of addresses,
 * membership, sentries. NOT slots, caps or duplicates (doorkeeper.ts), and it closes nothing.
 *
 *     stranger ──address──> banned? blocked? ──handshake──> identity ──> banned? blocked? member?
 *
 * Invariants: what the allow list names is kept out by the operator's own bans alone; a node with
 * sentries speaks with nobody else; a private peer is named to nobody. protocol-spec/09-connections
 * §8
 */
import type { NodeId } from "../../model/ids.ts";
import type { Endpoint } from "../addresses/endpoint.ts";
import type { AccessList } from "./access-list.ts";
import type { BanList } from "./ban-list.ts";

/** What the operator says about others; all of it may be absent. */
export interface AccessOptions {
  /** `--block-list`: never, in either direction. */
  readonly blocked?: AccessList | undefined;
  /** `--allow-list`: not turned away by rule nor for soft faults; members of a permissioned node. */
  readonly allowed?: AccessList | undefined;
  /** Only identities of `allowed`, and holders of a registered validator key. */
  readonly isPermissioned?: boolean | undefined;
  /** `--sentries`: nobody else, and no exchange of addresses. */
  readonly sentries?: readonly NodeId[] | undefined;
  /** `--private-peers`: identities that are told to nobody and always have a place. */
  readonly privatePeers?: readonly NodeId[] | undefined;
}

/** Who asks to stay, once it is known. */
export interface Candidate {
  readonly nodeId: NodeId;
  readonly endpoint: Endpoint | undefined;
  readonly inbound: boolean;
  readonly manual: boolean;
}

export type Refusal = "banned address" | "banned identity" | "blocked" | "not a sentry";

export class Admission {
  private readonly options: AccessOptions;
  private readonly bans: BanList;
  private readonly sentries: ReadonlySet<NodeId> | undefined;
  private readonly privatePeers: ReadonlySet<NodeId>;
  private readonly validators = new Set<NodeId>();

  constructor(options: AccessOptions, bans: BanList) {
    this.options = options;
    this.bans = bans;
    this.sentries = options.sentries && new Set(options.sentries);
    this.privatePeers = new Set(options.privatePeers);
  }

  /** A node with sentries neither asks for addresses nor gives or takes any. */
  get exchangesPeers(): boolean {
    return this.sentries === undefined;
  }

  get isPermissioned(): boolean {
    return this.options.isPermissioned === true;
  }

  /** Why a stranger is turned away before a byte is read. */
  refusalAt(endpoint: Endpoint | undefined): Refusal | undefined {
    const ip = endpoint?.ip;
    const { allowed, blocked } = this.options;
    const ban = this.bans.refusalOf(ip, undefined);
    if (ban?.by === "operator") return "banned address";
    if (allowed?.hasAddress(ip)) return undefined;
    if (blocked?.hasAddress(ip)) return "blocked";
    return ban === undefined ? undefined : "banned address";
  }

  /** Why somebody who proved its identity may not stay; membership apart (`isMember`). */
  refusalOf({ nodeId, endpoint, inbound, manual }: Candidate): Refusal | undefined {
    const { allowed, blocked } = this.options;
    const ban = this.bans.refusalOf(undefined, nodeId);
    if (ban?.by === "operator") return "banned identity";
    if (this.sentries !== undefined && !this.sentries.has(nodeId)) return "not a sentry";
    if (this.isOwn(nodeId) || allowed?.hasIdentity(nodeId)) return undefined;
    const isBlocked = blocked?.hasIdentity(nodeId) || blocked?.hasAddress(endpoint?.ip);
    if (isBlocked && !allowed?.hasAddress(endpoint?.ip)) return "blocked";
    // Whom the operator named, or we dialled, may be at fault and is still of use to us.
    return ban === undefined || manual || !inbound ? undefined : "banned identity";
  }

  /** Neither dialled nor worth an entry. Not asked about what the operator named. */
  isShunned(endpoint: Endpoint, nodeId: NodeId | undefined): boolean {
    const { allowed, blocked } = this.options;
    const ban = this.bans.refusalOf(endpoint.ip, nodeId);
    if (ban?.by === "operator") return true;
    if (this.sentries !== undefined) return nodeId === undefined || !this.sentries.has(nodeId);
    if (allowed?.hasIdentity(nodeId) || allowed?.hasAddress(endpoint.ip)) return false;
    return (
      ban !== undefined ||
      blocked?.hasAddress(endpoint.ip) === true ||
      blocked?.hasIdentity(nodeId) === true
    );
  }

  /** May it stay without a proof of a validator key? `pinned`: dialled as this identity. */
  isMember(nodeId: NodeId, pinned: boolean): boolean {
    if (!this.isPermissioned || pinned) return true;
    return this.isOwn(nodeId) || this.options.allowed?.hasIdentity(nodeId) === true;
  }

  /** Named by the operator as one to be trusted with who we are. */
  isTrusted(nodeId: NodeId, pinned: boolean): boolean {
    return pinned || this.isOwn(nodeId) || this.options.allowed?.hasIdentity(nodeId) === true;
  }

  /** A connected peer proved a validator key, or is gone (node/membership.ts). */
  setValidator(nodeId: NodeId, isValidator: boolean): void {
    if (isValidator) this.validators.add(nodeId);
    else this.validators.delete(nodeId);
  }

  isValidator(nodeId: NodeId | undefined): boolean {
    return nodeId !== undefined && this.validators.has(nodeId);
  }

  /** Never banned, evicted or disconnected for soft faults. */
  isSpared(endpoint: Endpoint | undefined, nodeId: NodeId | undefined): boolean {
    const { allowed } = this.options;
    if (this.isValidator(nodeId)) return true;
    if (allowed?.hasIdentity(nodeId) || allowed?.hasAddress(endpoint?.ip)) return true;
    return nodeId !== undefined && this.isOwn(nodeId);
  }

  /** Its address and identity are the operator's secret. */
  isPrivate(nodeId: NodeId | undefined): boolean {
    return nodeId !== undefined && this.privatePeers.has(nodeId);
  }

  /** One of the operator's own other nodes: outside of the slots. */
  isOwn(nodeId: NodeId): boolean {
    return this.privatePeers.has(nodeId) || this.sentries?.has(nodeId) === true;
  }
}
