/** Routes about transactions: submit one or many, ask what became of one. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { hexBytes } from "../../base/bytes.ts";
import type { Answer } from "../../edge/effect.ts";
import type { ApiNode } from "./api-node.ts";
import { parameters, read } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { transactionView } from "./views.ts";

/** Of a refused transaction; whatever is not listed is 422: understood, and against a rule. */
const refusals: Readonly<Record<string, number>> = {
  "transaction-malformed": 400,
  "transaction-size": 400,
  "transaction-duplicate": 409,
  "mempool-full": 429,
  "mempool-account-full": 429,
  "shutting-down": 503,
};

/** Of a batch that are checked in one turn of the loop: about 2 ms. */
const checkedPerTurn = 16;

export function addTransactionRoutes(app: FastifyInstance, node: ApiNode): void {
  const { queries, reader } = node;

  app.post("/api/transactions", async ({ body, query }, reply) => {
    read(parameters.nothing, query);
    const { transaction } = read(parameters.submission, body);
    const answer = await node.submit(hexBytes(transaction));
    if (answer.type === "refused") {
      throw new Problem(refusals[answer.code] ?? 422, answer.code, answer.detail);
    }
    return await reply.code(202).send(accepted(answer));
  });

  app.post("/api/transactions/batch", async ({ body, query }) => {
    read(parameters.nothing, query);
    const { transactions } = read(parameters.submissions, body);
    const results: unknown[] = [];
    for (const [index, transaction] of transactions.entries()) {
      if (index > 0 && index % checkedPerTurn === 0) await nextTurn();
      // One after another: a nonce may follow the one before it.
      const answer = await node.submit(hexBytes(transaction));
      results.push(answer.type === "refused" ? refused(answer) : accepted(answer));
    }
    return { results };
  });

  app.get("/api/transactions/:id", async ({ params, query }) => {
    read(parameters.nothing, query);
    const { id } = read(parameters.transactionRef, params);
    const pending = queries.pendingTransaction(id);
    if (pending !== undefined) {
      return { id, status: "pending", transaction: transactionView(pending) };
    }
    const found = await reader.transaction(id);
    if (found === undefined) {
      throw new Problem(404, "transaction-not-found", "neither pending nor on the chain");
    }
    const { block, index, transaction } = found;
    const { height, hash } = block.sealed.header;
    return {
      id,
      status: "confirmed",
      block: { height, hash, index },
      confirmations: block.confirmations,
      final: block.status === "final",
      transaction: transactionView(transaction),
    };
  });
}

function accepted(answer: Answer) {
  return { id: answer.type === "accepted" ? answer.id : null, status: "pending" };
}

function refused({ code, detail }: Extract<Answer, { type: "refused" }>) {
  return { id: null, status: "refused", code, detail };
}
