/**
 * All that was ever said in a simulated world: blocks that entered any node's tree, votes that left
 * any signer, certificates that counted anywhere, and what executing a block showed. What the
 * checkers compare nodes with. Knows no verdict.
 */
import { bodyOf, type TreeNode } from "../chain/tree-node.ts";
import type { SignRequest } from "../edge/effect.ts";
import type { CertificateOfSet } from "../finality/culprits.ts";
import type { OracleBlock, OracleVote } from "../finality/final-of.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash, PublicKey } from "../model/ids.ts";
import { type Transaction, transactionTypes } from "../model/transaction.ts";
import type { ValidatorSet } from "../model/validator-set.ts";
import { decodeVoteData, type VoteData } from "../model/vote.ts";
import { insidesOf, spyOn } from "./insides.ts";
import type { SimNode } from "./sim-node.ts";

export interface ToldBlock extends OracleBlock {
  readonly hash: BlockHash;
  readonly parent: BlockHash;
  readonly height: number;
  readonly set: ValidatorSet;
  readonly sealed: SealedHeader;
  body: Uint8Array | undefined;
  /** Known once it was executed somewhere: of it and all its ancestors. */
  evidenceUpTo: number | undefined;
}

export class Chronicle {
  readonly blocks = new Map<BlockHash, ToldBlock>();
  readonly votes: OracleVote[] = [];
  readonly certificates = new Map<string, CertificateOfSet>();
  /** The first for each target, in the order in which they counted. */
  readonly certified: CertificateOfSet[] = [];
  private readonly onExecuted: (block: ToldBlock, transactions: readonly Transaction[]) => void;

  constructor(onExecuted: (block: ToldBlock, transactions: readonly Transaction[]) => void) {
    this.onExecuted = onExecuted;
  }

  /** A node has started: from now on what enters its tree is written down. */
  watch(node: SimNode): void {
    if (node.node === undefined) return;
    const { chain, parts } = insidesOf(node.node);
    const setOf = (each: TreeNode): ValidatorSet => chain.duties.validatorsOf(each);
    for (const each of parts.tree.all()) this.addBlock(each, setOf(each));
    spyOn(parts.tree, "insert", (_, each) => this.addBlock(each, setOf(each)));
    spyOn(parts.tree, "setBody", ([each, body]) => {
      const told = this.blocks.get(each.hash);
      if (told !== undefined) told.body ??= body;
    });
    const inner = parts.justification as unknown as {
      apply(target: TreeNode, certificate: CertificateOfSet["certificate"]): boolean;
    };
    spyOn(inner, "apply", ([target, certificate]) => {
      const { targetHash } = certificate.data;
      const told = { certificate, set: setOf(target) };
      if (!this.certificates.has(targetHash)) this.certified.push(told);
      this.certificates.set(targetHash, told);
    });
  }

  onSigned(validator: PublicKey, request: SignRequest): void {
    if (request.type !== "vote") return;
    const data = decodeVoteData(request.data);
    if ("problem" in data) return;
    this.votes.push(oracleVote(validator, data));
  }

  /** The head of a node: it and what it stands on was executed. */
  onHead(head: TreeNode): void {
    const fresh: TreeNode[] = [];
    for (let at: TreeNode | undefined = head; at !== undefined; at = at.parent) {
      if (this.blocks.get(at.hash)?.evidenceUpTo !== undefined) break;
      fresh.push(at);
    }
    for (const each of fresh.reverse()) {
      const told = this.blocks.get(each.hash);
      if (told === undefined || each.body === undefined) continue;
      const { transactions } = bodyOf(each);
      const below = this.blocks.get(told.parent)?.evidenceUpTo ?? 0;
      const found = transactions.filter(({ type }) => type === transactionTypes.evidence).length;
      told.evidenceUpTo = below + found;
      this.onExecuted(told, transactions);
    }
  }

  private addBlock({ header, hash, sealed, body }: TreeNode, set: ValidatorSet): void {
    if (this.blocks.has(hash)) return;
    this.blocks.set(hash, {
      hash,
      parent: header.parentHash,
      slot: header.slot,
      height: header.height,
      justified: { slot: header.justifiedSlot, hash: header.justifiedHash },
      set,
      sealed,
      body,
      evidenceUpTo: header.height === 0 ? 0 : undefined,
    });
  }
}

function oracleVote(validator: PublicKey, data: VoteData): OracleVote {
  return {
    validator,
    source: { slot: data.sourceSlot, hash: data.sourceHash },
    target: { slot: data.targetSlot, hash: data.targetHash },
  };
}
