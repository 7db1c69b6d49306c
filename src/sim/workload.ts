/**
 * Signed transfers submitted to random nodes of a simulated network, as clients do: each asks its
 * node for the next nonce, so some arrive too early, too late or twice.
 */
import { assert } from "../base/assert.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { idBytes, type PublicKey, publicKeyOf } from "../model/ids.ts";
import { addressOfKey, signTransaction, type Transaction } from "../model/transaction.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimNode } from "./sim-node.ts";

export interface Account {
  readonly seed: Uint8Array;
  readonly key: PublicKey;
}

export class Workload {
  private readonly random: SeededRandom;
  private readonly signatures: SignatureScheme;
  readonly accounts: readonly Account[];

  constructor(random: SeededRandom, signatures: SignatureScheme, count: number) {
    this.random = random;
    this.signatures = signatures;
    this.accounts = Array.from({ length: count }, () => {
      const seed = random.bytes(32);
      return { seed, key: publicKeyOf(signatures.publicKey(seed)) };
    });
  }

  /** A transfer that is valid as far as `node` knows, with now and then a wrong nonce. */
  transfer(node: SimNode): Transaction | undefined {
    const queries = node.node?.queries;
    if (queries === undefined) return undefined;
    const sender = this.random.pick(this.accounts);
    const receiver = this.random.pick(this.accounts);
    const from = addressOfKey(sender.key);
    const { nonce } = queries.account(from);
    const ahead = queries.pendingOf(from) + (this.random.chance(5) ? this.random.below(3) : 0);
    const genesis = queries.info().genesisHash;
    assert(genesis.length === 64, "a genesis hash");
    return signTransaction(
      {
        type: 0,
        sender: sender.key,
        nonce: nonce + BigInt(ahead),
        fee: BigInt(this.random.between(10, 1_000)),
        validUntilSlot: 0,
        to: addressOfKey(receiver.key),
        amount: BigInt(this.random.below(1_000)),
        payload: this.random.bytes(this.random.chance(10) ? this.random.below(2_000) : 0),
      },
      idBytes(genesis),
      (preimage) => this.signatures.sign(sender.seed, preimage),
    );
  }

  /** Is it the one of its sender that `node` waits for? */
  isNext(node: SimNode, { from, nonce }: Transaction): boolean {
    const queries = node.node?.queries;
    return queries !== undefined && queries.account(from).nonce === nonce;
  }
}
