/**
 * An abstract history of blocks and votes: whoever plays a known attack says who builds and who votes
 * for what, and is held to the floors of honest voters. Certificates come of the votes alone. Judges
 * nothing; `history-parts.ts` feeds it to real chains. NOT a network: there is no time here and no
 * fork choice, so what is safe here is safe under any delay. consensus.md §3.9-3.10.
 *
 * Invariant: whoever is not Byzantine signs only targets that rise and sources that never fall,
 * unless told to break a floor, which is written down in `breaches`.
 */
import type { Certificate } from "../../../src/model/certificate.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import type { NetworkFile } from "../../../src/model/network-file.ts";
import { addressOfKey, type Transaction } from "../../../src/model/transaction.ts";
import { quorum } from "../../../src/model/validator-set.ts";
import type { Vote } from "../../../src/model/vote.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, networkOf, seedOf } from "../../support/chain-network.ts";

export type Thing = { readonly block: Built } | { readonly vote: Vote };

interface Floors {
  readonly source: number;
  readonly target: number;
}

/** `members` by the number of their seed. Who is or may become one has money, and so have others. */
export function networkWith(members: readonly number[]): NetworkFile {
  const file = networkOf(4, 32);
  const all = Array.from({ length: 10 }, (_, number) => addressOfKey(keyOf(seedOf(number))));
  return {
    ...file,
    validators: members.map((number) => keyOf(seedOf(number))),
    accounts: [...file.accounts, ...all.map((address) => ({ address, balance: 1_000_000n }))],
  };
}

export class History {
  readonly builder: ChainBuilder;
  readonly genesis: Built;
  readonly byzantine: ReadonlySet<number>;
  readonly blocks: Built[] = [];
  readonly votes: Vote[] = [];
  /** In the order in which it was said. */
  readonly things: Thing[] = [];
  /** What honest voters were made to sign: "2 surrounds 1->2 by 0->3". */
  readonly breaches: string[] = [];
  private readonly floors = new Map<number, Floors>();
  private readonly voted = new Map<Built, Set<PublicKey>>();
  private readonly nonces = new Map<PublicKey, number>();

  constructor(members: readonly number[], byzantine: readonly number[]) {
    this.builder = new ChainBuilder(networkWith(members));
    this.genesis = this.builder.genesis;
    this.byzantine = new Set(byzantine);
  }

  /** On `parent`, carrying the certificate for `raised` if there is one and it is of use. */
  block(parent: Built, slot: number, raised?: Built, decided: Transaction[] = []): Built {
    const { justifiedSlot } = parent.sealed.header;
    const isUseful = raised !== undefined && raised.slot > justifiedSlot;
    const certificate = isUseful ? this.certificate(raised) : undefined;
    // No two blocks are one, whatever else they share.
    const transactions = [this.builder.transfer(this.blocks.length, 0, 0), ...decided];
    const block = this.builder.block(parent, { slot, certificate, transactions });
    this.blocks.push(block);
    this.things.push({ block });
    return block;
  }

  /** For those of `voters` that are in charge, and whose floors let them. Returns who did vote. */
  vote(block: Built, voters: readonly number[]): number[] {
    return voters.filter((voter) => {
      if (!this.byzantine.has(voter) && this.breachOf(block, voter) !== undefined) return false;
      return this.sign(block, voter);
    });
  }

  /** As `vote`, but honest voters forget their floors. */
  voteAgainstFloors(block: Built, voters: readonly number[]): void {
    for (const voter of voters) {
      const breach = this.breachOf(block, voter);
      if (breach !== undefined && !this.byzantine.has(voter)) this.breaches.push(breach);
      this.sign(block, voter);
    }
  }

  /** A vote for `block` that names another source than its header: it counts nowhere. */
  lie(block: Built, voter: number, source: Built): void {
    const rank = block.validators.indexOf(keyOf(seedOf(voter)));
    const data = { sourceSlot: source.slot, sourceHash: source.hash };
    const vote = this.builder.vote(block, rank, data);
    this.things.push({ vote });
  }

  /** Of all votes said so far, if they are a quorum. */
  certificate(block: Built): Certificate | undefined {
    const voters = this.voted.get(block) ?? new Set();
    const ranks = block.validators.flatMap((key, rank) => (voters.has(key) ? [rank] : []));
    if (ranks.length < quorum(block.validators.length)) return undefined;
    return this.builder.certificateFor(block, ranks);
  }

  /** By `sender`, with the next nonce that it has in this history: for one branch only. */
  signed(sender: number, fieldsOf: (terms: Terms) => Parameters<ChainBuilder["signed"]>[0]) {
    const key = keyOf(seedOf(sender));
    const nonce = this.nonces.get(key) ?? 0;
    this.nonces.set(key, nonce + 1);
    const terms = { sender: key, nonce: BigInt(nonce), fee: 1n, validUntilSlot: 0 };
    return this.builder.signed(fieldsOf(terms));
  }

  /** What the signer of an honest `voter` says against a vote for `block`. */
  private breachOf(block: Built, voter: number): string | undefined {
    const { justifiedSlot } = block.sealed.header;
    const { source, target } = this.floors.get(voter) ?? { source: 0, target: 0 };
    const said = `${voter} after ${source}->${target}: ${justifiedSlot}->${block.slot}`;
    if (block.slot <= target) return `${said}, target`;
    return justifiedSlot < source ? `${said}, source` : undefined;
  }

  private sign(block: Built, voter: number): boolean {
    const key = keyOf(seedOf(voter));
    const rank = block.validators.indexOf(key);
    const voters = this.voted.get(block) ?? new Set();
    if (rank < 0 || voters.has(key)) return false;
    this.voted.set(block, voters.add(key));
    const vote = this.builder.vote(block, rank);
    this.votes.push(vote);
    this.things.push({ vote });
    const { source, target } = this.floors.get(voter) ?? { source: 0, target: 0 };
    this.floors.set(voter, {
      source: Math.max(source, vote.sourceSlot),
      target: Math.max(target, vote.targetSlot),
    });
    return true;
  }
}

interface Terms {
  readonly sender: PublicKey;
  readonly nonce: bigint;
  readonly fee: bigint;
  readonly validUntilSlot: number;
}
