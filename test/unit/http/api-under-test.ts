/** Apps over real nodes in memory, and how tests ask them. */
import assert from "node:assert/strict";
import { after } from "node:test";
import type { FastifyInstance, InjectOptions } from "fastify";
import type { ApiNode } from "../../../src/host/http/api-node.ts";
import { httpApp } from "../../../src/host/http/http-app.ts";
import { SoloNode } from "../../support/solo-node.ts";

export const token = "ab".repeat(32);
/** At height 5, block 4 is final. */
export const solo = new SoloNode();
solo.runSlots(5);
const faults: unknown[] = [];
const apps: FastifyInstance[] = [];

export function appOf(node: SoloNode, options: { host?: string; api?: Partial<ApiNode> } = {}) {
  const api: ApiNode = {
    program: { name: "windlass", version: "0.0.1" },
    queries: node.node.queries,
    reader: node.reader,
    metrics: node.metrics,
    submit: (bytes) => Promise.resolve(node.submit(bytes)),
    command: (command) => Promise.resolve(node.command(command)),
    token,
    wallMs: () => node.wallMs(),
    ...options.api,
  };
  const host = options.host ?? "127.0.0.1";
  const app = httpApp(api, { host, onFault: (error) => faults.push(error) });
  apps.push(app);
  return app;
}

const app = appOf(solo);
after(async () => {
  for (const open of apps) await open.close();
  assert.deepEqual(faults, [], "no request was our own fault");
});

export async function ask(options: InjectOptions | string, through = app) {
  const full = typeof options === "string" ? { url: options } : options;
  const headers = { host: "127.0.0.1:5321", ...full.headers };
  const response = await through.inject({ ...full, headers });
  return { ...response, status: response.statusCode, json: JSON.parse(response.body || "null") };
}

export const post = (payload: unknown, headers: Record<string, string> = {}): InjectOptions => ({
  method: "POST",
  url: "/api/transactions",
  headers: { "content-type": "application/json", ...headers },
  payload: typeof payload === "string" ? payload : JSON.stringify(payload),
});

export const postBatch = (transactions: unknown): InjectOptions => ({
  ...post({ transactions }),
  url: "/api/transactions/batch",
});
