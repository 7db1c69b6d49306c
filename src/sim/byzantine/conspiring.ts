/**
 * One of several who share a plan (`plan.ts`): they show their blocks and votes to the same halves,
 * keep back votes and blocks together, build on each other's secret blocks, and let all of it go at
 * one moment close to a deadline or a freeze. Evidence against a careless one costs it its seat;
 * a careful one signs like a loyal validator and only chooses whom to tell.
 */
import type { TreeNode } from "../../chain/tree-node.ts";
import type { Conn, Ticket } from "../../edge/conn.ts";
import type { SignRequest } from "../../edge/effect.ts";
import { encodeSealedHeader } from "../../model/header.ts";
import { type BlockHash, blockHashOf } from "../../model/ids.ts";
import { decodeVote, type Vote } from "../../model/vote.ts";
import type { Message } from "../../wire/messages.ts";
import { announcesOne } from "./announced.ts";
import type { Plan } from "./plan.ts";
import type { Puppet, Trick } from "./puppet.ts";

const never = Number.MAX_SAFE_INTEGER as Ticket;

export class Conspiring implements Trick {
  private readonly plan: Plan;
  private readonly secret = new Set<BlockHash>();
  private floors = { source: 0, target: 0 };

  constructor(plan: Plan) {
    this.plan = plan;
  }

  onStart(puppet: Puppet): void {
    this.plan.keys.add(puppet.key);
    this.plan.nodeIds.add(puppet.nodeId);
    this.await(puppet);
  }

  /** Our votes go out by our hand only, and what is secret goes to friends. */
  allows(puppet: Puppet, conn: Conn, message: Message): boolean {
    if (message.type === "vote") {
      const vote = decodeVote(message.vote);
      return "code" in vote || !this.plan.keys.has(vote.validator);
    }
    if (message.type === "certificate") return this.act(puppet) === "loyal";
    return this.isFriend(puppet, conn) || !announcesOne(message, this.secret);
  }

  /** From its signature on it is a secret. */
  signDelayMs(puppet: Puppet, request: SignRequest): number {
    if (request.type === "seal" && this.act(puppet) === "hoard") {
      const hash = blockHashOf(request.blockHash);
      this.secret.add(hash);
      puppet.insides.shown.hold(hash, never);
    }
    return 0;
  }

  onBlock(puppet: Puppet, node: TreeNode): void {
    this.share(puppet, node);
    const vote = this.voteFor(puppet, node);
    if (vote === undefined) return;
    const act = this.act(puppet);
    if (act === "hoard") return this.plan.keepVote(vote);
    // Both of two blocks of a slot: each to the half that has it.
    const side = Number.parseInt(node.hash.slice(-2), 16) & 1;
    for (const { conn } of puppet.peers()) {
      const isShown = act === "loyal" || this.halfOf(puppet, conn, node.slot) === side;
      if (isShown || this.isFriend(puppet, conn)) this.tell(puppet, conn, vote);
    }
  }

  halfOf(puppet: Puppet, conn: Conn, slot: number): 0 | 1 {
    return this.plan.half(puppet.insides.links.get(conn)?.nodeId, slot);
  }

  private act(puppet: Puppet) {
    return this.plan.stretchOf(puppet.slot).act;
  }

  private isFriend(puppet: Puppet, conn: Conn): boolean {
    return this.plan.nodeIds.has(puppet.insides.links.get(conn)?.nodeId ?? "");
  }

  /** A secret block to those who may build on it. */
  private share(puppet: Puppet, { body, hash, sealed }: TreeNode): void {
    if (!this.secret.has(hash) || body === undefined) return;
    this.plan.keepBlock({ hash, sealed, body });
    const header = encodeSealedHeader(sealed);
    for (const { conn } of puppet.peers()) {
      if (this.isFriend(puppet, conn)) puppet.sendBlock(conn, header, hash, body);
    }
  }

  private voteFor(puppet: Puppet, node: TreeNode): Vote | undefined {
    if (!puppet.insides.chain.duties.validatorsOf(node).includes(puppet.key)) return undefined;
    if (this.plan.isCareful) {
      const { source, target } = this.floors;
      if (node.slot <= target || node.header.justifiedSlot < source) return undefined;
      this.floors = { source: node.header.justifiedSlot, target: node.slot };
    }
    return puppet.voteFor(node);
  }

  private tell(puppet: Puppet, conn: Conn, { bytes }: Vote): void {
    puppet.send(conn, { type: "vote", vote: bytes });
  }

  /** All of them wake at the same moments. */
  private await(puppet: Puppet): void {
    const { to, act, receivers, ninths } = this.plan.stretchOf(puppet.slot);
    puppet.atSlot(to, Math.floor((ninths * puppet.slotMs) / 9), () => {
      if (act === "hoard") this.release(puppet, receivers, to);
      this.await(puppet);
    });
  }

  private release(puppet: Puppet, receivers: 0 | 1 | "all", slot: number): void {
    const { blocks, votes } = this.plan;
    const { held } = puppet.insides.shown as unknown as { held: Map<BlockHash, Ticket> };
    for (const hash of this.secret) held.delete(hash);
    this.secret.clear();
    for (const { conn } of puppet.peers()) {
      const isReceiver = receivers === "all" || this.halfOf(puppet, conn, slot) === receivers;
      if (!isReceiver) continue;
      for (const { hash, sealed, body } of blocks) {
        puppet.sendBlock(conn, encodeSealedHeader(sealed), hash, body);
      }
      for (const vote of votes) this.tell(puppet, conn, vote);
    }
    // Late ones of this release may need it still.
    this.plan.forgetBefore(slot - 24);
  }
}
