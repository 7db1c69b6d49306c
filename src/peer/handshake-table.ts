/**
 * Every state of a handshake and every arrow between them: whatever decides transitions is here.
 * Both roles walk it; it does not know which of them is ours, so that neither is judged by other
 * rules. Bytes and keys are `handshake.ts`. protocol-spec/02-handshake §1.
 */
import { WireError } from "../wire/errors.ts";

export type HandshakeState =
  | "opening-sent"
  | "opening-awaited"
  | "flight-skipped"
  | "second-opening-awaited"
  | "message-1-awaited"
  | "message-2-awaited"
  | "length-3-awaited"
  | "message-3-awaited"
  | "established"
  | "genesis-served"
  | "failed";

/** What the peer did: a whole piece of the right shape came, or something went wrong. */
export type HandshakeEvent =
  | "opening"
  | "other-version"
  | "flight-over"
  | "genesis-request"
  | "message-1"
  | "message-2"
  | "length-3"
  | "message-3"
  | "fault";

/** The one place where transitions are; the diagram of 02-handshake §1 is printed from it. */
export const HANDSHAKE = {
  "opening-sent": { opening: "message-2-awaited", fault: "failed" },
  "opening-awaited": {
    opening: "message-1-awaited",
    "other-version": "flight-skipped",
    "genesis-request": "genesis-served",
    fault: "failed",
  },
  "flight-skipped": { "flight-over": "second-opening-awaited", fault: "failed" },
  "second-opening-awaited": { opening: "message-1-awaited", fault: "failed" },
  "message-1-awaited": { "message-1": "length-3-awaited", fault: "failed" },
  "message-2-awaited": { "message-2": "established", fault: "failed" },
  "length-3-awaited": { "length-3": "message-3-awaited", fault: "failed" },
  "message-3-awaited": { "message-3": "established", fault: "failed" },
  established: {},
  "genesis-served": {},
  failed: {},
} as const satisfies Record<HandshakeState, Partial<Record<HandshakeEvent, HandshakeState>>>;

/** The state after `event`. Throws WireError: in that state the peer may not do this. */
export function nextState(state: HandshakeState, event: HandshakeEvent): HandshakeState {
  const arrows: Partial<Record<HandshakeEvent, HandshakeState>> = HANDSHAKE[state];
  const next = arrows[event];
  if (next === undefined) throw new WireError("handshake-failed", `${event} in state ${state}`);
  return next;
}

/** No arrow leads out of it. */
export function isOver(state: HandshakeState): boolean {
  return Object.keys(HANDSHAKE[state]).length === 0;
}
