/**
 * Proofs of validator keys between two nodes: shows ours to whom the operator trusts, asks for one
 * where only members may stay, and keeps a connection waiting until it is decided. NOT who is on
 * the operator's lists (net/conduct/admission.ts), nor the signature itself (model/attestation.ts).
 *
 *   session ready ──> member already? nothing to show? ──> admitted
 *        └──> waiting: [our proof is signed] [theirs has come] ──> admitted, or turned away
 *
 * Invariants: what waits has no slot and is bounded by the handshakes under way; nothing but a
 * proof is taken of who must give one; nobody learns of our key whom the operator does not trust,
 * unless it has proved a validator key itself. protocol-spec/09-connections §8
 */
import { copyBytes } from "../base/bytes.ts";
import type { Conn, Job } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { BlameCode } from "../edge/port.ts";
import { type AttestedSession, checkAttestation, encodeAttestation } from "../model/attestation.ts";
import type { NodeId, PublicKey } from "../model/ids.ts";
import type { Admission } from "../net/conduct/admission.ts";
import { helloFeatures } from "../net/connections/link-features.ts";
import { connectionLimits } from "../params/limits.ts";
import { hasFeature } from "../wire/hello.ts";
import type { Hello, Message } from "../wire/messages.ts";
import type { EffectQueue } from "./effect-queue.ts";

export interface MembershipParts {
  readonly nodeId: NodeId;
  readonly genesisHash: Uint8Array;
  /** Whose node we are. */
  readonly validatorKey: PublicKey | undefined;
  readonly admission: Admission;
  readonly effects: Pick<EffectQueue, "sign">;
  /** In charge at our head. */
  readonly validators: () => readonly PublicKey[];
}

/** Whom it tells; `Peers` implements it. */
export interface MembershipPort {
  send(conn: Conn, message: Message): boolean;
  blame(conn: Conn, code: BlameCode, detail: string): void;
  /** It may not stay: it is told so, and onlookers. */
  refuse(conn: Conn, text: string): void;
  /** It need wait no longer; `held` came meanwhile. */
  onMember(conn: Conn, held: readonly Message[]): void;
}

/** What a finished handshake says. */
export interface Newcomer {
  readonly conn: Conn;
  readonly nodeId: NodeId;
  readonly hello: Hello;
  readonly handshakeHash: Uint8Array;
  /** Dialled as the identity that it proved. */
  readonly isPinned: boolean;
}

interface Member extends Omit<Newcomer, "hello"> {
  readonly speaks: boolean;
  readonly until: number;
  isWaiting: boolean;
  /** It may not stay without a proof. */
  owesProof: boolean;
  /** Our proof was asked of the signer. */
  job: Job | undefined;
  isSigning: boolean;
  key: PublicKey | undefined;
  hasAttested: boolean;
  held: Message[];
}

export class Membership {
  private readonly env: Env;
  private readonly parts: MembershipParts;
  private readonly port: MembershipPort;
  private readonly members = new Map<Conn, Member>();
  private readonly waiting = new Set<Member>();

  constructor(env: Env, parts: MembershipParts, port: MembershipPort) {
    this.env = env;
    this.parts = parts;
    this.port = port;
  }

  get deadline(): number {
    let deadline = Number.POSITIVE_INFINITY;
    for (const { until } of this.waiting) deadline = Math.min(deadline, until);
    return deadline;
  }

  tick(): void {
    const now = this.env.clock.monotonicMs;
    for (const member of [...this.waiting]) {
      if (member.until > now) continue;
      if (member.owesProof) this.refuse(member, "members only: no proof came");
      else this.admit(member);
    }
  }

  /** False: it may go on at once. True: `onMember` follows, or it is turned away. */
  begin(newcomer: Newcomer): boolean {
    const { admission } = this.parts;
    const { conn, nodeId, isPinned } = newcomer;
    const member: Member = {
      conn,
      nodeId,
      handshakeHash: newcomer.handshakeHash,
      isPinned,
      speaks: hasFeature(newcomer.hello, helloFeatures.attest),
      until: this.env.clock.monotonicMs + connectionLimits.proofMs,
      isWaiting: false,
      owesProof: !admission.isMember(nodeId, isPinned),
      job: undefined,
      isSigning: false,
      key: undefined,
      hasAttested: false,
      held: [],
    };
    this.members.set(conn, member);
    if (member.owesProof && !member.speaks) {
      this.refuse(member, "members only");
      return true;
    }
    if (admission.isPermissioned || admission.isTrusted(nodeId, isPinned)) this.show(member);
    member.isWaiting = member.owesProof || member.isSigning;
    if (member.isWaiting) this.waiting.add(member);
    return member.isWaiting;
  }

  /** True when the message is dealt with; it is borrowed. */
  onMessage(conn: Conn, message: Message): boolean {
    const member = this.members.get(conn);
    if (member === undefined) return false;
    if (message.type === "attest") {
      this.onAttest(member, message.attestation);
      return true;
    }
    if (!member.isWaiting) return false;
    if (member.owesProof) this.refuse(member, "members only: a proof comes first");
    else if (member.held.length < connectionLimits.proofHeldMax) member.held.push(kept(message));
    else {
      this.admit(member);
      return false;
    }
    return true;
  }

  /** True when `job` was a proof of ours. */
  onSigned(job: Job, signature: Uint8Array | undefined): boolean {
    for (const member of this.members.values()) {
      if (member.job !== job) continue;
      member.isSigning = false;
      const { validatorKey: validator } = this.parts;
      if (signature !== undefined && validator !== undefined) {
        const attestation = encodeAttestation({ validator, signature });
        this.port.send(member.conn, { type: "attest", attestation });
      }
      if (member.isWaiting && !member.owesProof) this.admit(member);
      return true;
    }
    return false;
  }

  onClosed(conn: Conn): void {
    const member = this.members.get(conn);
    if (member === undefined) return;
    this.waiting.delete(member);
    this.members.delete(conn);
    if (member.key === undefined) return;
    // A connection that was displaced takes nothing from the one that stays.
    for (const { nodeId, key } of this.members.values()) {
      if (nodeId === member.nodeId && key !== undefined) return;
    }
    this.parts.admission.setValidator(member.nodeId, false);
  }

  /** Others are in charge: who proved a key that is out has to be a member by other means. */
  onValidatorsChanged(): void {
    const { admission } = this.parts;
    const validators = this.parts.validators();
    for (const member of [...this.members.values()]) {
      const { key, nodeId, isPinned } = member;
      if (key === undefined || validators.includes(key)) continue;
      member.key = undefined;
      admission.setValidator(nodeId, false);
      if (!admission.isMember(nodeId, isPinned)) this.refuse(member, "no validator any more");
    }
  }

  private onAttest(member: Member, bytes: Uint8Array): void {
    const { conn, nodeId, handshakeHash, speaks, hasAttested } = member;
    const { admission, genesisHash, validators, nodeId: self } = this.parts;
    if (!speaks || hasAttested) return this.port.blame(conn, "unsolicited", "a proof too many");
    member.hasAttested = true;
    const session: AttestedSession = { genesisHash, handshakeHash, nodeId, peerNodeId: self };
    const key = checkAttestation(bytes, session, this.env.signatures);
    if (typeof key !== "string") return this.port.blame(conn, key.code, key.detail);
    if (!validators().includes(key)) {
      this.port.blame(conn, "attest-stranger", `${key} is no validator here`);
      if (member.owesProof) this.refuse(member, "members only: not a validator");
      return;
    }
    member.key = key;
    member.owesProof = false;
    admission.setValidator(nodeId, true);
    this.show(member);
    // Our own proof goes before all else: the other end may wait for it as well.
    if (member.isWaiting && !member.isSigning) this.admit(member);
  }

  /** Asks the signer for our proof, once, if we have one to show that says something. */
  private show(member: Member): void {
    const { effects, genesisHash, nodeId, validatorKey: validator, validators } = this.parts;
    if (!member.speaks || member.job !== undefined || validator === undefined) return;
    // Among members we may be elected and not know it: who is behind is let in by its proof alone.
    if (!this.parts.admission.isPermissioned && !validators().includes(validator)) return;
    const { handshakeHash, nodeId: peerNodeId } = member;
    const session: AttestedSession = { genesisHash, handshakeHash, nodeId, peerNodeId };
    member.job = effects.sign({ type: "attest", validator, ...session });
    member.isSigning = true;
  }

  private admit(member: Member): void {
    this.waiting.delete(member);
    member.isWaiting = false;
    const { held } = member;
    member.held = [];
    this.port.onMember(member.conn, held);
  }

  private refuse(member: Member, text: string): void {
    this.waiting.delete(member);
    this.port.refuse(member.conn, text);
  }
}

/** A message whose bytes are its own. */
function kept(message: Message): Message {
  const fields = Object.entries(message).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Uint8Array ? copyBytes(value) : value,
  ]);
  return Object.fromEntries(fields) as Message;
}
