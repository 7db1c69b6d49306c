/**
 * Verdicts on consensus objects. Rules return them, never throw. Each has a penalty
 * (`node/penalties.ts`) and a row in protocol-spec/07-errors.
 */
export const ruleCodes = [
  // Objects that are not one (05-objects).
  "header-malformed",
  "transaction-malformed",
  "vote-malformed",
  "certificate-malformed",
  "evidence-malformed",
  "validators-malformed",
  "body-malformed",
  // Headers (06-validation §1).
  "header-version",
  "header-engine",
  "header-height",
  "header-slot",
  "header-timestamp",
  "header-too-new",
  "header-sealer",
  "header-seal",
  "header-validators",
  "header-justified",
  "header-certificate",
  "header-cap",
  "header-set-unknown",
  "header-checkpoint",
  "header-recovery",
  "header-extra",
  "header-body-size",
  "header-parent-invalid",
  "header-equivocation",
  "header-fork-too-deep",
  "header-tree-full",
  // Bodies (06-validation §2): the body's fault, never the header's.
  "body-mismatch",
  // Blocks whose body is what the header committed to, and breaks a rule (06-validation §3).
  "block-transaction-invalid",
  "block-transaction-signature",
  "block-state-root",
  "block-receipts-root",
  "block-next-validators",
  "block-certificate",
  "block-sealer-jailed",
  // Certificates and votes (06-validation §6, §8).
  "certificate-set",
  "certificate-quorum",
  "certificate-signature",
  "vote-slot",
  "vote-stranger",
  "vote-source",
  "vote-signature",
  "vote-equivocation",
  // Proofs of a validator key (05-objects §11).
  "attest-signature",
  "attest-stranger",
  // Evidence (06-validation §9).
  "evidence-stranger",
  "evidence-signature",
  "evidence-old",
  // Transactions (06-validation §4).
  "transaction-type",
  "transaction-governance",
  "transaction-evidence",
  "transaction-size",
  "transaction-signature",
  "transaction-nonce-low",
  "transaction-nonce-gap",
  "transaction-nonce-high",
  "transaction-fee-low",
  "transaction-balance",
  "transaction-expired",
  "transaction-overflow",
  "transaction-duplicate",
  "transaction-underpriced",
  "mempool-full",
  "mempool-account-full",
] as const;

export type RuleCode = (typeof ruleCodes)[number];

/** A rule broken: which one, and what was expected and came. */
export interface Rejection {
  readonly code: RuleCode;
  readonly detail: string;
}

export function rejection(code: RuleCode, detail: string): Rejection {
  return { code, detail };
}
