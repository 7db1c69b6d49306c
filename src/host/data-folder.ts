/**
 * The folder of one node, readable by its owner only, and held by one process at a time.
 *
 *   lock              who holds the folder
 *   network.json      the network this node belongs to
 *   durable-tip.json  what must never be found missing (durable-tip.ts)
 *   peers.json        the address book over a restart (peers-file.ts)
 *   bans.json         who is turned away (conduct-files.ts)
 *   scores.json       how good peers have been to us
 *   api-token         who shows it may change the node (api-token.ts)
 *   chain/            the LevelDB
 *   keys/             node.json, validator.json and its floor, accounts.json of a devnet
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { FileLock } from "./file-lock.ts";
import { HostError, reasonOf } from "./host-error.ts";

export class DataFolder {
  readonly path: string;
  private readonly lock: FileLock;

  private constructor(path: string, lock: FileLock) {
    this.path = path;
    this.lock = lock;
  }

  /** Creates what is missing and takes the lock; `HostError` when another node holds it. */
  static open(path: string): DataFolder {
    try {
      for (const folder of [path, join(path, "keys"), join(path, "chain")]) makePrivate(folder);
    } catch (error) {
      throw new HostError(
        "usage",
        `the data folder ${path} cannot be used: ${reasonOf(error)}`,
        "give another one with --data-dir, or mend its permissions",
        error,
      );
    }
    const lock = FileLock.acquire(join(path, "lock"));
    if (!(lock instanceof FileLock)) throw folderInUse(path, lock.heldBy);
    return new DataFolder(path, lock);
  }

  get networkFile(): string {
    return join(this.path, "network.json");
  }
  get durableTip(): string {
    return join(this.path, "durable-tip.json");
  }
  get peers(): string {
    return join(this.path, "peers.json");
  }
  get bans(): string {
    return join(this.path, "bans.json");
  }
  get scores(): string {
    return join(this.path, "scores.json");
  }
  get apiToken(): string {
    return join(this.path, "api-token");
  }
  get chain(): string {
    return join(this.path, "chain");
  }
  get nodeKey(): string {
    return join(this.path, "keys", "node.json");
  }
  get validatorKey(): string {
    return join(this.path, "keys", "validator.json");
  }
  get accounts(): string {
    return join(this.path, "keys", "accounts.json");
  }

  close(): void {
    this.lock.release();
  }
}

export function folderInUse(path: string, pid?: number, cause?: unknown): HostError {
  const who = pid === undefined || pid === 0 ? "" : ` (process ${pid})`;
  return new HostError(
    "data-folder-in-use",
    `another node is using this data folder: ${path}${who}`,
    "stop that node, or give this one a folder of its own with --data-dir",
    cause,
  );
}

/** Makes `folder` with mode 0700 whatever the umask; a folder that was there keeps its mode. */
function makePrivate(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) chmodSync(folder, 0o700);
}
