/**
 * Accounts and the validator registry: the state machine of this version. A block is worked out on
 * a draft (`block-draft.ts`) and written only when all of it is valid. Knows no signatures,
 * headers or forks.
 *
 * Invariants: the sum of all balances is `supply` < 2^63, so no sum of two balances overflows a
 * u64; an account that is all zero is not in the tree; the root depends on the state only.
 * protocol-spec/05-objects §8, 06-validation §4.
 */
import { assert, defined } from "../base/assert.ts";
import { equalBytes, readU64, u64Bytes } from "../base/bytes.ts";
import type { Address } from "../model/ids.ts";
import { type NetworkFile, networkFileHash, supplyEnd } from "../model/network-file.ts";
import { receiptsRoot } from "../model/receipt.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { type Transaction, transactionTypes } from "../model/transaction.ts";
import { encodeValidatorSet, type ValidatorSet, validatorsHash } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import { accountKey, decodeAccount, emptyAccount, encodeAccount, systemKey } from "./account.ts";
import { sameValue } from "./account-draft.ts";
import { BlockDraft } from "./block-draft.ts";
import { governed, refreshed } from "./governance.ts";
import { changedSet, isJailed, type Registry, registryOf } from "./registry.ts";
import { decodeRegistry, encodeRegistry } from "./registry-codec.ts";
import type {
  AccountView,
  Applied,
  BlockContext,
  RegistryView,
  StateChange,
  StateMachine,
} from "./state-machine.ts";
import { StateTree } from "./state-tree.ts";
import { termsProblem } from "./transaction-terms.ts";

const paramsKey = systemKey("params");
const supplyKey = systemKey("supply");
const validatorsKey = systemKey("validators");
const governanceKey = systemKey("governance");
const jailedKey = systemKey("jailed");
const registryKeys = [validatorsKey, governanceKey, jailedKey];
const { propose, approve } = transactionTypes;
const nobody = registryOf([]);

/** What stands in the tree about validators, decoded. */
interface Known {
  readonly registry: Registry;
  readonly view: RegistryView;
  readonly setHash: Uint8Array;
}

/** A block that was built, while the tree has both versions: with it and without. */
interface Trial {
  readonly applied: Applied;
  /** Of the version that the tree is not. */
  readonly other: Known;
  readonly isAside: boolean;
}

export class Ledger implements StateMachine {
  private readonly file: NetworkFile;
  private readonly tree = new StateTree();
  private known: Known = {
    registry: nobody,
    view: { ...nobody, jailed: [] },
    setHash: new Uint8Array(32),
  };
  private trial: Trial | undefined;

  /** Empty until `genesis` or `load`. */
  constructor(file: NetworkFile) {
    this.file = file;
  }

  get root(): Uint8Array {
    return this.tree.root;
  }

  get supply(): bigint {
    return readU64(defined(this.tree.get(supplyKey), "the state is filled"), 0);
  }

  validators(): ValidatorSet {
    return this.known.registry.validators;
  }

  pendingValidators(): ValidatorSet | undefined {
    const { registry } = this.known;
    return registry.pending && changedSet(registry, registry.pending);
  }

  registry(): RegistryView {
    return this.known.view;
  }

  account(address: Address): AccountView {
    return decodeAccount(this.tree.get(accountKey(address)));
  }

  entries(): Iterable<readonly [Uint8Array, Uint8Array]> {
    return this.tree.entries();
  }

  genesis(file: NetworkFile): void {
    const params = networkFileHash(file);
    assert(equalBytes(params, networkFileHash(this.file)), "one ledger serves one network");
    this.endTrial();
    this.tree.clear();
    let supply = 0n;
    for (const { address, balance } of file.accounts) {
      const key = accountKey(address);
      assert(this.tree.get(key) === undefined, "a genesis account is listed once");
      const value = encodeAccount({ ...emptyAccount, balance });
      if (value !== undefined) this.tree.set(key, value);
      supply += balance;
    }
    assert(supply < supplyEnd, "the supply is below 2^63");
    this.tree.set(paramsKey, params);
    this.tree.set(validatorsKey, encodeValidatorSet(file.validators));
    this.tree.set(supplyKey, u64Bytes(supply));
    this.readRegistry();
  }

  load(entries: Iterable<readonly [Uint8Array, Uint8Array]>): void {
    this.endTrial();
    this.tree.clear();
    for (const [key, value] of entries) this.tree.set(key, value);
    const params = defined(this.tree.get(paramsKey), "a stored state has its parameters");
    assert(equalBytes(params, networkFileHash(this.file)), "one ledger serves one network");
    assert(this.supply < supplyEnd, "the supply is below 2^63");
    this.readRegistry();
  }

  check(transaction: Transaction, slot: number): Rejection | undefined {
    const sender = this.account(transaction.from);
    return (
      termsProblem(transaction, slot, sender, this.file) ?? this.checkAction(transaction, slot)
    );
  }

  checkAction(transaction: Transaction, slot: number): Rejection | undefined {
    if (transaction.type !== propose && transaction.type !== approve) return undefined;
    // What would come of it is thrown away, and with it the height.
    const result = governed(refreshed(this.known.registry, slot), transaction, { height: 0, slot });
    return "code" in result ? result : undefined;
  }

  apply(context: BlockContext, transactions: readonly Transaction[]): Applied | Rejection {
    if (this.isSealerJailed(context)) {
      return rejection("block-sealer-jailed", `${context.sealer} may not seal`);
    }
    const draft = this.draftOf(context);
    for (const [index, transaction] of transactions.entries()) {
      const problem = draft.take(transaction);
      if (problem === undefined) continue;
      const which = `transaction ${index} (${transaction.id})`;
      return rejection("block-transaction-invalid", `${which}: ${problem.code}: ${problem.detail}`);
    }
    this.endTrial();
    return this.settle(draft, transactions);
  }

  applyPossible(
    context: BlockContext,
    candidates: readonly Transaction[],
    bytesMax: number,
  ): Applied {
    assert(!this.isSealerJailed(context), "nobody builds a block that is refused");
    const draft = this.draftOf(context);
    const included: Transaction[] = [];
    let bytesLeft = bytesMax;
    for (const transaction of candidates) {
      if (included.length === chainLimits.blockTransactionsMax) break;
      if (transaction.bytes.length > bytesLeft) continue;
      if (draft.take(transaction) !== undefined) continue;
      included.push(transaction);
      bytesLeft -= transaction.bytes.length;
    }
    this.endTrial();
    this.tree.begin();
    const other = this.known;
    const applied = this.settle(draft, included);
    this.trial = { applied, other, isAside: false };
    return applied;
  }

  undo(changes: readonly StateChange[]): void {
    for (const { key, after } of changes) {
      assert(sameValue(this.tree.get(key), after), "blocks are undone latest first");
    }
    this.endTrial();
    this.write(changes, "before");
  }

  setAside(applied: Applied): void {
    const { trial } = this;
    assert(trial?.applied === applied && !trial.isAside, "only what was built last is set aside");
    this.swap(trial);
  }

  resume(applied: Applied): boolean {
    const { trial } = this;
    if (trial?.applied !== applied || !trial.isAside) return false;
    this.swap(trial);
    this.endTrial();
    return true;
  }

  commit(): void {}

  private isSealerJailed(context: BlockContext): boolean {
    return isJailed(this.before(context), context.sealer);
  }

  private draftOf(context: BlockContext): BlockDraft {
    return new BlockDraft(this.file, this.tree, this.before(context), context);
  }

  /** The registry that a block begins with: after a recovery there is nothing left of the old one. */
  private before({ recoveredSet }: BlockContext): Registry {
    return recoveredSet === undefined ? this.known.registry : registryOf(recoveredSet);
  }

  private swap({ applied, other, isAside }: Trial): void {
    assert(this.tree.swap(), "nothing was written since");
    this.trial = { applied, other: this.known, isAside: !isAside };
    this.known = other;
  }

  /** Before anything else is written: the state as it is now is the only one. */
  private endTrial(): void {
    this.trial = undefined;
    this.tree.keepThis();
  }

  /** Writes the draft, and says what changed. */
  private settle(draft: BlockDraft, included: readonly Transaction[]): Applied {
    const before = defined(this.tree.get(supplyKey), "the state is filled");
    const supply = readU64(before, 0);
    const { changes, receipts, registry, supply: supplyAfter } = draft.finish(supply);
    if (supplyAfter !== supply) {
      changes.push({ key: supplyKey, before, after: u64Bytes(supplyAfter) });
    }
    if (registry !== this.known.registry) changes.push(...this.registryChanges(registry));
    this.write(changes, "after");
    return {
      stateRoot: this.root,
      receiptsRoot: receiptsRoot(receipts),
      nextValidatorsHash: this.known.setHash,
      receipts,
      changes,
      included,
    };
  }

  private registryChanges(registry: Registry): StateChange[] {
    const { validators, governance, jailed } = encodeRegistry(registry);
    return [
      { key: validatorsKey, before: this.tree.get(validatorsKey), after: validators },
      { key: governanceKey, before: this.tree.get(governanceKey), after: governance },
      { key: jailedKey, before: this.tree.get(jailedKey), after: jailed },
    ].filter(({ before, after }) => !sameValue(before, after));
  }

  private write(changes: readonly StateChange[], side: "before" | "after"): void {
    let isRegistryChanged = false;
    for (const change of changes) {
      const value = change[side];
      if (value === undefined) this.tree.delete(change.key);
      else this.tree.set(change.key, value);
      isRegistryChanged ||= isRegistryKey(change.key);
    }
    if (isRegistryChanged) this.readRegistry();
  }

  private readRegistry(): void {
    const registry = decodeRegistry({
      validators: defined(this.tree.get(validatorsKey), "the state is filled"),
      governance: this.tree.get(governanceKey),
      jailed: this.tree.get(jailedKey),
    });
    assert(registry !== undefined, "the state holds a registry");
    const { jail, ...rest } = registry;
    this.known = {
      registry,
      view: { ...rest, jailed: jail.map(({ validator }) => validator) },
      setHash: validatorsHash(registry.validators),
    };
  }
}

function isRegistryKey(key: Uint8Array): boolean {
  for (const each of registryKeys) if (equalBytes(each, key)) return true;
  return false;
}
