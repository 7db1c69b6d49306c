/**
 * Tells the dead peer from the quiet one. Says what is to be done; queues and closes nothing.
 * The handshake was the first round trip. protocol-spec/09-connections §6.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Env } from "../edge/env.ts";
import { connectionLimits } from "../params/limits.ts";
import type { WireCode } from "../wire/errors.ts";

type State =
  | { readonly type: "quiet"; readonly pingAt: number }
  | { readonly type: "awaiting-pong"; readonly nonce: Uint8Array; readonly sentAt: number };

export type KeepaliveAction =
  | { readonly type: "ping"; readonly nonce: Uint8Array }
  | { readonly type: "dead"; readonly code: WireCode };

/** The answer to a ping. */
export interface Pong {
  /** The peer's wall clock, as it says. */
  readonly sentAtMs: number;
  /** The round trip. */
  readonly pingMs: number;
}

export class Keepalive {
  private readonly env: Env;
  private state: State;
  private heardAt: number;
  /** The last answer, another object each time. */
  pong: Pong;
  /** The lowest round trip so far: the path without its queues. */
  pingMinMs: number;

  /** `met`: the peer's answer in the handshake, as good as one to a ping. */
  constructor(env: Env, met: Pong) {
    this.env = env;
    this.heardAt = env.clock.monotonicMs;
    this.pong = met;
    this.pingMinMs = met.pingMs;
    this.state = { type: "quiet", pingAt: this.heardAt + connectionLimits.pingIntervalMs };
  }

  get deadline(): number {
    return Math.min(this.stateDeadline, this.heardAt + connectionLimits.idleMs);
  }

  onBytes(): void {
    this.heardAt = this.env.clock.monotonicMs;
  }

  /** awaiting-pong -> quiet. A stray or stale pong changes nothing. */
  onPong(nonce: Uint8Array, sentAtMs: number): void {
    if (this.state.type !== "awaiting-pong" || !equalBytes(this.state.nonce, nonce)) return;
    const pingMs = this.env.clock.monotonicMs - this.state.sentAt;
    this.pingMinMs = Math.min(this.pingMinMs, pingMs);
    this.pong = { sentAtMs, pingMs };
    this.state = { type: "quiet", pingAt: this.state.sentAt + connectionLimits.pingIntervalMs };
  }

  /** quiet -> awaiting-pong, or awaiting-pong -> (dead). */
  tick(): KeepaliveAction | undefined {
    const now = this.env.clock.monotonicMs;
    if (now >= this.heardAt + connectionLimits.idleMs)
      return { type: "dead", code: "timeout-idle" };
    if (now < this.stateDeadline) return undefined;
    if (this.state.type === "awaiting-pong") return { type: "dead", code: "timeout-pong" };
    const nonce = this.env.random.bytes(8);
    this.state = { type: "awaiting-pong", nonce, sentAt: now };
    return { type: "ping", nonce };
  }

  private get stateDeadline(): number {
    return this.state.type === "quiet"
      ? this.state.pingAt
      : this.state.sentAt + connectionLimits.pongMs;
  }
}
