/**
 * A leader that makes two blocks for one slot and shows each to one half of its peers.
 *
 *   parent ── b1 ──> one half        differ by a payment to itself
 *         └── b2 ──> the other
 */

import type { SignatureScheme } from "../../crypto/signature-scheme.ts";
import type { SignRequest } from "../../edge/effect.ts";
import { encodeSealedHeader } from "../../model/header.ts";
import { type BlockHash, blockHashOf, idBytes } from "../../model/ids.ts";
import { addressOfKey, signTransaction } from "../../model/transaction.ts";
import { inventoryItemBytes, inventoryKinds, type Message } from "../../wire/messages.ts";
import type { Puppet, Trick } from "./puppet.ts";

export class Equivocating implements Trick {
  private readonly signatures: SignatureScheme;
  private readonly seed: Uint8Array;
  /** Blocks that only some may hear of from us, with the slot that halves them. */
  private readonly halved = new Set<BlockHash>();

  constructor(signatures: SignatureScheme, seed: Uint8Array) {
    this.signatures = signatures;
    this.seed = seed;
  }

  allows(_: Puppet, __: unknown, message: Message): boolean {
    if (message.type !== "inv") return true;
    for (let at = 0; at < message.items.length; at += inventoryItemBytes) {
      const item = message.items.subarray(at, at + inventoryItemBytes);
      if (item[0] !== inventoryKinds.block) continue;
      if (this.halved.has(blockHashOf(item.subarray(1)))) return false;
    }
    return true;
  }

  signDelayMs(puppet: Puppet, request: SignRequest): number {
    if (request.type === "seal" && puppet.random.chance(70)) this.double(puppet, request);
    return 0;
  }

  onBlock(puppet: Puppet, node: { hash: BlockHash; slot: number }): void {
    if (!this.halved.has(node.hash)) return;
    const block = puppet.insides.parts.tree.get(node.hash);
    if (block?.body === undefined) return;
    const header = encodeSealedHeader(block.sealed);
    for (const { conn } of puppet.peers()) {
      if (puppet.half(conn, node.slot) !== 0) continue;
      puppet.sendBlock(conn, header, node.hash, block.body);
    }
  }

  private double(puppet: Puppet, request: Extract<SignRequest, { type: "seal" }>): void {
    const { slot, genesisHash } = request;
    const { chain, state } = puppet.insides;
    const from = addressOfKey(puppet.key);
    const payment = signTransaction(
      {
        type: 0,
        sender: puppet.key,
        nonce: state.account(from).nonce,
        fee: 10n,
        validUntilSlot: 0,
        to: from,
        amount: BigInt(slot),
        payload: new Uint8Array(0),
      },
      genesisHash,
      (preimage) => this.signatures.sign(this.seed, preimage),
    );
    const second = chain.duties.buildBlock(slot, puppet.key, () => [payment]);
    const first = blockHashOf(request.blockHash);
    if (second === undefined || second.header.hash === first) return;
    this.halved.add(first);
    const { header, body } = second;
    const blockHash = idBytes(header.hash);
    const seal = puppet.sign({ type: "seal", slot, blockHash, genesisHash });
    const bytes = encodeSealedHeader({ header, seal });
    puppet.later(1, () => {
      for (const { conn } of puppet.peers()) {
        if (puppet.half(conn, slot) === 1) puppet.sendBlock(conn, bytes, header.hash, body);
      }
    });
  }
}
