/** Routes about finality and who makes it: proofs, validators, evidence. Read only. */
import type { FastifyInstance } from "fastify";
import { quorum } from "../../model/validator-set.ts";
import type { ApiNode } from "./api-node.ts";
import { parameters, read } from "./parameters.ts";
import { changeView, evidenceView, proofView, proposalView } from "./views.ts";

export function addFinalityRoutes(app: FastifyInstance, node: ApiNode): void {
  const { queries, reader, metrics } = node;

  // An answer for every hash: that a block is unknown is where it stands.
  app.get("/api/blockchain/finality/:hashOrHeight", async ({ params, query }) => {
    read(parameters.nothing, query);
    const { hashOrHeight: ref } = read(parameters.blockRef, params);
    const { standing, block } = await reader.standing(ref);
    const { hash, height, slot } = block?.sealed.header ?? {};
    const proof = standing === "final" ? await reader.getFinalityProof(ref) : undefined;
    return {
      status: standing,
      hash: hash ?? (typeof ref === "string" ? ref : null),
      height: height ?? (typeof ref === "number" ? ref : null),
      slot: slot ?? null,
      confirmations: block?.confirmations ?? 0,
      justifiedHeight: queries.justified().height,
      finalizedHeight: queries.finalized().height,
      proof: proof === undefined ? null : proofView(proof),
    };
  });

  app.get("/api/validators", ({ query }) => {
    read(parameters.nothing, query);
    const { jailed, pending, queue, proposals } = queries.registry();
    const validators = metrics.validators().map((validator) => ({
      rank: validator.rank,
      key: validator.key,
      lastSealSlot: validator.lastSealSlot ?? null,
      lastVoteSlot: validator.lastVoteSlot ?? null,
      missedSlots: validator.missedSlots,
      jailed: validator.jailed,
      self: validator.self,
    }));
    return {
      height: queries.head().height,
      slot: queries.slotAt(node.wallMs()).slot,
      quorum: quorum(validators.length),
      validators,
      jailed,
      pending:
        pending === undefined ? null : { ...changeView(pending), queuedAt: pending.queuedAt },
      queue: queue.map(changeView),
      proposals: proposals.map(proposalView),
    };
  });

  app.get("/api/evidence", ({ query }) => {
    read(parameters.nothing, query);
    return { evidence: queries.evidence().map(evidenceView) };
  });
}
