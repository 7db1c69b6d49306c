/**
 * The oracle: which blocks are final, from scratch and by definition, given all blocks and votes.
 * What the chain finds step by step is compared with it. NOT for use in a node; it shares no code
 * with one, believes every vote and expects valid blocks. protocol-spec/06-validation §6.
 *
 *   justified:  genesis; and T, when T.justified is, and 2/3 of T's set voted T.justified -> T
 *   final:      genesis; A, when some justified T has T.justified = A and T.slot = A.slot + 1; and
 *               all ancestors of a final block
 */

interface Checkpoint {
  readonly slot: number;
  readonly hash: string;
}

/** Genesis is the one of slot 0. */
export interface OracleBlock extends Checkpoint {
  readonly parent: string;
  /** What its header names; slot 0 means genesis, whatever the hash. */
  readonly justified: Checkpoint;
  /** Who may vote for it. */
  readonly set: readonly string[];
}

export interface OracleVote {
  readonly validator: string;
  readonly source: Checkpoint;
  readonly target: Checkpoint;
}

export function finalOf(
  blocks: readonly OracleBlock[],
  votes: readonly OracleVote[],
): ReadonlySet<string> {
  const byHash = new Map(blocks.map((block) => [block.hash, block]));
  const genesis = blocks.find(({ slot }) => slot === 0);
  const votesFor = new Map<string, OracleVote[]>(blocks.map(({ hash }) => [hash, []]));
  for (const vote of votes) votesFor.get(vote.target.hash)?.push(vote);

  const justified = new Set<string>();
  const final = new Set<string>();
  const finalize = (hash: string): void => {
    for (let at = byHash.get(hash); at && !final.has(at.hash); at = byHash.get(at.parent)) {
      final.add(at.hash);
    }
  };
  // A source is in an earlier slot than its target, so it was looked at before.
  for (const block of [...blocks].sort((a, b) => a.slot - b.slot)) {
    if (block === genesis) {
      justified.add(block.hash);
      finalize(block.hash);
      continue;
    }
    const source = block.justified.slot === 0 ? genesis : byHash.get(block.justified.hash);
    if (source === undefined || !justified.has(source.hash)) continue;
    const voters = new Set<string>();
    for (const { validator, source: from, target } of votesFor.get(block.hash) ?? []) {
      if (same(from, block.justified) && same(target, block)) voters.add(validator);
    }
    const count = block.set.filter((member) => voters.has(member)).length;
    if (3 * count < 2 * block.set.length) continue;
    justified.add(block.hash);
    if (block.slot === source.slot + 1) finalize(source.hash);
  }
  return final;
}

function same(a: Checkpoint, b: Checkpoint): boolean {
  return a.slot === b.slot && a.hash === b.hash;
}
