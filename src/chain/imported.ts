/**
 * What the chain says of a block, and what it asks of the node. NOT the rules.
 */
import type { Conn, Job, Ticket } from "../edge/conn.ts";
import type { DurableTip, SignatureCheck, Write } from "../edge/effect.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { Block } from "../model/block.ts";
import type { Certificate } from "../model/certificate.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Header } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import type { Rejection } from "../model/rule-code.ts";
import type { Vote } from "../model/vote.ts";
import type { TreeNode } from "./tree-node.ts";

/** The node implements it; it must work while the `ChainManager` is being constructed. */
export interface ChainPort {
  persist(
    writes: readonly Write[],
    options: { readonly sync: boolean; readonly durableTip?: DurableTip },
  ): Ticket;
  /** Of a body: answered through `onVerified`; of seals: through `SealJobs.onVerified`. */
  verify(check: SignatureCheck): Job;
  notify(event: NodeEvent): void;
  /** A header with a good seal entered the tree. */
  onHeader(header: Header): void;
}

/** `source` is who gave the block; undefined: we sealed it. */
export type Imported =
  /**
   * The head is another one. `disconnected` from the old head down, `connected` in chain order.
   * A block of our own binds us once `ticket` is durable.
   */
  | {
      readonly type: "moved";
      readonly head: TreeNode;
      readonly connected: readonly Block[];
      readonly disconnected: readonly Block[];
      readonly source: Conn | undefined;
      readonly ticket: Ticket;
    }
  /**
   * side: valid so far, not on the best branch. pending: its signatures or its ancestors' bodies
   * are awaited. future: it waits for its slot.
   */
  | {
      readonly type: "side" | "duplicate" | "pending" | "future";
      readonly hash: BlockHash;
      readonly source: Conn | undefined;
    }
  /** `missing` is the deepest ancestor we know of and do not have. */
  | {
      readonly type: "orphan";
      readonly hash: BlockHash;
      readonly missing: BlockHash;
      readonly source: Conn | undefined;
    }
  /** Good, and new to us: others want it. A vote counts, a certificate raised justified. */
  | { readonly type: "vote"; readonly vote: Vote; readonly source: Conn | undefined }
  | {
      readonly type: "certificate";
      readonly certificate: Certificate;
      readonly source: Conn | undefined;
    }
  | { readonly type: "evidence"; readonly evidence: Evidence; readonly source: Conn | undefined }
  /** `source` voted for a block, or proved one certified, that we do not have. */
  | { readonly type: "wanted"; readonly hash: BlockHash; readonly source: Conn }
  /** A vote, certificate or piece of evidence that broke a rule. */
  | {
      readonly type: "refused";
      readonly rejection: Rejection;
      readonly source: Conn | undefined;
    }
  | {
      readonly type: "rejected";
      readonly hash: BlockHash;
      readonly rejection: Rejection;
      readonly source: Conn | undefined;
    };
