/** Routes about the chain and its state: info, blocks, forks, accounts. Read only. */
import type { FastifyInstance } from "fastify";
import type { ApiNode } from "./api-node.ts";
import { parameters, read } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { blockView, headerView } from "./views.ts";

/** Blocks of a page when the client does not say. */
const pageDefault = 20;

export function addChainRoutes(app: FastifyInstance, node: ApiNode): void {
  const { queries, reader } = node;

  app.get("/api/blockchain/info", ({ query }) => {
    read(parameters.nothing, query);
    const { name, version } = node.program;
    const { slotMs, minFee, genesisTimeMs } = queries.networkFile();
    const { slot } = queries.slotAt(node.wallMs());
    const network = { slot, slotMs, genesisTimeMs, minFee: minFee.toString() };
    return { name, version, ...queries.info(), ...network };
  });

  // The newest page unless `from`, its lowest height, is given; heights ascend.
  app.get("/api/blockchain/blocks", async ({ query }) => {
    const { from: given, limit = pageDefault } = read(parameters.page, query);
    const { height } = queries.head();
    const from = given ?? Math.max(0, height - limit + 1);
    const blocks = (await reader.page(from, limit)).map(headerView);
    const next = from + blocks.length;
    return { from, limit, height, next: next <= height ? next : null, blocks };
  });

  app.get("/api/blockchain/blocks/:hashOrHeight", async ({ params, query }) => {
    read(parameters.nothing, query);
    const { hashOrHeight } = read(parameters.blockRef, params);
    const found = await reader.block(hashOrHeight);
    if (found !== undefined) return blockView(found.block, found.body);
    const what = typeof hashOrHeight === "number" ? "at this height" : "with this hash";
    throw new Problem(404, "block-not-found", `no block ${what}`);
  });

  app.get("/api/blockchain/forks", ({ query }) => {
    read(parameters.nothing, query);
    const { height, hash } = queries.head();
    return { head: { height, hash }, forks: queries.forks() };
  });

  app.get("/api/accounts/:address", ({ params, query }) => {
    read(parameters.nothing, query);
    const { address } = read(parameters.accountRef, params);
    const { nonce, balance } = queries.account(address);
    const pending = queries.pendingOf(address);
    return {
      address,
      nonce: nonce.toString(),
      balance: balance.toString(),
      pending,
      nextNonce: queries.nextNonceOf(address).toString(),
    };
  });
}
