/**
 * The line a terminal shows every few seconds: the state word first, always the same order.
 *
 *   12:04:10 SYNCED   height 1,284 (7b3f0a11..91c2)  final 1,278  peers 8 (5 out 3 in)  mempool 14
 *   12:04:10 SYNCING  1,284 / 9,020 (14 %)  310 blocks/s  ~25 s left  fetching 256 from 2 peers ...
 *   12:04:10 LONELY   no peers: tried 3, 2 refused, 1 wrong-network  height 1,284 (7b3f0a11..91c2)
 *   12:04:10 LONELY   no peers: dialling 127.0.0.1:4322  height 0 (7b3f0a11..91c2)
 *   12:04:10 HALTED   two final blocks contradict each other, see the log  height 1,284 (7b3f0a11..
 */
import { BoundedMap } from "../base/bounded.ts";
import type { Conn } from "../edge/conn.ts";
import type { NodeEvent } from "../edge/event.ts";
import { printable, short } from "./event-text.ts";

export interface StatusView {
  readonly info: {
    readonly height: number;
    readonly headHash: string;
    readonly finalizedHeight: number;
    readonly peers: { readonly inbound: number; readonly outbound: number };
    readonly mempool: number;
    /** Why it takes no side any more; nothing else is worth saying first. */
    readonly halted?: string | undefined;
  };
  readonly sync: {
    readonly state: "synced" | "syncing" | "lonely";
    readonly currentHeight: number;
    readonly targetHeight: number;
    readonly blocksPerSecond: number;
    readonly ranges?: readonly { readonly blocks: number }[] | undefined;
  };
}

export function statusLine(
  { info, sync }: StatusView,
  extra: { readonly wallMs: number; readonly reasons: string; readonly durableHeight: number },
): string {
  const time = new Date(extra.wallMs).toTimeString().slice(0, 8);
  const { inbound, outbound } = info.peers;
  const head = `height ${grouped(info.height)} (${short(info.headHash)})  final ${grouped(info.finalizedHeight)}`;
  const peers = `peers ${inbound + outbound} (${outbound} out ${inbound} in)`;
  const lost =
    info.finalizedHeight < extra.durableHeight
      ? `  ERROR: final block ${grouped(extra.durableHeight)} was lost from disk, syncing it again`
      : "";
  if (info.halted !== undefined) {
    return `${time} HALTED   two final blocks contradict each other, see the log  ${head}  ${peers}`;
  }
  switch (sync.state) {
    case "synced":
      return `${time} SYNCED   ${head}  ${peers}  mempool ${grouped(info.mempool)}${lost}`;
    case "syncing":
      return `${time} SYNCING  ${progress(sync)}${fetching(sync)}  ${peers}${lost}`;
    case "lonely":
      return `${time} LONELY   no peers: ${extra.reasons}  ${head}${lost}`;
  }
}

function progress({ currentHeight, targetHeight, blocksPerSecond }: StatusView["sync"]): string {
  const target = Math.max(targetHeight, currentHeight);
  const percent = target === 0 ? 0 : Math.floor((100 * currentHeight) / target);
  const heights = `${grouped(currentHeight)} / ${grouped(target)} (${percent} %)`;
  if (blocksPerSecond <= 0) return heights;
  const left = duration((target - currentHeight) / blocksPerSecond);
  return `${heights}  ${grouped(Math.round(blocksPerSecond))} blocks/s  ~${left} left`;
}

/** Bodies on their way. */
function fetching({ ranges = [] }: StatusView["sync"]): string {
  const blocks = ranges.reduce((sum, range) => sum + range.blocks, 0);
  if (blocks === 0) return "";
  return `  fetching ${grouped(blocks)} from ${ranges.length} peer${ranges.length === 1 ? "" : "s"}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** `1,284`: the same in every locale. */
export function grouped(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Why there are no peers: outcomes of dials and handshakes since the last peer was ready. */
export class LonelyReasons {
  private readonly counts = new BoundedMap<string, number>(16);
  /** Dials and their handshakes under way, by address. */
  private readonly dials = new BoundedMap<string, Conn>(16);

  onEvent(event: NodeEvent): void {
    if (event.type === "dialling") this.dials.set(event.address, event.conn);
    else if (event.type === "peer-ready") {
      this.counts.clear();
      this.endDial(event.conn);
    } else if (event.type === "dial-failed") {
      this.dials.delete(event.address);
      this.count(event.reason);
    } else if (event.type === "peer-closed") {
      this.endDial(event.conn);
      if (event.nodeId === undefined) this.count(event.code);
    }
  }

  /** "dialling a.example:4321 and 1 more; tried 3, 2 refused, 1 wrong-network". */
  get text(): string {
    const [first] = this.dials.keys();
    if (first === undefined) return this.tried ?? "waiting for one to connect";
    const more = this.dials.size - 1;
    const dialling = `dialling ${printable(first, 64)}${more > 0 ? ` and ${more} more` : ""}`;
    return this.tried === undefined ? dialling : `${dialling}; ${this.tried}`;
  }

  private get tried(): string | undefined {
    const counts = [...this.counts.entries()].sort(([, a], [, b]) => b - a);
    if (counts.length === 0) return undefined;
    const tried = counts.reduce((sum, [, count]) => sum + count, 0);
    const reasons = counts
      .slice(0, 4)
      .map(([reason, count]) => `${count} ${printable(reason, 40)}`);
    return [`tried ${tried}`, ...reasons].join(", ");
  }

  private endDial(conn: Conn): void {
    for (const [address, other] of this.dials.entries()) {
      if (other === conn) this.dials.delete(address);
    }
  }

  private count(reason: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }
}
