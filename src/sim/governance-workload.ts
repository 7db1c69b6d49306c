/**
 * Validators that change their set now and then: one proposes, the others approve one after the
 * other, at whatever node. Removes only so many that a quorum of honest ones is left.
 */
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import {
  approveFields,
  type ProposedChange,
  proposeFields,
  type Terms,
} from "../model/governance.ts";
import { idBytes, type PublicKey } from "../model/ids.ts";
import {
  addressOfKey,
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../model/transaction.ts";
import { insidesOf } from "./insides.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimNode } from "./sim-node.ts";

export interface GovernanceOptions {
  readonly signatures: SignatureScheme;
  /** Secrets of all validator keys, spare ones too. */
  readonly seeds: ReadonlyMap<PublicKey, Uint8Array>;
  readonly spares: readonly PublicKey[];
  /** Members of which nothing good may be expected. */
  readonly unreliable: number;
}

export class GovernanceWorkload {
  private readonly random: SeededRandom;
  private readonly options: GovernanceOptions;
  private removals = 0;

  constructor(random: SeededRandom, options: GovernanceOptions) {
    this.random = random;
    this.options = options;
  }

  /** The next step: mostly an approval, where a proposal is open. */
  next(node: SimNode): Transaction | undefined {
    if (node.node === undefined) return undefined;
    const { validators, proposals } = insidesOf(node.node).state.registry();
    const open = proposals.length > 0 ? this.random.pick(proposals) : undefined;
    if (open !== undefined && this.random.chance(85)) {
      const others = validators.filter((key) => !open.approvals.includes(key));
      if (others.length === 0) return undefined;
      const sender = this.random.pick(others);
      return this.signed(node, sender, (terms) => approveFields(open.id, terms));
    }
    const change = this.change(validators);
    const sender = this.random.pick(validators);
    return change && this.signed(node, sender, (terms) => proposeFields(change, terms));
  }

  /**
   * All who validate, as `node` sees it, approve whatever is open, and propose so many changes more:
   * those are open, and can be approved, only once they are in a block.
   */
  agree(node: SimNode, count: number): readonly Transaction[] {
    if (node.node === undefined) return [];
    const { validators, proposals } = insidesOf(node.node).state.registry();
    const sent = new Map<PublicKey, number>();
    const signed = (sender: PublicKey, fieldsOf: (terms: Terms) => TransactionFields) => {
      const ahead = sent.get(sender) ?? 0;
      sent.set(sender, ahead + 1);
      return this.signed(node, sender, fieldsOf, ahead) ?? [];
    };
    const approved = proposals.flatMap(({ id, approvals }) =>
      validators
        .filter((key) => !approvals.includes(key))
        .flatMap((key) => signed(key, (terms) => approveFields(id, terms))),
    );
    const first = this.random.below(validators.length);
    const absent = this.options.spares.filter((key) => !validators.includes(key));
    const proposed = Array.from({ length: Math.min(count, validators.length) }, (_, index) => {
      const added = absent[index];
      const change: ProposedChange | undefined =
        added === undefined
          ? this.change(validators)
          : { action: "add", validator: added, rank: undefined, force: false };
      const sender = validators[(first + index) % validators.length]!;
      return change === undefined ? [] : signed(sender, (terms) => proposeFields(change, terms));
    });
    return [...approved, ...proposed.flat()];
  }

  private change(validators: readonly PublicKey[]): ProposedChange | undefined {
    const { random } = this;
    const { spares, unreliable } = this.options;
    const rank = random.chance(50) ? undefined : random.below(validators.length);
    const absent = spares.filter((key) => !validators.includes(key));
    if (absent.length > 0 && random.chance(50)) {
      return { action: "add", validator: random.pick(absent), rank, force: false };
    }
    const present = spares.filter((key) => validators.includes(key));
    if (present.length > 0 && random.chance(50)) {
      const validator = random.pick(present);
      return { action: "remove", validator, rank: undefined, force: random.chance(50) };
    }
    const left = validators.length - 1;
    const spendable = left - Math.ceil((2 * left) / 3);
    if (this.removals === 0 && left > 0 && unreliable < spendable && random.chance(30)) {
      this.removals++;
      const validator = random.pick(validators);
      return { action: "remove", validator, rank: undefined, force: false };
    }
    return { action: "rerank", validator: random.pick(validators), rank, force: false };
  }

  private signed(
    node: SimNode,
    sender: PublicKey,
    fieldsOf: (terms: Terms) => TransactionFields,
    ahead = 0,
  ): Transaction | undefined {
    const seed = this.options.seeds.get(sender);
    const queries = node.node?.queries;
    if (seed === undefined || queries === undefined) return undefined;
    const nonce = queries.nextNonceOf(addressOfKey(sender)) + BigInt(ahead);
    const fields = fieldsOf({ sender, nonce, fee: 20n, validUntilSlot: 0 });
    return signTransaction(fields, idBytes(queries.info().genesisHash), (preimage) =>
      this.options.signatures.sign(seed, preimage),
    );
  }
}
