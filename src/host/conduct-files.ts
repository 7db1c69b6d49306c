/**
 * Bans and scores of peers over a restart: two small files of the data folder, written whole or not
 * at all. What is damaged is left out and said: no file of these may keep a node from starting. NOT
 * the address book (peers-file.ts), nor what the entries mean (net/).
 *
 *   bans.json     at once when a ban changes     scores.json   every few minutes, and at the end
 *
 * Invariant: one write at a time for one file; what is read is bounded before it is kept.
 */
import { readFileSync, renameSync, statSync } from "node:fs";
import { z } from "zod";
import { isHex32 } from "../model/ids.ts";
import type { BanRecord } from "../net/conduct/ban-list.ts";
import type { KeptRecords } from "../net/conduct/misconduct.ts";
import type { ScoreRecord } from "../net/conduct/peer-score.ts";
import { connectionLimits } from "../params/limits.ts";
import { replaceFile } from "./durable-file.ts";
import { reasonOf, systemCode } from "./host-error.ts";
import { parseJson } from "./loose-json.ts";

const fileBytesMax = 4 * 1024 * 1024;
const scoresMs = 5 * 60_000;
const mode = 0o600;

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

type Say = (level: "warn", text: string) => void;

/** What the files say. Entries that are none are left out; a damaged file is put aside. */
export function readConduct(paths: ConductPaths, say: Say): KeptRecords {
  const bans = readEntries(paths.bans, ban, 2 * connectionLimits.bannedMax, say);
  const scores = readEntries(paths.scores, score, connectionLimits.scoredPeersMax, say);
  return {
    bans: bans.map(({ untilMs, ...rest }): BanRecord => ({ ...rest, untilMs })),
    scores: scores satisfies ScoreRecord[],
  };
}

export class ConductFiles {
  private readonly paths: ConductPaths;
  private readonly source: ConductSource;
  private readonly say: Say;
  private revision: number;
  private writing: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  constructor(paths: ConductPaths, source: ConductSource, say: Say) {
    this.paths = paths;
    this.source = source;
    this.say = say;
    this.revision = source.bansRevision();
    this.timer = setInterval(() => void this.saveScores(), scoresMs);
    this.timer.unref();
  }

  /** Whatever happened may have changed the bans. */
  onEvent(): Promise<void> {
    const revision = this.source.bansRevision();
    if (revision === this.revision) return this.writing;
    this.revision = revision;
    return this.write(this.paths.bans, () => this.source.kept().bans);
  }

  /** Writes what is not written yet, and no more after it. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.onEvent();
    await this.saveScores();
  }

  private saveScores(): Promise<void> {
    return this.write(this.paths.scores, () => this.source.kept().scores);
  }

  /** After what is being written; `entries` are taken then, so that the newest are kept. */
  private write(path: string, entries: () => readonly unknown[]): Promise<void> {
    this.writing = this.writing.then(async () => {
      try {
        const lines = entries().map((entry) => JSON.stringify(entry));
        await replaceFile(path, `[\n${lines.join(",\n")}\n]\n`, { mode });
      } catch (error) {
        this.say("warn", `${path} could not be written: ${reasonOf(error)}`);
      }
    });
    return this.writing;
  }
}

function readEntries<T extends z.ZodType>(
  path: string,
  schema: T,
  max: number,
  say: Say,
): z.output<T>[] {
  let text: string;
  try {
    if (statSync(path).size > fileBytesMax) throw new Error("it is larger than any of ours");
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    say("warn", `${path} cannot be read, and counts for nothing: ${reasonOf(error)}`);
    return [];
  }
  const json = parseJson(text);
  if (!Array.isArray(json)) {
    say("warn", `${path} is damaged, and counts for nothing; it is kept as ${putAside(path)}`);
    return [];
  }
  const parsed = json.slice(0, max).map((entry) => schema.safeParse(entry));
  const good = parsed.flatMap((each) => (each.success ? [each.data] : []));
  const left = json.length - good.length;
  if (left > 0) say("warn", `${path}: ${left} entries are damaged and left out`);
  return good;
}

function putAside(path: string): string {
  const aside = `${path}.damaged`;
  try {
    renameSync(path, aside);
    return aside;
  } catch {
    return path;
  }
}
