/** Routes about the node itself: health, sync, peers, metrics as JSON and for Prometheus. Read only. */
import type { FastifyInstance } from "fastify";
import type { ApiNode } from "./api-node.ts";
import { parameters, read } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { banView, peerView } from "./views.ts";

export function addNodeRoutes(app: FastifyInstance, node: ApiNode): void {
  const { queries } = node;

  app.get("/api/health", ({ query }) => {
    read(parameters.nothing, query);
    const { state, height, finalizedHeight, peers } = queries.info();
    const { offsetMs, peers: known, isOff } = queries.clocks();
    return {
      status: "ok",
      ready: notReadyReasons(node).length === 0,
      state,
      height,
      finalizedHeight,
      peers,
      clock: { offsetMs: offsetMs ?? null, peers: known, isOff },
      partition: queries.conduct.reach(),
    };
  });

  // That it answers is the answer: the loop turns.
  app.get("/api/health/live", () => ({ status: "live" }));

  app.get("/api/health/ready", () => {
    const reasons = notReadyReasons(node);
    if (reasons.length === 0) return { status: "ready" };
    throw new Problem(503, "not-ready", reasons.join("; "), { reasons });
  });

  app.get("/api/sync", ({ query }) => {
    read(parameters.nothing, query);
    return queries.sync();
  });

  app.get("/api/metrics", ({ query }) => {
    read(parameters.nothing, query);
    return node.metrics.view();
  });

  app.get("/metrics", async ({ query }, reply) => {
    read(parameters.nothing, query);
    const { exposition } = node.metrics;
    const text = await exposition.text(node.metrics.view());
    return await reply.header("content-type", exposition.contentType).send(text);
  });

  app.get("/api/peers", ({ query }) => {
    read(parameters.nothing, query);
    return { ...queries.peerCounts(), peers: queries.peers().map(peerView) };
  });

  app.get("/api/peers/:nodeId", ({ params, query }) => {
    read(parameters.nothing, query);
    const { nodeId } = read(parameters.peerRef, params);
    const peer = queries.peers().find((each) => each.nodeId === nodeId);
    const { value, reasons } = queries.conduct.standing(nodeId);
    const ban = queries.conduct.bans().find((each) => each.value === nodeId);
    if (peer === undefined && ban === undefined && reasons.length === 0) {
      throw new Problem(404, "peer-not-found", "neither connected nor remembered");
    }
    return {
      nodeId,
      connection: peer === undefined ? null : peerView(peer),
      value,
      reasons,
      ban: ban === undefined ? null : banView(ban),
    };
  });

  app.get("/api/peers/:nodeId/frame", ({ params, query }) => {
    read(parameters.nothing, query);
    const { nodeId } = read(parameters.peerRef, params);
    const frame = queries.lastFrame(nodeId);
    if (frame !== undefined) return frame;
    const why = "no frame is kept: start the node with --record-frames, and name a connected peer";
    throw new Problem(404, "frame-not-found", why);
  });
}

/** Empty when the node follows its network. */
function notReadyReasons({ queries }: ApiNode): string[] {
  const { state, currentHeight, targetHeight } = queries.sync();
  if (state === "synced") return [];
  return state === "lonely"
    ? ["no peer is connected"]
    : [`syncing: at height ${currentHeight} of ${targetHeight}`];
}
