/**
 * A file of the data folder that a node can do without: read whole at start, written whole or not
 * at all while it runs. One that is damaged is put aside and said; it never keeps a node from
 * starting. NOT the files a node must have (floor-records.ts, durable-tip.ts), nor what one says.
 *
 * Invariant: one write at a time; no more is read than `bytesMax`.
 */
import { readFileSync, renameSync, statSync } from "node:fs";
import { replaceFile } from "./durable-file.ts";
import { reasonOf, systemCode } from "./host-error.ts";

export interface KeptFileOptions {
  readonly bytesMax: number;
  /** What becomes of what the file would have said: ends each complaint. */
  readonly without: string;
}

export type SayWarning = (level: "warn", text: string) => void;

const mode = 0o600;

export class KeptFile {
  private readonly path: string;
  private readonly options: KeptFileOptions;
  private readonly say: SayWarning;
  private writing: Promise<void> = Promise.resolve();

  constructor(path: string, options: KeptFileOptions, say: SayWarning) {
    this.path = path;
    this.options = options;
    this.say = say;
  }

  /** The whole text; undefined when there is none, or none that can be read, which is said. */
  read(): string | undefined {
    const { bytesMax, without } = this.options;
    try {
      if (statSync(this.path).size > bytesMax)
        return this.putAside("it is larger than any of ours");
      return readFileSync(this.path, "utf8");
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      this.say("warn", `${this.path} cannot be read: ${reasonOf(error)}; ${without}`);
      return undefined;
    }
  }

  /** Moves it out of the way, so that the next write destroys nothing that could be looked into. */
  putAside(why: string): undefined {
    const { path } = this;
    const { without } = this.options;
    const aside = `${path}.damaged`;
    try {
      renameSync(path, aside);
      this.say("warn", `${path} is damaged (${why}); it is kept as ${aside}, ${without}`);
    } catch (error) {
      const reason = reasonOf(error);
      this.say("warn", `${path} is damaged (${why}) and cannot be moved: ${reason}; ${without}`);
    }
  }

  /** After what is being written; `text` is asked then. Resolves also when it failed, which is said. */
  write(text: () => string): Promise<void> {
    this.writing = this.writing.then(async () => {
      try {
        await replaceFile(this.path, text(), { mode });
      } catch (error) {
        this.say("warn", `${this.path} could not be written: ${reasonOf(error)}`);
      }
    });
    return this.writing;
  }

  /** What was asked to be written is, or was said not to be. */
  settled(): Promise<void> {
    return this.writing;
  }
}
