/**
 * Which of two connections to one identity lives. Both ends see the same two and must choose the
 * same one without a word, or they close both; so the rule asks only what both know.
 *
 *      A ----dialled by A----> B        both live: the one dialled by the smaller node id stays,
 *      A <---dialled by B----- B        here (A < B) the upper one
 *
 * Only ever asked about an authenticated newcomer. protocol-spec/09-connections §1
 */
import type { NodeId } from "../../model/ids.ts";

export interface Link {
  readonly inbound: boolean;
  /** Hex of the peer's HELLO boot id. */
  readonly bootId: string;
  /** Both know that it is a block-only link. */
  readonly quiet: boolean;
}

export function survivor(
  self: NodeId,
  peer: NodeId,
  standing: Link,
  newcomer: Link,
): "standing" | "newcomer" {
  // A process that started anew has forgotten the old connection, whatever its socket says.
  if (newcomer.bootId !== standing.bootId) return "newcomer";
  // Or two who have nobody else would keep transactions from each other.
  if (newcomer.quiet !== standing.quiet) return standing.quiet ? "newcomer" : "standing";
  if (newcomer.inbound === standing.inbound) return "standing";
  const dialledBySmaller = newcomer.inbound ? peer < self : self < peer;
  return dialledBySmaller ? "newcomer" : "standing";
}
