/**
 * Hoards votes for all branches and lets some go, to some, just before or after a deadline or a
 * freeze: a block becomes justified for one half of the voters and not yet for the other.
 */
import type { TreeNode } from "../../chain/tree-node.ts";
import type { Conn } from "../../edge/conn.ts";
import type { Vote } from "../../model/vote.ts";
import { decodeVote } from "../../model/vote.ts";
import type { Message } from "../../wire/messages.ts";
import type { Puppet, Trick } from "./puppet.ts";

const hoardMax = 16;

export class Bouncing implements Trick {
  private hoard: Vote[] = [];

  allows(puppet: Puppet, _: Conn, message: Message): boolean {
    if (message.type !== "vote") return message.type !== "certificate";
    const vote = decodeVote(message.vote);
    return "code" in vote || vote.validator !== puppet.key;
  }

  onBlock(puppet: Puppet, node: TreeNode): void {
    if (!puppet.insides.chain.duties.validatorsOf(node).includes(puppet.key)) return;
    this.hoard.push(puppet.voteFor(node));
    if (this.hoard.length > hoardMax) this.hoard.shift();
  }

  onMoment(puppet: Puppet): void {
    const { random } = puppet;
    const isToAll = random.chance(40);
    const { slot: justified } = puppet.insides.chain.justified;
    // What would justify another branch, or the newest block, for some of them.
    const wanted = this.hoard.filter((vote) => vote.targetSlot >= justified && random.chance(60));
    this.hoard = this.hoard.filter((vote) => !wanted.includes(vote));
    for (const { conn } of puppet.peers()) {
      if (!isToAll && random.chance(50)) continue;
      for (const vote of wanted) puppet.send(conn, { type: "vote", vote: vote.bytes });
    }
  }
}
