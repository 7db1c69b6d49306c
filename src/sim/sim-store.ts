/**
 * The disk of a simulated node: an ordered map with an explicit tail of batches that no sync has
 * covered. A crash keeps a prefix of that tail, whole batches only (what LevelDB was measured to do).
 * Invariant: what was reported as persisted is in `durable`.
 */
import { toHex } from "../base/bytes.ts";
import type { Ticket } from "../edge/conn.ts";
import type { Write } from "../edge/effect.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { SeededRandom } from "./seeded-random.ts";

interface Batch {
  readonly ticket: Ticket;
  readonly writes: readonly Write[];
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export class SimStore {
  private readonly durable = new Map<string, Entry>();
  private readonly current = new Map<string, Entry>();
  private tail: Batch[] = [];
  private backup: ReadonlyMap<string, Entry> | undefined;

  write(ticket: Ticket, writes: readonly Write[]): void {
    this.tail.push({ ticket, writes });
    apply(this.current, writes);
  }

  /** Makes everything up to and including `ticket` durable. */
  sync(ticket: Ticket): void {
    while (this.tail.length > 0 && this.tail[0]!.ticket <= ticket) {
      apply(this.durable, this.tail.shift()!.writes);
    }
  }

  /** The machine stops: some of what was not synced survives, in order; returns how much was lost. */
  crash(random: SeededRandom): number {
    const kept = random.below(this.tail.length + 1);
    const lost = this.tail.length - kept;
    for (const batch of this.tail.slice(0, kept)) apply(this.durable, batch.writes);
    this.tail = [];
    this.current.clear();
    for (const [name, entry] of this.durable) this.current.set(name, entry);
    return lost;
  }

  /** The operator copies what is durable. */
  makeBackup(): void {
    this.backup = new Map(this.durable);
  }

  /** While stopped: the copy takes the place of what was there. False when there is none. */
  restoreBackup(): boolean {
    if (this.backup === undefined) return false;
    for (const map of [this.durable, this.current]) {
      map.clear();
      for (const [name, entry] of this.backup) map.set(name, entry);
    }
    return true;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.current.get(toHex(key))?.value;
  }

  /** True when a power cut now would not lose `key`. */
  isDurable(key: Uint8Array): boolean {
    return this.durable.has(toHex(key));
  }

  /** What a restarting node finds. */
  image(): StoreImage {
    const entries = [...this.current].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      get: (key) => this.current.get(toHex(key))?.value,
      range: (prefix) => {
        const start = toHex(prefix);
        return entries
          .filter(([name]) => name.startsWith(start))
          .map(([, entry]) => [entry.key, entry.value] as const);
      },
    };
  }
}

function apply(map: Map<string, Entry>, writes: readonly Write[]): void {
  for (const { key, value } of writes) {
    if (value === undefined) map.delete(toHex(key));
    else map.set(toHex(key), { key, value });
  }
}
