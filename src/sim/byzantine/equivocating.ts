/**
 * A leader that makes two blocks for one slot and shows each to one half of its peers.
 *
 *   parent ── b1 ──> one half        differ by a transaction: a payment to itself, or what the
 *         └── b2 ──> the other       second is made with (`Second`)
 */

import type { SignatureScheme } from "../../crypto/signature-scheme.ts";
import type { Conn } from "../../edge/conn.ts";
import type { SignRequest } from "../../edge/effect.ts";
import { encodeSealedHeader } from "../../model/header.ts";
import { type BlockHash, blockHashOf, idBytes } from "../../model/ids.ts";
import { addressOfKey, signTransaction, type Transaction } from "../../model/transaction.ts";
import type { Message } from "../../wire/messages.ts";
import { announcesOne } from "./announced.ts";
import type { Puppet, Trick } from "./puppet.ts";

/** What only the second block has; undefined: no second block this time. */
export type Second = (puppet: Puppet, slot: number) => Transaction | undefined;

export interface EquivocatingOptions {
  readonly second: Second;
  /** Of 100 slots, in how many. */
  readonly percent: number;
  readonly half: (puppet: Puppet, conn: Conn, slot: number) => 0 | 1;
}

export class Equivocating implements Trick {
  private readonly options: EquivocatingOptions;
  /** Blocks that only some may hear of from us. */
  private readonly halved = new Set<BlockHash>();

  constructor(options: EquivocatingOptions) {
    this.options = options;
  }

  allows(_: Puppet, __: unknown, message: Message): boolean {
    return !announcesOne(message, this.halved);
  }

  signDelayMs(puppet: Puppet, request: SignRequest): number {
    const { percent } = this.options;
    if (request.type === "seal" && puppet.random.chance(percent)) this.double(puppet, request);
    return 0;
  }

  onBlock(puppet: Puppet, node: { hash: BlockHash; slot: number }): void {
    if (!this.halved.has(node.hash)) return;
    const block = puppet.insides.parts.tree.get(node.hash);
    if (block?.body === undefined) return;
    const header = encodeSealedHeader(block.sealed);
    for (const { conn } of puppet.peers()) {
      if (this.options.half(puppet, conn, node.slot) !== 0) continue;
      puppet.sendBlock(conn, header, node.hash, block.body);
    }
  }

  private double(puppet: Puppet, request: Extract<SignRequest, { type: "seal" }>): void {
    const { slot, genesisHash } = request;
    const only = this.options.second(puppet, slot);
    if (only === undefined) return;
    const second = puppet.insides.chain.duties.buildBlock(slot, puppet.key, () => [only]);
    const first = blockHashOf(request.blockHash);
    if (second === undefined || second.header.hash === first) return;
    this.halved.add(first);
    const { header, body } = second;
    const blockHash = idBytes(header.hash);
    const seal = puppet.sign({ type: "seal", slot, blockHash, genesisHash });
    const bytes = encodeSealedHeader({ header, seal });
    puppet.later(1, () => {
      for (const { conn } of puppet.peers()) {
        if (this.options.half(puppet, conn, slot) !== 1) continue;
        puppet.sendBlock(conn, bytes, header.hash, body);
      }
    });
  }
}

/** A payment to itself. */
export function paymentBy(signatures: SignatureScheme, seed: Uint8Array): Second {
  return (puppet, slot) => {
    const from = addressOfKey(puppet.key);
    const { nonce } = puppet.insides.state.account(from);
    const amount = BigInt(slot);
    const payload = new Uint8Array(0);
    const { key: sender, genesisHash } = puppet;
    return signTransaction(
      { type: 0, sender, nonce, fee: 10n, validUntilSlot: 0, to: from, amount, payload },
      genesisHash,
      (preimage) => signatures.sign(seed, preimage),
    );
  };
}
