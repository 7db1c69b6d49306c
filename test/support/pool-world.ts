/**
 * A mempool over a plain ledger of balances, with a cheap signature scheme at the edge
 * (signature = SHA-256 of key and message, twice) that counts how often it is asked.
 */
import { concatBytes, equalBytes, u64Bytes } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import type { LedgerView } from "../../src/mempool/ledger-view.ts";
import { Mempool, type MempoolOptions } from "../../src/mempool/mempool.ts";
import type { Block } from "../../src/model/block.ts";
import {
  type Address,
  addressOf,
  type PublicKey,
  publicKeyOf,
  type TxId,
} from "../../src/model/ids.ts";
import { rejection } from "../../src/model/rule-code.ts";
import { addressOfKey, signTransaction, type Transaction } from "../../src/model/transaction.ts";
import { makeBlock } from "./sync-world.ts";
import { VirtualTime } from "./virtual-time.ts";

const genesisHash = new Uint8Array(32).fill(7);
const keyOf = (account: number) => sha256(u64Bytes(account));

function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(publicKey, message));
  return concatBytes(half, half);
}

export interface Draft {
  readonly nonce?: number;
  readonly fee?: number | bigint;
  readonly amount?: number | bigint;
  readonly validUntilSlot?: number;
  readonly payload?: number;
  readonly type?: number;
  readonly forged?: boolean;
  readonly to?: number;
}

/** A transaction of account number `account`. */
export function draft(account: number, options: Draft = {}): Transaction {
  const { nonce = 0, fee = 10, amount = 1, validUntilSlot = 0, payload = 0, type = 0 } = options;
  const key = keyOf(account);
  const fields = {
    type,
    sender: publicKeyOf(key),
    nonce: BigInt(nonce),
    fee: BigInt(fee),
    validUntilSlot,
    to: options.to === undefined ? addressOf(new Uint8Array(32)) : accountAddress(options.to),
    amount: BigInt(amount),
    payload: new Uint8Array(payload),
  };
  const sign = (preimage: Uint8Array) =>
    options.forged ? new Uint8Array(64) : signatureOf(key, preimage);
  return signTransaction(fields, genesisHash, sign);
}

export const accountAddress = (account: number): Address =>
  addressOfKey(publicKeyOf(keyOf(account)));

export class PoolWorld {
  readonly time: VirtualTime;
  readonly accounts = new Map<Address, { nonce: bigint; balance: bigint }>();
  readonly pool: Mempool;
  slot = 100;
  verifiedCount = 0;
  validators: PublicKey[] = [];
  /** Whose action would fail. */
  readonly failing = new Set<TxId>();

  constructor(options: Partial<MempoolOptions> = {}) {
    this.time = new VirtualTime(1, {
      publicKey: (seed) => seed,
      sign: signatureOf,
      verify: (signature, message, publicKey) => {
        this.verifiedCount++;
        return equalBytes(signature, signatureOf(publicKey, message));
      },
    });
    const view: LedgerView = {
      account: (address) => this.account(address),
      slot: () => this.slot,
      checkAction: ({ id }) =>
        this.failing.has(id) ? rejection("transaction-governance", "fails") : undefined,
      validators: () => this.validators,
    };
    this.pool = new Mempool(this.time.env, view, { genesisHash, minFee: 1n, ...options });
  }

  fund(account: number, balance: number | bigint, nonce = 0): void {
    const entry = { nonce: BigInt(nonce), balance: BigInt(balance) };
    this.accounts.set(accountAddress(account), entry);
  }

  account(address: Address): { nonce: bigint; balance: bigint } {
    return this.accounts.get(address) ?? { nonce: 0n, balance: 0n };
  }

  /** "accepted", "replaced" or the code of the refusal. */
  add(transaction: Transaction): string {
    const verdict = this.pool.add(transaction);
    if ("code" in verdict) return verdict.code;
    return verdict.replaced === undefined ? "accepted" : "replaced";
  }

  /** Applies `transactions` to the accounts (`direction` -1n takes them back) and makes a block. */
  move(transactions: readonly Transaction[], direction: 1n | -1n = 1n): Block {
    for (const { from, amount, fee } of transactions) {
      const { nonce, balance } = this.account(from);
      const cost = (amount + fee) * direction;
      this.accounts.set(from, { nonce: nonce + direction, balance: balance - cost });
    }
    return blockWith(transactions);
  }
}

export function blockWith(transactions: readonly Transaction[], height = 1): Block {
  const { sealed } = makeBlock(undefined, height);
  const header = { ...sealed.header, height };
  const empty = new Uint8Array(0);
  return { header, seal: sealed.seal, body: { certificate: empty, transactions, bytes: empty } };
}
