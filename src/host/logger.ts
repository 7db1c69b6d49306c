/**
 * The log: one line per event, as text for people or JSON for programs, to stderr and to a file.
 * An attacker who makes us log has a budget: so many bytes for each kind of line and hour, then a
 * count of what was left out. Strings of others are cut and escaped, so no line is another's.
 */
import { pino } from "pino";
import { toHex } from "../base/bytes.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { LogLevel } from "./config.ts";
import { type EventLevel, eventText, levelOf, printable } from "./event-text.ts";
import { HostError, reasonOf } from "./host-error.ts";

export interface LogSink {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly json: boolean;
  readonly file: string | undefined;
  /** Where lines go besides the file; stderr in the program. */
  readonly sink: LogSink;
  readonly nowMs?: () => number;
}

/** Of each kind of line. A block sealed each second takes two thirds of it. */
export const lineBytesPerHour = 1_048_576;
const hourMs = 3_600_000;

type Fields = Readonly<Record<string, unknown>>;

export class NodeLog {
  private readonly log: pino.Logger;
  private readonly nowMs: () => number;
  private readonly budgets = new Map<LineKind, Budget>();
  private readonly file: { end(): void } | undefined;

  constructor(options: LogOptions) {
    const { level, json, sink } = options;
    this.nowMs = options.nowMs ?? Date.now;
    const streams: pino.StreamEntry[] = [
      { level: "trace", stream: json ? sink : { write: (line) => sink.write(plain(line)) } },
    ];
    if (options.file !== undefined) {
      const file = openFile(options.file);
      this.file = file;
      streams.push({ level: "trace", stream: file });
    }
    this.log = pino(
      {
        level,
        base: null,
        timestamp: () => `,"time":"${new Date(this.nowMs()).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      pino.multistream(streams),
    );
  }

  event(event: NodeEvent): void {
    const level = levelOf(event);
    if (!this.log.isLevelEnabled(level)) return;
    const { type, ...fields } = event;
    const text = eventText(event);
    const shown = showable(fields);
    if (this.spend(type, text.length + JSON.stringify(shown).length)) {
      this.log[level]({ event: type, ...shown }, text);
    }
  }

  say(level: EventLevel, text: string, fields: Fields = {}): void {
    if (!this.log.isLevelEnabled(level)) return;
    const shown = showable(fields);
    const bytes = text.length + JSON.stringify(shown).length;
    if (this.spend("said", bytes)) this.log[level](shown, text);
  }

  /** Our own fault or the machine's, with the stack for whoever mends it. */
  fatal(error: unknown): void {
    // Made when it is first read; the program runs without source maps until then.
    process.setSourceMapsEnabled(true);
    const stack = error instanceof Error ? error.stack : undefined;
    this.log.fatal({ stack }, reasonOf(error));
  }

  close(): void {
    for (const [type, budget] of this.budgets) this.reportSuppressed(type, budget);
    this.file?.end();
  }

  /** True while `bytes` fit into this hour's budget of `type`. */
  private spend(type: LineKind, bytes: number): boolean {
    const hour = Math.floor(this.nowMs() / hourMs);
    let budget = this.budgets.get(type);
    if (budget === undefined || budget.hour !== hour) {
      if (budget !== undefined) this.reportSuppressed(type, budget);
      budget = { hour, bytes: 0, suppressed: 0 };
      this.budgets.set(type, budget);
    }
    budget.bytes += bytes;
    if (budget.bytes <= lineBytesPerHour) return true;
    budget.suppressed++;
    return false;
  }

  private reportSuppressed(type: LineKind, budget: Budget): void {
    if (budget.suppressed === 0) return;
    const { suppressed } = budget;
    this.log.warn({ event: type, suppressed }, `suppressed ${suppressed} lines of ${type}`);
    budget.suppressed = 0;
  }
}

/** What the program itself says is one kind. */
type LineKind = NodeEvent["type"] | "said";

interface Budget {
  readonly hour: number;
  bytes: number;
  suppressed: number;
}

/** Bytes as hex, amounts as decimal strings, texts cut and escaped. */
function showable(fields: Fields): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Uint8Array) out[name] = toHex(value.subarray(0, 64));
    else if (typeof value === "bigint") out[name] = value.toString();
    else if (typeof value === "string") out[name] = printable(value);
    else out[name] = value;
  }
  return out;
}

/** `12:04:10 info  text`, in local time as people read it, from a line of pino. */
function plain(line: string): string {
  const { time, level, msg, stack } = JSON.parse(line) as Record<string, string | undefined>;
  const trace = stack === undefined ? "" : `\n${stack}`;
  return `${new Date(time!).toTimeString().slice(0, 8)} ${level!.padEnd(5)} ${tame(msg!)}${trace}\n`;
}

/** No text of ours or of others begins a line that looks like one of the log, or moves a cursor. */
function tame(text: string): string {
  const escaped = text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return escaped.replace(/\n(?! )/g, "\n  ");
}

function openFile(path: string) {
  try {
    return pino.destination({ dest: path, append: true, sync: true, mode: 0o600 });
  } catch (error) {
    throw new HostError(
      "usage",
      `the log file ${path} cannot be written: ${reasonOf(error)}`,
      "give another one with --log-file",
      error,
    );
  }
}
