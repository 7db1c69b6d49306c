/**
 * Races changes of the validator set on two forks: two transactions of one nonce, each told to one
 * half of its peers and put into one of two blocks of its slot, so that each side proposes and
 * approves something else. It wants nothing that breaks the network by itself: who is added runs,
 * and a new rank harms nobody.
 *
 *   parent ── b1 (add x)     ──> one half          one nonce: only one of the two will ever count
 *         └── b2 (approve y) ──> the other
 */
import type { SignatureScheme } from "../../crypto/signature-scheme.ts";
import { approveFields, proposeFields, type Terms } from "../../model/governance.ts";
import { idBytes, type PublicKey } from "../../model/ids.ts";
import {
  addressOfKey,
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../../model/transaction.ts";
import { inventoryKinds } from "../../wire/messages.ts";
import { Equivocating } from "./equivocating.ts";
import type { Puppet, Trick } from "./puppet.ts";

export class Racing implements Trick {
  readonly twins: Equivocating;
  private readonly signatures: SignatureScheme;
  private readonly seed: Uint8Array;
  /** Whom it may propose. */
  private readonly candidates: readonly PublicKey[];

  constructor(signatures: SignatureScheme, seed: Uint8Array, candidates: readonly PublicKey[]) {
    this.signatures = signatures;
    this.seed = seed;
    this.candidates = candidates;
    this.twins = new Equivocating({
      second: (puppet) => this.rivals(puppet)[1],
      percent: 30,
      half: (at, conn, slot) => at.half(conn, slot),
    });
  }

  onMoment(puppet: Puppet): void {
    if (!puppet.random.chance(25)) return;
    const rivals = this.rivals(puppet);
    for (const { conn } of puppet.peers()) {
      const { id, bytes } = rivals[puppet.half(conn, 0)];
      const items = new Uint8Array([inventoryKinds.transaction, ...idBytes(id)]);
      puppet.send(conn, { type: "inv", items });
      puppet.send(conn, { type: "new_transaction", transaction: bytes });
    }
  }

  private rivals(puppet: Puppet): readonly [Transaction, Transaction] {
    const { state } = puppet.insides;
    const sender = puppet.key;
    const { nonce } = state.account(addressOfKey(sender));
    const terms: Terms = { sender, nonce, fee: 500n, validUntilSlot: 0 };
    return [this.wish(puppet, terms), this.wish(puppet, { ...terms, fee: 501n })];
  }

  private wish(puppet: Puppet, terms: Terms): Transaction {
    const { random, key } = puppet;
    const { validators, proposals } = puppet.insides.state.registry();
    const open = proposals.filter(({ approvals }) => !approvals.includes(key));
    if (open.length > 0 && random.chance(70)) {
      return this.signed(puppet, approveFields(random.pick(open).id, terms));
    }
    const absent = this.candidates.filter((each) => !validators.includes(each));
    const change =
      absent.length > 0 && random.chance(60)
        ? ({ action: "add", validator: random.pick(absent) } as const)
        : ({ action: "rerank", validator: random.pick(validators) } as const);
    const rank = random.below(validators.length);
    return this.signed(puppet, proposeFields({ ...change, rank, force: false }, terms));
  }

  private signed({ genesisHash }: Puppet, fields: TransactionFields): Transaction {
    return signTransaction(fields, genesisHash, (preimage) =>
      this.signatures.sign(this.seed, preimage),
    );
  }
}
