/** 05-objects §8, 06-validation §1 to §4: genesis, and blocks on it. */
import { ascii, hex, join, same, u64, unhex, zeros } from "./bytes.ts";
import { edVerify, tagged } from "./crypto.ts";
import { check, faultOf } from "./fault.ts";
import { canonicalText, type Network } from "./network.ts";
import {
  addressOf,
  certificateFault,
  type Header,
  judgeEvidence,
  noHash,
  readBody,
  readCertificate,
  readEvidence,
  readSealedHeader,
  sealPreimage,
  type Transaction,
  transactionPreimage,
  validatorsHashOf,
} from "./objects.ts";
import { Registry } from "./registry.ts";
import { merkleRoot, stateRoot } from "./trees.ts";

interface Account {
  nonce: bigint;
  balance: bigint;
}

/** A header of the chain, who was in charge of it, and what its branch shows to be final. */
interface Told {
  readonly header: Header;
  readonly set: readonly string[];
  readonly final: number;
}

const supplyEnd = 2n ** 63n;
const evidenceMaxAgeSlots = 100_000;
const unfinalizedMax = 100;

/** The state of a network, block by block; keys and values as hex. */
export class Chain {
  readonly network: Network;
  readonly genesisHash: string;
  private readonly accounts = new Map<string, Account>();
  private readonly registry: Registry;
  private supply = 0n;
  private readonly told: Told[] = [];

  constructor(network: Network) {
    this.network = network;
    this.registry = new Registry(network.validators);
    for (const { address, balance } of network.accounts) {
      this.account(address).balance = BigInt(balance);
      this.supply += BigInt(balance);
    }
    const { header } = readSealedHeader(this.genesisHeader());
    this.told.push({ header, set: network.validators, final: 0 });
    this.genesisHash = header.hash;
  }

  /** Header 356 and a seal of zeros. */
  genesisHeader(): Uint8Array {
    const out = new Uint8Array(420);
    const set = unhex(validatorsHashOf(this.network.validators));
    out[1] = 1;
    out.set(u64(this.network.genesisTimeMs), 24);
    out.set(this.root(), 64);
    out.set(merkleRoot([]), 96);
    out.set(merkleRoot([]), 128);
    out.set(set, 232);
    out.set(set, 264);
    out[331] = 4;
    return out;
  }

  state(): Map<string, string> {
    const state = new Map<string, string>();
    const put = (key: Uint8Array, value: Uint8Array) => state.set(hex(key), hex(value));
    const params = tagged("params/1", ascii(canonicalText(this.network)));
    put(tagged("sys/1", ascii("params")), params);
    const leaves = this.registry.leaves();
    ["validators", "governance", "jailed"].forEach((name, i) => {
      const value = leaves[i];
      if (value !== undefined) put(tagged("sys/1", ascii(name)), value);
    });
    put(tagged("sys/1", ascii("supply")), u64(this.supply));
    for (const [address, { nonce, balance }] of this.accounts) {
      if (nonce === 0n && balance === 0n) continue;
      const value = join(u64(nonce), u64(balance), zeros(40));
      put(tagged("key/1", unhex(address)), value);
    }
    return state;
  }

  /** Height of the highest block that the chain shows to be final. */
  get final(): number {
    return this.told.at(-1)!.final;
  }

  root(): Uint8Array {
    const pairs = [...this.state()].map(([key, value]) => ({
      key: unhex(key),
      value: unhex(value),
    }));
    return stateRoot(pairs);
  }

  /** Checks all of 06-validation §1 to §4 that needs no clock; the receipts. */
  append(sealedHeader: Uint8Array, bodyBytes: Uint8Array): Uint8Array[] {
    const { header, seal } = readSealedHeader(sealedHeader);
    const { set } = this.registry;
    this.checkHeader(header, set);
    const final = this.checkJustified(header);
    const preimage = sealPreimage(unhex(this.genesisHash), header.hash);
    check(edVerify(unhex(header.sealer), preimage, seal), "header-seal");
    check(bodyBytes.length === header.bodyBytes, "body-mismatch");
    const body = readBody(bodyBytes);
    check(body.transactions.length === header.txCount, "body-mismatch");
    const { certificate } = body;
    const certHash = certificate.length === 0 ? noHash : hex(tagged("cert/1", certificate));
    check(certHash === header.certHash, "body-mismatch");
    const root = hex(merkleRoot(body.transactions.map(({ bytes }) => bytes)));
    check(root === header.txRoot, "body-mismatch");
    const voters = certificate.length === 0 ? [] : this.checkCertificate(header, certificate);
    for (const each of body.transactions) {
      check(this.isSigned(each), "block-transaction-signature");
    }
    check(!this.registry.jail.has(header.sealer), "block-sealer-jailed");
    const receipts = this.apply(body.transactions, header, voters);
    this.registry.handOver(header.height, final);
    check(hex(this.root()) === header.stateRoot, "block-state-root");
    check(hex(merkleRoot(receipts)) === header.receiptsRoot, "block-receipts-root");
    const next = validatorsHashOf(this.registry.set);
    check(header.nextValidatorsHash === next, "block-next-validators");
    this.told.push({ header, set, final });
    return receipts;
  }

  /** The first rule of 06-validation §4 that a transaction breaks. */
  judge(transaction: Transaction, slot: number): string | undefined {
    const { nonce, balance } = this.account(transaction.from);
    const cost = transaction.amount + transaction.fee;
    if (![0, 2, 3].includes(transaction.type)) return "transaction-type";
    if (transaction.fee < BigInt(this.network.minFee)) return "transaction-fee-low";
    const until = transaction.validUntilSlot;
    if (until !== 0 && slot > until) return "transaction-expired";
    if (transaction.nonce < nonce) return "transaction-nonce-low";
    if (transaction.nonce > nonce) return "transaction-nonce-gap";
    if (nonce === 2n ** 64n - 1n) return "transaction-nonce-high";
    if (cost >= 2n ** 64n) return "transaction-overflow";
    return cost > balance ? "transaction-balance" : undefined;
  }

  private checkHeader(header: Header, set: readonly string[]): void {
    const { network } = this;
    const parent = this.told.at(-1)!.header;
    check(header.version === 1, "header-version");
    check(header.engine === 0, "header-engine");
    check(header.extra === hex(zeros(24)), "header-extra");
    check(header.bodyBytes >= 4 && header.bodyBytes <= 1_048_576, "header-body-size");
    check(header.txCount <= 10_000, "header-body-size");
    const startMs = network.genesisTimeMs + header.slot * network.slotMs;
    check(header.timestampMs === startMs, "header-timestamp");
    check(header.validatorsHash === validatorsHashOf(set), "header-validators");
    check(header.sealer === set[header.slot % set.length], "header-sealer");
    check(header.parentHash === parent.hash, "orphan");
    check(header.height === parent.height + 1, "header-height");
    check(header.slot > parent.slot, "header-slot");
  }

  /** Height of what is final by this header. */
  private checkJustified(header: Header): number {
    const { header: parent, final: before } = this.told.at(-1)!;
    const isSame = header.justifiedSlot === parent.justifiedSlot;
    const isRaised = !isSame || header.justifiedHash !== parent.justifiedHash;
    check(isRaised === (header.certHash !== noHash), "header-certificate");
    let final = before;
    if (isRaised) {
      check(header.justifiedSlot > parent.justifiedSlot, "header-justified");
      const target = this.named(header);
      check(target !== undefined, "header-justified");
      const { slot, justifiedSlot } = target!.header;
      const source = this.told.find(({ header: h }) => h.slot === justifiedSlot && h.height > 0);
      final = target!.final;
      if (source !== undefined && slot === justifiedSlot + 1) final = source.header.height;
    }
    const isCertified = header.justifiedHash === parent.hash;
    check(header.height <= final + unfinalizedMax || isCertified, "header-cap");
    return final;
  }

  private named({ justifiedSlot, justifiedHash }: Header): Told | undefined {
    return this.told.find(
      ({ header }) => header.slot === justifiedSlot && header.hash === justifiedHash,
    );
  }

  /** Who signed it. */
  private checkCertificate(header: Header, bytes: Uint8Array): readonly string[] {
    const { header: target, set } = this.named(header)!;
    const { signers, data } = readCertificate(bytes);
    const isFor = data.targetSlot === target.slot && data.targetHash === target.hash;
    const { justifiedSlot, justifiedHash } = target;
    const isFrom = data.sourceSlot === justifiedSlot && data.sourceHash === justifiedHash;
    check(isFor && isFrom, "block-certificate");
    const fault = certificateFault(bytes, set, unhex(this.genesisHash));
    check(fault === undefined, fault ?? "");
    return signers.map(({ rank }) => set[rank]!);
  }

  private isSigned(t: Transaction): boolean {
    const genesis = unhex(this.genesisHash);
    if (t.type !== 4)
      return edVerify(unhex(t.sender), transactionPreimage(t, genesis), t.signature);
    if (faultOf(() => readEvidence(unhex(t.payload))) !== undefined) return false;
    return same(t.signature, zeros(64)) && judgeEvidence(unhex(t.payload), genesis) === "valid";
  }

  private apply(
    transactions: readonly Transaction[],
    { slot, height, sealer }: Header,
    voters: readonly string[],
  ): Uint8Array[] {
    this.registry.forgetOld(slot);
    let fees = 0n;
    let faults = 0n;
    const receipts = transactions.map((each) => {
      if (each.type === 4) {
        const isTaken = faults++ < 4n && this.punish(each, slot, height, sealer);
        check(isTaken, "block-transaction-invalid");
        return join(Uint8Array.of(1), u64(0));
      }
      check(this.judge(each, slot) === undefined, "block-transaction-invalid");
      const sender = this.account(each.from);
      sender.nonce += 1n;
      sender.balance -= each.fee;
      fees += each.fee;
      let isDone = true;
      if (each.type === 0) {
        sender.balance -= each.amount;
        this.account(each.to).balance += each.amount;
      } else isDone = this.registry.govern(each, height, slot);
      return join(Uint8Array.of(isDone ? 1 : 0), u64(each.fee));
    });
    this.reward(sealer, voters, fees, faults);
    return receipts;
  }

  private punish(t: Transaction, slot: number, height: number, sealer: string): boolean {
    const { validator, slot: at } = readEvidence(unhex(t.payload));
    const isBare =
      t.sender === noHash &&
      t.nonce === 0n &&
      t.fee === 0n &&
      t.amount === 0n &&
      t.validUntilSlot === 0;
    if (!isBare || t.to !== addressOf(sealer)) return false;
    if (at > slot || at < slot - evidenceMaxAgeSlots) return false;
    if (!this.registry.mayPunish(validator)) return false;
    this.registry.punish(validator, height, slot);
    return true;
  }

  private reward(sealer: string, voters: readonly string[], fees: bigint, faults: bigint): void {
    const least = (a: bigint, b: bigint) => (a < b ? a : b);
    const whole = BigInt(this.network.blockReward);
    const room = supplyEnd - 1n - this.supply;
    const reward = least(whole, room);
    const bounty = least(whole * faults, room - reward);
    const share = voters.length === 0 ? 0n : reward / 8n / BigInt(voters.length);
    for (const voter of voters) if (share > 0n) this.account(addressOf(voter)).balance += share;
    const rest = reward - share * BigInt(voters.length);
    this.account(addressOf(sealer)).balance += rest + fees + bounty;
    this.supply += reward + bounty;
  }

  private account(address: string): Account {
    const known = this.accounts.get(address);
    if (known !== undefined) return known;
    const account = { nonce: 0n, balance: 0n };
    this.accounts.set(address, account);
    return account;
  }
}
