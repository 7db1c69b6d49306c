/** 02-handshake §4. */
import { Reader } from "./bytes.ts";
import { check, Fault, refuse } from "./fault.ts";
import { bin, readHead, str, u32Max, u53Max, uint, type Value } from "./payload.ts";

const roles = ["", "full", "validator", "light"];
const bad = "bad-hello";

export type Hello = Readonly<Record<string, unknown>>;

function skip(r: Reader, count: number): void {
  let pending = count;
  while (pending > 0) {
    check(pending <= r.left, bad);
    pending--;
    const head = readHead(r);
    if (head.kind === "array") pending += head.count;
    else if (head.kind === "bin" || head.kind === "str") r.take(head.count);
  }
}

function read(bytes: Uint8Array): Hello {
  const r = new Reader(bytes, bad);
  const outer = readHead(r);
  check(outer.kind === "array" && outer.count <= r.left && outer.count >= 15, bad);
  const hash = bin(32, 1, 1);
  const fields: Record<string, (r: Reader) => Value> = {
    versionMin: uint(1, 65_535),
    versionMax: uint(1, 65_535),
    agent: str(64),
    bootId: bin(8, 1, 1),
    services: uint(0, u32Max),
    role: (from) => roles[Number(uint(1, 3)(from))] ?? refuse(bad),
    listenPort: uint(0, 65_535),
    height: uint(0, u53Max),
    headHash: hash,
    finalizedHeight: uint(0, u53Max),
    finalizedHash: hash,
    wallTimeMs: uint(0, u53Max),
    seenAddress: str(64),
    bulkCredit: uint(0, u32Max),
  };
  const hello: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) hello[name] = field(r);
  check(Number(hello["versionMin"]) <= Number(hello["versionMax"]), bad);
  const list = readHead(r);
  check(list.kind === "array" && list.count <= 64, bad);
  let last = -1;
  hello["features"] = Array.from({ length: list.count }, () => {
    const pair = readHead(r);
    check(pair.kind === "array" && pair.count === 2, bad);
    const id = Number(uint(0, 65_535)(r));
    check(id > last, bad);
    last = id;
    return { id, version: Number(uint(0, 65_535)(r)) };
  });
  skip(r, outer.count - 15);
  r.end();
  return hello;
}

/** Whatever is wrong in it is `bad-hello`. */
export function readHello(bytes: Uint8Array): Hello {
  try {
    return read(bytes);
  } catch (error) {
    throw error instanceof Fault ? new Fault(bad) : error;
  }
}
