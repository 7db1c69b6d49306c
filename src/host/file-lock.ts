/**
 * A lock that one process at a time holds on a folder or a file: a small file that names the
 * process. A holder that is gone (killed, power cut, pid given to another process) is found out and
 * its lock taken over. Advisory; LevelDB keeps a lock of the operating system besides.
 *
 * Invariant: between `acquire` and `release` the file at `path` holds our own text.
 */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createFileSync } from "./durable-file.ts";
import { systemCode } from "./host-error.ts";

interface Holder {
  readonly pid: number;
  /** Boot and start time of the process, so that a reused pid is not taken for it; "" unknown. */
  readonly life: string;
}

export class FileLock {
  private readonly path: string;
  private readonly text: string;

  private constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** The lock, or the pid of the process that holds it. */
  static acquire(path: string): FileLock | { readonly heldBy: number } {
    const nonce = randomBytes(8).toString("hex");
    const text = `${JSON.stringify({ pid: process.pid, life: lifeOf(process.pid), nonce })}\n`;
    // A second round is needed only when a stale lock was cleared; a third when others do the same.
    for (let round = 0; round < 3; round++) {
      try {
        createFileSync(path, text, { mode: 0o600 });
        return new FileLock(path, text);
      } catch (error) {
        if (systemCode(error) !== "EEXIST") throw error;
      }
      const found = readIfThere(path);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder !== undefined && isAlive(holder)) return { heldBy: holder.pid };
      clearStale(path, found);
    }
    return { heldBy: parseHolder(readIfThere(path) ?? "")?.pid ?? 0 };
  }

  release(): void {
    if (readIfThere(this.path) === this.text) rmSync(this.path, { force: true });
  }
}

/** Moves the stale lock away; puts it back when someone else was faster and it is a live one. */
function clearStale(path: string, stale: string): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, "utf8") !== stale) linkSync(aside, path);
  } catch (error) {
    const code = systemCode(error);
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, life } = JSON.parse(text) as Partial<Holder>;
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof life !== "string") return undefined;
    return { pid: pid!, life };
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  const life = lifeOf(holder.pid);
  if (life !== undefined && holder.life !== "") return life === holder.life;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** "" when the process is gone, undefined where the system does not tell (no /proc). */
function lifeOf(pid: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readIfThere(`/proc/${pid}/stat`);
    if (stat === undefined) return "";
    // The name in parentheses may hold anything; state and start time are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "" : `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}
