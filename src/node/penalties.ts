/**
 * The price of every fault, in one exhaustive table: a new code does not compile until it has one.
 * protocol-spec/07-errors.
 *
 * - `violation`: no correct implementation does this; disconnect and discourage (before
 *   authentication the address, after it the identity).
 * - `disconnect`: the connection is of no use, nobody is blamed (anyone on the path can cause it).
 * - `soft(n)`: adds n to a decaying score; 100 discourages. `costly(n)`: and ends the connection.
 * - `innocent`: honest peers do this when clocks, forks or timing differ.
 */
import type { BlameCode } from "../edge/port.ts";

export interface Penalty {
  readonly score: number;
  readonly disconnect: boolean;
  readonly discourage: boolean;
}

const violation: Penalty = { score: 100, disconnect: true, discourage: true };
const disconnect: Penalty = { score: 0, disconnect: true, discourage: false };
const innocent: Penalty = { score: 0, disconnect: false, discourage: false };
const soft = (score: number): Penalty => ({ score, disconnect: false, discourage: false });
const costly = (score: number): Penalty => ({ score, disconnect: true, discourage: false });

export const penalties: Readonly<Record<BlameCode, Penalty>> = {
  "bad-opening": disconnect,
  "wrong-network": disconnect,
  "no-common-version": disconnect,
  "self-connection": disconnect,
  "handshake-failed": disconnect,
  "unexpected-identity": disconnect,
  "bad-hello": violation,
  "bad-frame-header": disconnect,
  "frame-too-large": disconnect,
  "frame-length-impossible": disconnect,
  "decrypt-failed": disconnect,
  "bad-frame-signature": violation,
  "bad-flags": violation,
  "credit-exceeded": violation,
  "data-after-last": disconnect,
  "more-chain-broken": violation,
  "bad-deflate": violation,
  "malformed-message": violation,
  "trailing-bytes": violation,
  "message-too-large": violation,
  "unknown-message-type": violation,
  "message-out-of-state": violation,
  "bad-field": violation,
  unsolicited: soft(5),
  flooding: costly(25),
  "timeout-handshake": disconnect,
  "timeout-frame": disconnect,
  "timeout-pong": disconnect,
  "timeout-idle": disconnect,
  "stalled-reader": disconnect,
  truncated: disconnect,

  "header-malformed": violation,
  "transaction-malformed": violation,
  "vote-malformed": violation,
  "certificate-malformed": violation,
  "evidence-malformed": violation,
  "validators-malformed": violation,
  "body-malformed": violation,
  "header-version": violation,
  "header-engine": violation,
  "header-height": violation,
  "header-slot": violation,
  "header-timestamp": violation,
  "header-too-new": innocent,
  "header-sealer": violation,
  "header-seal": violation,
  "header-validators": violation,
  "header-justified": violation,
  "header-certificate": violation,
  "header-cap": violation,
  "header-set-unknown": innocent,
  "header-checkpoint": innocent,
  "header-recovery": violation,
  "header-extra": violation,
  "header-body-size": violation,
  "header-parent-invalid": violation,
  "header-equivocation": innocent,
  "header-fork-too-deep": innocent,
  "header-tree-full": innocent,
  "body-mismatch": violation,
  "block-transaction-invalid": violation,
  "block-transaction-signature": violation,
  "block-state-root": violation,
  "block-receipts-root": violation,
  "block-next-validators": violation,
  "block-certificate": violation,
  "block-sealer-jailed": violation,
  "certificate-set": violation,
  "certificate-quorum": violation,
  "certificate-signature": violation,
  "vote-slot": innocent,
  "vote-stranger": violation,
  "vote-source": violation,
  "vote-signature": violation,
  "vote-equivocation": innocent,
  "attest-signature": violation,
  "attest-stranger": innocent,
  "evidence-stranger": innocent,
  "evidence-signature": violation,
  "evidence-old": innocent,
  "transaction-type": violation,
  "transaction-governance": innocent,
  "transaction-evidence": violation,
  "transaction-size": violation,
  "transaction-signature": violation,
  "transaction-nonce-low": innocent,
  "transaction-nonce-gap": innocent,
  "transaction-nonce-high": innocent,
  "transaction-fee-low": soft(10),
  "transaction-balance": innocent,
  "transaction-expired": innocent,
  "transaction-overflow": violation,
  "transaction-duplicate": innocent,
  "transaction-underpriced": innocent,
  "mempool-full": innocent,
  "mempool-account-full": innocent,
};
