/**
 * Names of connections and jobs: our own counters, never a peer's choice. The core numbers what it
 * dials (odd), the host numbers what it accepts (even), so neither needs to ask the other.
 */
import type { Brand } from "../base/brand.ts";

export type Conn = Brand<number, "Conn">;
/** Names a `load`, `verify` or `sign` (even, the core's) or a command (odd, the host's). */
export type Job = Brand<number, "Job">;
/** Counts persist effects; `persisted {through}` is cumulative. */
export type Ticket = Brand<number, "Ticket">;

export const dialledConn = (count: number): Conn => (2 * count + 1) as Conn;
export const acceptedConn = (count: number): Conn => (2 * count + 2) as Conn;
export const commandJob = (count: number): Job => (2 * count + 1) as Job;
