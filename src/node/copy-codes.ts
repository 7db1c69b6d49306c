/**
 * Verdicts on one copy of a block that say nothing of the block: its hash covers neither the bytes
 * of the body as they came nor the seal, so another copy may be good. NOT what a verdict costs
 * (penalties.ts). protocol-spec/09-connections §4.
 */
import type { RuleCode } from "../model/rule-code.ts";

const ofBody = [
  "body-mismatch",
  "body-malformed",
  "transaction-malformed",
  "transaction-size",
] as const;

/** Another body than the header's. */
export const bodyCopyCodes: ReadonlySet<RuleCode> = new Set(ofBody);

/** Another body, or another seal. */
export const copyCodes: ReadonlySet<RuleCode> = new Set([...ofBody, "header-seal"] as const);
