/**
 * Builds a branch of its own in secret and releases it at the worst moment. Nobody is told of its
 * blocks, and to those who ask it does not have them.
 */
import type { TreeNode } from "../../chain/tree-node.ts";
import type { Conn, Ticket } from "../../edge/conn.ts";
import { encodeSealedHeader } from "../../model/header.ts";
import { type BlockHash, blockHashOf } from "../../model/ids.ts";
import { decodeVote } from "../../model/vote.ts";
import type { Message } from "../../wire/messages.ts";
import { announcesOne } from "./announced.ts";
import type { Puppet, Trick } from "./puppet.ts";

const never = Number.MAX_SAFE_INTEGER as Ticket;

export class Withholding implements Trick {
  private readonly secret = new Map<BlockHash, TreeNode>();
  private isHiding = true;

  allows(_: Puppet, __: Conn, message: Message): boolean {
    if (message.type === "vote") {
      const vote = decodeVote(message.vote);
      return "code" in vote || !this.secret.has(vote.targetHash);
    }
    return !announcesOne(message, this.secret);
  }

  /** Before it is made: from its signature on it is a secret. */
  signDelayMs(puppet: Puppet, request: { type: string; blockHash?: Uint8Array }): number {
    if (request.type === "seal" && request.blockHash !== undefined && this.isHiding) {
      const hash = blockHashOf(request.blockHash);
      this.secret.set(hash, undefined as unknown as TreeNode);
      puppet.insides.shown.hold(hash, never);
    }
    return 0;
  }

  onBlock(puppet: Puppet, node: TreeNode): void {
    const isOurs = this.secret.has(node.hash);
    const isOnOurs = this.secret.has(node.header.parentHash) && node.header.sealer === puppet.key;
    if (!isOurs && !isOnOurs) return;
    this.secret.set(node.hash, node);
    puppet.insides.shown.hold(node.hash, never);
  }

  onMoment(puppet: Puppet): void {
    if (!puppet.random.chance(this.isHiding ? 15 : 30)) return;
    this.isHiding = !this.isHiding;
    if (this.isHiding) return;
    const nodes = [...this.secret.values()].filter((node) => node !== undefined);
    this.secret.clear();
    const { held } = puppet.insides.shown as unknown as { held: Map<BlockHash, Ticket> };
    held.clear();
    nodes.sort((a, b) => a.height - b.height);
    for (const { conn } of puppet.peers()) {
      for (const { body, hash, sealed } of nodes) {
        if (body !== undefined) puppet.sendBlock(conn, encodeSealedHeader(sealed), hash, body);
      }
    }
  }
}
