/**
 * Errors of the HTTP API: problem+json (RFC 9457) with a stable `code`, whatever went wrong: our
 * rules, the router, the parser, a broken request. What is the client's fault is never a 5xx.
 */
import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/** Thrown by routes and checks; the message is the `detail`. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  /** Further members of the answer. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

export function problemBody({ status, code, message, extra }: Problem) {
  const title = STATUS_CODES[status] ?? "Error";
  return { type: `urn:windlass:problem:${code}`, title, status, code, detail: message, ...extra };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .header("content-type", "application/problem+json; charset=utf-8")
    .send(JSON.stringify(problemBody(problem)));
}

/** Fastify's own errors, by what they mean to a client. */
const codes: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["wrong-content-type", "send application/json"],
  FST_ERR_CTP_BODY_TOO_LARGE: ["body-too-large", "the body is larger than this API takes"],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["bad-json", "the body is empty"],
  FST_ERR_CTP_INVALID_JSON_BODY: ["bad-json", "the body is not JSON"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["bad-request", "the body has not the length it claims"],
  FST_ERR_BAD_URL: ["bad-url", "the path cannot be decoded"],
  FST_ERR_MAX_PARAM_LENGTH: ["bad-parameter", "a part of the path is too long"],
};

/** What to tell a client about any error; an own fault tells nothing but that it is one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number };
  const known = codes[code ?? ""];
  const status = statusCode ?? (known === undefined ? 500 : 400);
  if (known !== undefined) return new Problem(status, ...known);
  if (error instanceof SyntaxError) return new Problem(400, "bad-json", "the body is not JSON");
  if (status >= 400 && status < 500) {
    return new Problem(status, "bad-request", "the request cannot be read");
  }
  return status === 503
    ? new Problem(503, "shutting-down", "the node stops")
    : new Problem(500, "internal", "the node could not answer; its log says why");
}
