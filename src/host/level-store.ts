/**
 * The store on disk: LevelDB, written in the order asked, one write in the air. What one step of the
 * node asks is one write; what arrives meanwhile is merged into the next (group commit), so a slow
 * disk costs latency, not rate.
 *
 *   persist 1  | 2* 3 | 4*     (* sync; | end of a step)
 *   in the air  [1]    [2* 3 4*]      -> persisted {through: 4}
 *
 * Invariant: `onPersisted(t)` comes only when everything up to `t` survives a power cut; the
 * durable-tip file never names a block that the store could lack. Interprets no record but the
 * prefixes that are read at start (store-preload.ts). protocol-spec/06-validation §6.
 */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { assert } from "../base/assert.ts";
import type { Ticket } from "../edge/conn.ts";
import type { DurableTip, Effect, Write } from "../edge/effect.ts";
import { folderInUse } from "./data-folder.ts";
import { HostError, reasonOf, systemCode } from "./host-error.ts";
import { WriteMerge } from "./write-merge.ts";

type Persist = Extract<Effect, { type: "persist" }>;

export type Level = ClassicLevel<Uint8Array, Uint8Array>;

export interface StoreWatcher {
  onPersisted(through: Ticket): void;
  /** A write failed: nothing is written any more. */
  onFailed(error: HostError): void;
}

/** What is not LevelDB's own choice; compared with others by bench/level-options.ts. */
export const levelOptions = { writeBufferSize: 8 * 1024 * 1024, cacheSize: 16 * 1024 * 1024 };

interface Group {
  through: Ticket;
  sync: boolean;
  tip: DurableTip | undefined;
  readonly written: Promise<void>;
  readonly settle: () => void;
}

export class LevelStore {
  readonly level: Level;
  private readonly path: string;
  private readonly saveTip: (tip: DurableTip) => Promise<void>;
  private watcher: StoreWatcher | undefined;
  private waiting: Group | undefined;
  /** The writes of `waiting`. */
  private readonly merge = new WriteMerge();
  private inAir: Group | undefined;
  private failed: HostError | undefined;
  private isClosing = false;
  /** Also true while the watcher is told: what it persists then must not overtake what waits. */
  private isDraining = false;
  /** The last write was not a sync one. */
  private isDirty = false;

  private constructor(level: Level, path: string, saveTip: (tip: DurableTip) => Promise<void>) {
    this.level = level;
    this.path = path;
    this.saveTip = saveTip;
  }

  /** `HostError` when another process has it, or it cannot be read. */
  static async open(
    path: string,
    saveTip: (tip: DurableTip) => Promise<void>,
  ): Promise<LevelStore> {
    const level: Level = new ClassicLevel<Uint8Array, Uint8Array>(path, {
      keyEncoding: "view",
      valueEncoding: "view",
      ...levelOptions,
    });
    try {
      await level.open();
    } catch (error) {
      throw openError(error, path);
    }
    return new LevelStore(level, path, saveTip);
  }

  watch(watcher: StoreWatcher): void {
    this.watcher = watcher;
  }

  persist(effect: Pick<Persist, "ticket" | "writes" | "sync" | "durableTip">): void {
    if (this.failed !== undefined || this.isClosing) return;
    this.waiting ??= newGroup();
    const group = this.waiting;
    assert(effect.ticket > group.through, "tickets ascend");
    for (const write of effect.writes) this.merge.add(write);
    group.through = effect.ticket;
    if (effect.sync) group.sync = true;
    if (effect.durableTip !== undefined) group.tip = effect.durableTip;
    if (!this.isDraining) void this.drain();
  }

  /** In the order of `keys`; sees everything persisted before this call. */
  async load(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    await (this.waiting ?? this.inAir)?.written;
    try {
      return await this.level.getMany([...keys]);
    } catch (error) {
      throw damaged(this.path, error);
    }
  }

  /** Writes what waits, durably, then closes. */
  async close(): Promise<void> {
    this.isClosing = true;
    await (this.waiting ?? this.inAir)?.written;
    if (this.failed === undefined && this.isDirty) {
      await this.level.batch([{ type: "del", key: nothing }], { sync: true });
    }
    await this.level.close();
  }

  private async drain(): Promise<void> {
    this.isDraining = true;
    // Whatever else this step of the node persists shares the write.
    await undefined;
    for (let group = this.takeWaiting(); group !== undefined; group = this.takeWaiting()) {
      this.inAir = group;
      try {
        await this.write(group, this.merge.take());
      } catch (error) {
        this.failed = writeError(this.path, error);
        this.takeWaiting()?.settle();
      }
      this.inAir = undefined;
      group.settle();
      if (this.failed !== undefined) this.watcher?.onFailed(this.failed);
      else if (group.sync) this.watcher?.onPersisted(group.through);
    }
    this.isDraining = false;
  }

  private takeWaiting(): Group | undefined {
    const group = this.waiting;
    this.waiting = undefined;
    return group;
  }

  private async write(group: Group, writes: readonly Write[]): Promise<void> {
    // Chained: an array would be cloned and encoded once more, a sixth of the work of a sync.
    const batch = this.level.batch();
    // An empty batch is not written at all, so a sync without content carries a no-op.
    if (writes.length === 0) batch.del(nothing);
    for (const { key, value } of writes) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
    }
    await batch.write({ sync: group.sync });
    this.isDirty = !group.sync;
    if (!group.sync) return;
    await this.syncOlderLogs();
    if (group.tip !== undefined) await this.saveTip(group.tip);
  }

  /**
   * A sync write makes its own log file durable. When LevelDB has just begun a new one, the older
   * holds writes that were never synced and are not yet in a table: it needs its own fdatasync.
   */
  private async syncOlderLogs(): Promise<void> {
    const logs = (await readdir(this.path)).filter((name) => name.endsWith(".log"));
    if (logs.length < 2) return;
    for (const name of logs) {
      try {
        const file = await open(join(this.path, name), "r");
        await file.datasync().finally(() => file.close());
      } catch (error) {
        // Gone: its content is in a table, which LevelDB synced first.
        if (systemCode(error) !== "ENOENT") throw error;
      }
    }
  }
}

const nothing = new Uint8Array([0]);

function newGroup(): Group {
  let settle = () => {};
  const written = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { through: -1 as Ticket, sync: false, tip: undefined, written, settle };
}

function openError(error: unknown, path: string): HostError {
  const cause = (error as { cause?: unknown }).cause ?? error;
  return systemCode(cause) === "LEVEL_LOCKED"
    ? folderInUse(path, undefined, error)
    : damaged(path, cause);
}

/** The chain can always be had again: keys and signer floors lie elsewhere. */
export function damaged(path: string, cause: unknown): HostError {
  return new HostError(
    "store-damaged",
    `the chain in ${path} cannot be read: ${reasonOf(cause)}`,
    `move that folder away and start again: the node syncs anew, keys and network stay`,
    cause,
  );
}

function writeError(path: string, cause: unknown): HostError {
  return new HostError(
    "store-damaged",
    `the chain in ${path} cannot be written: ${reasonOf(cause)}`,
    "see that the disk has space and is writable, then start again: nothing final is lost",
    cause,
  );
}
