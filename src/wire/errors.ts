/**
 * Faults of a peer on the wire. Thrown only in `noise`, `wire` and `peer`; caught once, in
 * `peer/session.ts`. Each code has a penalty (`node/penalties.ts`) and a row in
 * protocol-spec/07-errors.
 */
export const wireCodes = [
  "bad-opening",
  "wrong-network",
  "no-common-version",
  "self-connection",
  "handshake-failed",
  "unexpected-identity",
  "bad-hello",
  "bad-frame-header",
  "frame-too-large",
  "frame-length-impossible",
  "decrypt-failed",
  "bad-frame-signature",
  "bad-flags",
  "credit-exceeded",
  "data-after-last",
  "more-chain-broken",
  "bad-deflate",
  "malformed-message",
  "trailing-bytes",
  "message-too-large",
  "unknown-message-type",
  "message-out-of-state",
  "bad-field",
  "unsolicited",
  "flooding",
  "timeout-handshake",
  "timeout-frame",
  "timeout-pong",
  "timeout-idle",
  "stalled-reader",
  "truncated",
] as const;

export type WireCode = (typeof wireCodes)[number];

export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireCode;

  constructor(code: WireCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
