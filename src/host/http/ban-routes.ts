/** Routes about bans: who is turned away, ban, lift. Writing needs the token (api-token.ts). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseBanSubject } from "../../net/conduct/ban-list.ts";
import { isAuthorized } from "../api-token.ts";
import type { ApiNode } from "./api-node.ts";
import { parameters, read } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { banView } from "./views.ts";

/** Of a refused command; whatever is not listed is 400. */
const refusals: Readonly<Record<string, number>> = {
  "bans-full": 409,
  "ban-not-found": 404,
  "shutting-down": 503,
};

export function addBanRoutes(app: FastifyInstance, node: ApiNode): void {
  const { conduct } = node.queries;

  app.get("/api/bans", ({ query }) => {
    read(parameters.nothing, query);
    return { bans: conduct.bans().map(banView) };
  });

  app.post("/api/bans", async (request, reply) => {
    demandToken(request, node.token);
    read(parameters.nothing, request.query);
    const { subject, reason = "", seconds } = read(parameters.ban, request.body);
    const forMs = seconds === undefined ? undefined : seconds * 1000;
    const answer = await node.command({ type: "ban", subject, reason, forMs });
    if (answer.type === "refused") throw refused(answer);
    const value = parseBanSubject(subject)?.value;
    const ban = conduct.bans().find((each) => each.value === value);
    return await reply.code(201).send(ban === undefined ? {} : banView(ban));
  });

  app.delete("/api/bans", async (request) => {
    demandToken(request, node.token);
    const { subject } = read(parameters.banRef, request.query);
    const answer = await node.command({ type: "lift-ban", subject });
    if (answer.type === "refused") throw refused(answer);
    return { lifted: parseBanSubject(subject)?.value ?? subject };
  });
}

function demandToken(request: FastifyRequest, token: string): void {
  if (isAuthorized(request.headers.authorization, token)) return;
  const detail = "send Authorization: Bearer with what the file api-token of the data folder says";
  throw new Problem(401, "token-needed", detail);
}

function refused({ code, detail }: { readonly code: string; readonly detail: string }): Problem {
  return new Problem(refusals[code] ?? 400, code, detail);
}
