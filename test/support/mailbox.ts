/** What has come so far, and promises for what is still to come. Nothing is taken out. */
export class Mailbox<T> {
  readonly items: T[] = [];
  private closedBy: string | undefined;
  private readonly waiters = new Set<() => void>();

  push(item: T): void {
    this.items.push(item);
    this.wake();
  }

  /** Nothing more comes; those who wait are told why. */
  close(reason: string): void {
    this.closedBy ??= reason;
    this.wake();
  }

  /** The first thing that `pick` gives, looking at items from index `from` on. */
  wait<U>(
    what: string,
    pick: (item: T) => U | undefined,
    options: { readonly timeoutMs?: number; readonly from?: number } = {},
  ): Promise<U> {
    const { timeoutMs = 10_000, from = 0 } = options;
    let at = from;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.waiters.delete(look);
        settle();
      };
      const look = () => {
        for (; at < this.items.length; at++) {
          const picked = pick(this.items[at]!);
          if (picked !== undefined) return end(() => resolve(picked));
        }
        if (this.closedBy === undefined) return;
        const said = JSON.stringify(this.items.slice(-5), shown);
        end(() => reject(new Error(`${what} never came, ${this.closedBy}; last: ${said}`)));
      };
      const timer = setTimeout(() => {
        const said = JSON.stringify(this.items.slice(-5), shown);
        end(() => reject(new Error(`not in ${timeoutMs} ms: ${what}; last: ${said}`)));
      }, timeoutMs);
      this.waiters.add(look);
      look();
    });
  }

  private wake(): void {
    for (const look of [...this.waiters]) look();
  }
}

function shown(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `${value.length} bytes` : value;
}
