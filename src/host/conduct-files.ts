/**
 * Bans and scores of peers over a restart: two small files of the data folder (kept-file.ts). Single
 * entries that are damaged are left out and said. NOT the address book (peers-file.ts), nor what the entries mean (net/).
 *
 *   bans.json     at once when a ban changes     scores.json   every few minutes, and at the end
 *
 * Invariant: what is read is bounded before it is kept.
 */
import { z } from "zod";
import { isHex32 } from "../model/ids.ts";
import type { BanRecord } from "../net/conduct/ban-list.ts";
import type { KeptRecords } from "../net/conduct/misconduct.ts";
import type { ScoreRecord } from "../net/conduct/peer-score.ts";
import { connectionLimits } from "../params/limits.ts";
import { KeptFile, type SayWarning } from "./kept-file.ts";
import { parseJson } from "./loose-json.ts";

const file = { bytesMax: 4 * 1024 * 1024, without: "what it said counts for nothing" };
const scoresMs = 5 * 60_000;

const ban = z.strictObject({
  type: z.enum(["address", "subnet", "identity"]),
  value: z.string().max(64),
  reason: z.string().max(connectionLimits.banReasonMax),
  by: z.enum(["operator", "rule"]),
  sinceMs: z.number(),
  untilMs: z.number().optional(),
});
const score = z.strictObject({
  nodeId: z.string().refine(isHex32),
  savedMs: z.int().nonnegative(),
  parts: z
    .array(z.tuple([z.string().regex(/^[a-z:-]{1,64}$/), z.int()]))
    .max(connectionLimits.scoreReasonsMax + 1),
});

export interface ConductPaths {
  readonly bans: string;
  readonly scores: string;
}

export interface ConductSource {
  bansRevision(): number;
  kept(): KeptRecords;
}

/** What the files say. Entries that are none are left out; a damaged file is put aside. */
export function readConduct(paths: ConductPaths, say: SayWarning): KeptRecords {
  const bans = readEntries(paths.bans, ban, 2 * connectionLimits.bannedMax, say);
  const scores = readEntries(paths.scores, score, connectionLimits.scoredPeersMax, say);
  return {
    bans: bans.map(({ untilMs, ...rest }): BanRecord => ({ ...rest, untilMs })),
    scores: scores satisfies ScoreRecord[],
  };
}

export class ConductFiles {
  private readonly bans: KeptFile;
  private readonly scores: KeptFile;
  private readonly source: ConductSource;
  private revision: number;
  private readonly timer: NodeJS.Timeout;

  constructor(paths: ConductPaths, source: ConductSource, say: SayWarning) {
    this.bans = new KeptFile(paths.bans, file, say);
    this.scores = new KeptFile(paths.scores, file, say);
    this.source = source;
    this.revision = source.bansRevision();
    this.timer = setInterval(() => void this.saveScores(), scoresMs);
    this.timer.unref();
  }

  /** Whatever happened may have changed the bans. */
  onEvent(): Promise<void> {
    const revision = this.source.bansRevision();
    if (revision === this.revision) return this.bans.settled();
    this.revision = revision;
    return this.bans.write(() => textOf(this.source.kept().bans));
  }

  /** Writes what is not written yet, and no more after it. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.onEvent();
    await this.saveScores();
  }

  private saveScores(): Promise<void> {
    return this.scores.write(() => textOf(this.source.kept().scores));
  }
}

/** One entry a line. */
function textOf(entries: readonly unknown[]): string {
  return `[\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`;
}

function readEntries<T extends z.ZodType>(
  path: string,
  schema: T,
  max: number,
  say: SayWarning,
): z.output<T>[] {
  const kept = new KeptFile(path, file, say);
  const text = kept.read();
  if (text === undefined) return [];
  const json = parseJson(text);
  if (!Array.isArray(json)) {
    kept.putAside("it is no list");
    return [];
  }
  const parsed = json.slice(0, max).map((entry) => schema.safeParse(entry));
  const good = parsed.flatMap((each) => (each.success ? [each.data] : []));
  const left = json.length - good.length;
  if (left > 0) say("warn", `${path}: ${left} entries are damaged and left out`);
  return good;
}
