/**
 * What any node ever said to be final, by height: asked again and again while nodes come and go. A
 * block that was final for one and is another one for anybody, now or later, is a contradiction.
 */
/** A node that can be asked over HTTP; undefined while it does not answer. */
export interface Asked {
  readonly name: string;
  get(path: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

const pageMax = 100;

export class FinalBlocks {
  readonly contradictions = new Set<string>();
  private readonly byHeight = new Map<number, string>();

  get height(): number {
    return Math.max(0, ...this.byHeight.keys());
  }

  async ask(members: readonly Asked[]): Promise<void> {
    await Promise.all(
      members.map(async (member) => {
        const info = await member.get("/api/blockchain/info");
        if (info === undefined) return;
        this.note(member, info["finalizedHeight"], info["finalizedHash"]);
        if (typeof info["halted"] === "string") {
          this.contradictions.add(`${member.name} halted: ${info["halted"]}`);
        }
      }),
    );
  }

  /** Every final block is on the chain of every one of them. Returns how many were compared. */
  async compare(members: readonly Asked[]): Promise<number> {
    let compared = 0;
    for (const member of members) {
      for (let from = 0; from <= this.height; from += pageMax) {
        const path = `/api/blockchain/blocks?from=${from}&limit=${pageMax}`;
        const page = (await member.get(path))?.["blocks"] as
          | readonly { readonly height: number; readonly hash: string }[]
          | undefined;
        for (const { height, hash } of page ?? []) {
          const known = this.byHeight.get(height);
          if (known === undefined) continue;
          compared++;
          if (known !== hash) this.contradict(member, height, known, hash);
        }
      }
    }
    return compared;
  }

  private note(member: Asked, height: unknown, hash: unknown): void {
    if (typeof height !== "number" || typeof hash !== "string") return;
    const known = this.byHeight.get(height);
    if (known !== undefined && known !== hash) this.contradict(member, height, known, hash);
    this.byHeight.set(height, known ?? hash);
  }

  private contradict(member: Asked, height: number, known: string, hash: string): void {
    this.contradictions.add(`at height ${height} ${known} was final, ${member.name} has ${hash}`);
  }
}
