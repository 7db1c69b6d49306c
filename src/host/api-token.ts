/**
 * The secret that a client shows to change the node (`Authorization: Bearer ...`): 32 random bytes
 * in a file of the data folder, made at the first start, readable by its owner only. Whoever can
 * read the file may do what the node's operator may. NOT asked for reads, nor for a transaction,
 * which is signed by itself. SECURITY.md
 */
import { timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { toHex } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import type { Random } from "../edge/env.ts";
import { isHex32 } from "../model/ids.ts";
import { createFileSync } from "./durable-file.ts";
import { HostError, reasonOf, systemCode } from "./host-error.ts";

/** The token at `path`, made when there is none. `HostError` when others could read it. */
export function openOrCreateToken(path: string, random: Random): string {
  try {
    createFileSync(path, `${toHex(random.bytes(32))}\n`, { mode: 0o600 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw unusable(path, reasonOf(error), error);
  }
  return readToken(path);
}

/** As a client on this machine reads it. */
export function readToken(path: string): string {
  let token: string;
  let mode: number;
  try {
    mode = statSync(path).mode;
    token = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw unusable(path, reasonOf(error), error);
  }
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw unusable(path, "others than its owner may read it");
  }
  if (!isHex32(token)) throw unusable(path, "64 lower-case hex digits expected");
  return token;
}

/** `header`: the Authorization header. Takes as long for a near miss as for any other. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const given = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(header ?? "")?.[1] ?? "";
  const digest = (text: string) => sha256(Buffer.from(text, "latin1"));
  return timingSafeEqual(digest(given), digest(token));
}

function unusable(path: string, why: string, cause?: unknown): HostError {
  return new HostError(
    "usage",
    `the token of the HTTP API, ${path}, cannot be used: ${why}`,
    "chmod 600 it, or delete it so that a new one is made at the next start",
    cause,
  );
}
