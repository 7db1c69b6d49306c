/**
 * The HTTP API without its socket: routes behind the checks that every request passes. Reads are
 * open to whoever reaches the listener. Writing is for clients on this machine that speak JSON and
 * call us by our own name; whatever changes the node itself needs the token besides (api-token.ts),
 * a transaction does not: it is signed. No cookie and no CORS, so a web page can neither read an
 * answer nor write.
 *
 *   request -> Host ours? -> [writes: loopback, our Origin, JSON] -> size, parse -> route [token]
 *
 * Invariant: every answer that is not a success is problem+json with a stable code, and what a
 * client does wrong is a 4xx.
 */
import type { Socket } from "node:net";
import { type FastifyInstance, type FastifyRequest, fastify } from "fastify";
import { httpLimits } from "../../params/limits.ts";
import { AllowedHosts, isLoopback } from "./allowed-hosts.ts";
import type { ApiNode } from "./api-node.ts";
import { addBanRoutes } from "./ban-routes.ts";
import { addChainRoutes } from "./chain-routes.ts";
import { addFinalityRoutes } from "./finality-routes.ts";
import { addNodeRoutes } from "./node-routes.ts";
import { Problem, problemBody, problemOf, sendProblem } from "./problem.ts";
import { addTransactionRoutes } from "./transaction-routes.ts";

export interface HttpAppOptions {
  /** What the listener is bound to: an address or a name. */
  readonly host: string;
  /** For a request to arrive whole; less in tests. */
  readonly requestMs?: number;
  /** Our own faults, for the log. */
  readonly onFault?: (error: unknown) => void;
}

/** Head lines of a request must be here within this. */
const headersMs = 5000;
const keepAliveMs = 5000;

export function httpApp(node: ApiNode, options: HttpAppOptions): FastifyInstance {
  const requestMs = options.requestMs ?? httpLimits.requestMs;
  const app = fastify({
    logger: false,
    bodyLimit: httpLimits.bodyBytesMax,
    requestTimeout: requestMs,
    // A reader that takes nothing for this long is gone.
    connectionTimeout: 3 * requestMs,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: true,
    http: {
      headersTimeout: Math.min(headersMs, requestMs),
      connectionsCheckingInterval: Math.min(1000, requestMs),
    },
    clientErrorHandler: (error, socket) => onClientError(error.code, socket),
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, problemOf(error));
    },
  });
  app.server.maxConnections = httpLimits.connectionsMax;
  app.removeContentTypeParser("text/plain");
  const allowed = new AllowedHosts(options.host);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-content-type-options", "nosniff").header("cache-control", "no-store");
    checkHost(request, allowed);
  });
  app.setNotFoundHandler((request, reply) => {
    const detail = `no such route: ${request.method} ${request.url.slice(0, 200)}`;
    sendProblem(reply, new Problem(404, "not-found", detail));
  });
  app.setErrorHandler((error, _request, reply) => {
    const problem = problemOf(error);
    if (problem.code === "internal") options.onFault?.(error);
    sendProblem(reply, problem);
  });
  addNodeRoutes(app, node);
  addBanRoutes(app, node);
  addChainRoutes(app, node);
  addTransactionRoutes(app, node);
  addFinalityRoutes(app, node);
  return app;
}

function checkHost(request: FastifyRequest, allowed: AllowedHosts): void {
  const { host, origin } = request.headers;
  if (!allowed.has(host)) {
    throw new Problem(403, "host-not-allowed", "the Host header is not a name of this node");
  }
  if (request.method === "GET" || request.method === "HEAD") return;
  if (!isLoopback(request.socket.remoteAddress)) {
    throw new Problem(403, "loopback-only", "only clients on this machine may write");
  }
  if (!allowed.hasOrigin(origin)) {
    throw new Problem(403, "origin-not-allowed", "web pages of others may not write");
  }
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (request.method === "POST" && type !== "application/json") {
    throw new Problem(415, "wrong-content-type", "send application/json");
  }
}

/** What is not HTTP, or came too slowly: answered by hand, then closed. */
function onClientError(code: string, socket: Socket): void {
  if (code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem =
    code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? new Problem(408, "request-timeout", "the request did not arrive in time")
      : code === "HPE_HEADER_OVERFLOW"
        ? new Problem(431, "headers-too-large", "the head of the request is too large")
        : new Problem(400, "bad-request", "this is not an HTTP request");
  const body = problemBody(problem);
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${body.status} ${body.title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
  );
}
