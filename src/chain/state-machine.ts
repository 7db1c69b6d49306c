/**
 * What the chain asks of the state that blocks change: apply, undo, and roots to compare. The
 * ledger of accounts is its first implementation; a team's own transactions may be the next.
 * NOT block validity: headers, bodies and signatures are checked before a state machine is asked.
 *
 * Invariant: a function of (genesis, blocks applied and not undone) only, so that `undo(apply(B))`
 * is the identity, root included, and every node reaches the same root.
 * protocol-spec/05-objects §8, 06-validation §3-4.
 */
import type { Address, PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import type { Receipt } from "../model/receipt.ts";
import type { Rejection } from "../model/rule-code.ts";
import type { Transaction } from "../model/transaction.ts";
import type { PendingChange, Proposal, SetChange } from "./registry.ts";

export interface BlockContext {
  readonly height: number;
  readonly slot: number;
  readonly sealer: PublicKey;
  /** Of the block that this one's branch shows to be final, its own certificate included. */
  readonly finalizedHeight: number;
  /** Who signed the certificate that the block carries; none when it carries none. */
  readonly voters: readonly PublicKey[];
  /** The parent is the block of a recovery: in charge from this block on, decided by people. */
  readonly recoveredSet?: readonly PublicKey[] | undefined;
}

/** One entry of the state, before and after; keys and values as stored, undefined = absent. */
export interface StateChange {
  readonly key: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** What a block did. All roots are 32 bytes, of the state after the block. */
export interface Applied {
  readonly stateRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly nextValidatorsHash: Uint8Array;
  /** One for each of `included`, in its order. */
  readonly receipts: readonly Receipt[];
  /** Each key at most once; what `undo` takes and the store writes. */
  readonly changes: readonly StateChange[];
  readonly included: readonly Transaction[];
}

export interface AccountView {
  readonly nonce: bigint;
  readonly balance: bigint;
}

/** Who validates and what is to change about it, for onlookers and checks. */
export interface RegistryView {
  /** In rank order: the set in charge of the next block. */
  readonly validators: readonly PublicKey[];
  /** They may not seal. Former validators too, as long as their faults are remembered. */
  readonly jailed: readonly PublicKey[];
  /** Open ones, oldest first. */
  readonly proposals: readonly Proposal[];
  /** Done once the block at `queuedAt` is final on chain. */
  readonly pending: PendingChange | undefined;
  /** Those after it, in order. */
  readonly queue: readonly SetChange[];
}

export interface StateMachine {
  /** Fills the state with what the network file says, dropping whatever it held. */
  genesis(file: NetworkFile): void;
  /** Fills the state with stored entries (as in `StateChange`), dropping whatever it held. */
  load(entries: Iterable<readonly [Uint8Array, Uint8Array]>): void;
  /** Would `transaction` be valid alone in the next block, in `slot`? Checks no signature. */
  check(transaction: Transaction, slot: number): Rejection | undefined;
  /**
   * Would its action fail though its fee is paid? Undefined for what has none. Part of `check`,
   * for those whose nonce is still to come.
   */
  checkAction(transaction: Transaction, slot: number): Rejection | undefined;
  /** All must be valid, in this order; on a Rejection the state is unchanged. */
  apply(context: BlockContext, transactions: readonly Transaction[]): Applied | Rejection;
  /**
   * Builds a block: takes candidates in order, skips those that are invalid or exceed `bytesMax`
   * in all. CHANGES the state as `apply` does: a builder takes it back with `setAside`.
   * The sealer must not be jailed.
   */
  applyPossible(
    context: BlockContext,
    candidates: readonly Transaction[],
    bytesMax: number,
  ): Applied;
  /** Takes back the latest block that was applied and not undone; give its `changes`. */
  undo(changes: readonly StateChange[]): void;
  /**
   * As `undo(applied.changes)`, but keeps aside what was worked out. `applied` is of the latest
   * `applyPossible`, nothing came after it. Costs nothing; one is kept, the latest.
   */
  setAside(applied: Applied): void;
  /** Applies again what was set aside, at no cost; false when the state has changed since. */
  resume(applied: Applied): boolean;
  /** The block that was applied longest ago became final; there is nothing left to undo it. */
  commit(): void;
  /** All entries in key order, as `load` takes them; do not change the state meanwhile. */
  entries(): Iterable<readonly [Uint8Array, Uint8Array]>;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** In rank order. */
  validators(): readonly PublicKey[];
  /** Those whom the pending change will put in charge; undefined: none is pending. */
  pendingValidators(): readonly PublicKey[] | undefined;
  /** The same object until a block changes it. */
  registry(): RegistryView;
  /** Zeros for an account that is absent. */
  account(address: Address): AccountView;
  /** Sum of all balances, below 2^63. */
  readonly supply: bigint;
}
