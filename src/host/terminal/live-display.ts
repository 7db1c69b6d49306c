/**
 * A block of text that is drawn over itself on a terminal. What is printed meanwhile goes above it.
 * NOT for files and pipes: there the caller prints lines.
 */
export interface TerminalStream {
  write(text: string): unknown;
}

const noWrap = "\x1b[?7l";
const wrap = "\x1b[?7h";
const hideCursor = "\x1b[?25l";
const showCursor = "\x1b[?25h";
const eraseBelow = "\x1b[0J";

export class LiveDisplay {
  private readonly stream: TerminalStream;
  private lineCount = 0;
  private shown = "";

  constructor(stream: TerminalStream) {
    this.stream = stream;
  }

  /** Draws `text` where the last one stood. Lines too long for the terminal are cut by it. */
  show(text: string): void {
    this.stream.write(`${hideCursor}${noWrap}${this.home()}${text}\n${wrap}`);
    this.shown = text;
    this.lineCount = text.split("\n").length;
  }

  /** A line that stays, above the block. */
  print(line: string): void {
    this.stream.write(`${this.home()}${line}\n`);
    this.lineCount = 0;
    if (this.shown !== "") this.show(this.shown);
  }

  /** Leaves the last state standing and gives the cursor back. */
  end(): void {
    if (this.lineCount > 0) this.stream.write(showCursor);
    this.lineCount = 0;
    this.shown = "";
  }

  private home(): string {
    return this.lineCount === 0 ? "" : `\r\x1b[${this.lineCount}A${eraseBelow}`;
  }
}
