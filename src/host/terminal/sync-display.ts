/**
 * What a node prints on a terminal: lines that stay, and during a sync a bar below them that is
 * drawn over itself. Without a terminal there is no bar and nothing is drawn over.
 * Invariant: whatever else goes to the terminal goes through `print`, or it would be drawn over.
 */
import { LiveDisplay, type TerminalStream } from "./live-display.ts";
import { progressBar } from "./progress-bar.ts";

export interface SyncView {
  readonly state: "synced" | "syncing" | "lonely";
  readonly currentHeight: number;
  readonly targetHeight: number;
}

export class SyncDisplay {
  private readonly stream: TerminalStream;
  private readonly live: LiveDisplay | undefined;
  /** Height at which this sync began. */
  private from: number | undefined;

  constructor(stream: TerminalStream & { readonly isTTY?: boolean | undefined }) {
    this.stream = stream;
    this.live = stream.isTTY === true ? new LiveDisplay(stream) : undefined;
  }

  /** Is the bar there, so that it is worth showing more often? */
  get isLive(): boolean {
    return this.from !== undefined;
  }

  /** True: `line` stands with the bar, and need not be printed. */
  show(line: string, { state, currentHeight, targetHeight }: SyncView): boolean {
    if (this.live === undefined || state !== "syncing") {
      this.end();
      return false;
    }
    this.from ??= currentHeight;
    this.live.show(`${progressBar(currentHeight, targetHeight, this.from)} ${line}`);
    return true;
  }

  /** A line that stays. */
  print(line: string): void {
    if (this.live !== undefined && this.isLive) this.live.print(line);
    else this.stream.write(`${line}\n`);
  }

  /** Leaves the bar as it is. */
  end(): void {
    this.live?.end();
    this.from = undefined;
  }
}
