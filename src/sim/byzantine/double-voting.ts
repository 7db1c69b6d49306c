/** Nothing at stake: votes for every block that it hears of, on all branches. */
import type { TreeNode } from "../../chain/tree-node.ts";
import type { Puppet, Trick } from "./puppet.ts";

export const doubleVoting: Trick = {
  onBlock(puppet: Puppet, node: TreeNode): void {
    if (!puppet.insides.chain.duties.validatorsOf(node).includes(puppet.key)) return;
    const vote = puppet.voteFor(node);
    for (const { conn } of puppet.peers()) puppet.send(conn, { type: "vote", vote: vote.bytes });
  },
};
