/** 05-objects §8 and §9, 06-validation §2 to §4: the network file, genesis, and blocks on it. */
import { ascii, hex, join, u64, unhex, zeros } from "./bytes.ts";
import { edVerify, tagged } from "./crypto.ts";
import { check, refuse } from "./fault.ts";
import {
  addressOf,
  encodeValidatorSet,
  type Header,
  noHash,
  readBody,
  readSealedHeader,
  sealPreimage,
  type Transaction,
  transactionPreimage,
  validatorsHashOf,
} from "./objects.ts";
import { merkleRoot, stateRoot } from "./trees.ts";

export interface Network {
  readonly name: string;
  readonly genesisTimeMs: number;
  readonly slotMs: number;
  readonly engine: string;
  readonly validators: readonly string[];
  readonly accounts: readonly { readonly address: string; readonly balance: string }[];
  readonly blockReward: string;
  readonly minFee: string;
}

const refused = "refused";
const names = ["name", "genesisTimeMs", "slotMs", "engine", "validators", "accounts"];
const allNames = [...names, "blockReward", "minFee"];

/** Refuses whatever 05-objects §9 does not allow. */
export function readNetwork(text: string): Network {
  const file = parsed(text);
  check(Object.keys(file).sort().join() === [...allNames].sort().join(), refused);
  const amount = (value: unknown): boolean =>
    typeof value === "string" && /^(0|[1-9][0-9]*)$/.test(value) && BigInt(value) < 2n ** 63n;
  const id = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  const between = (value: unknown, min: number, max: number): boolean =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : refuse(refused));
  const network = file as unknown as Network;
  check(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(String(file["name"])), refused);
  check(between(file["genesisTimeMs"], 0, 2 ** 52), refused);
  check(between(file["slotMs"], 100, 600_000), refused);
  check(file["engine"] === "poa", refused);
  check(amount(file["blockReward"]) && amount(file["minFee"]), refused);
  const validators = list(file["validators"]);
  check(validators.length >= 1 && validators.length <= 128 && validators.every(id), refused);
  check(new Set(validators).size === validators.length, refused);
  list(file["accounts"]);
  for (const account of network.accounts) {
    check(Object.keys(account).sort().join() === "address,balance", refused);
    check(id(account.address) && amount(account.balance), refused);
  }
  const addresses = new Set(network.accounts.map(({ address }) => address));
  check(addresses.size === network.accounts.length, refused);
  const supply = network.accounts.reduce((sum, { balance }) => sum + BigInt(balance), 0n);
  check(supply < 2n ** 63n, refused);
  return network;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return refuse(refused);
  }
}

/** The canonical text, put together by hand. */
export function canonicalText(n: Network): string {
  const lines = (items: readonly string[]): string =>
    items.length === 0 ? "[]" : `[\n${items.map((item) => `    ${item}`).join(",\n")}\n  ]`;
  const accounts = [...n.accounts]
    .sort((a, b) => (a.address < b.address ? -1 : 1))
    .map((a) => `{\n      "address": "${a.address}",\n      "balance": "${a.balance}"\n    }`);
  return `{
  "name": "${n.name}",
  "genesisTimeMs": ${n.genesisTimeMs},
  "slotMs": ${n.slotMs},
  "engine": "${n.engine}",
  "validators": ${lines(n.validators.map((key) => `"${key}"`))},
  "accounts": ${lines(accounts)},
  "blockReward": "${n.blockReward}",
  "minFee": "${n.minFee}"
}
`;
}

interface Account {
  nonce: bigint;
  balance: bigint;
}

const supplyEnd = 2n ** 63n;

/** The state of a network, block by block; keys and values as hex. */
export class Chain {
  readonly network: Network;
  readonly genesisHash: string;
  private readonly accounts = new Map<string, Account>();
  private supply = 0n;
  private parent: Header;

  constructor(network: Network) {
    this.network = network;
    for (const { address, balance } of network.accounts) {
      this.account(address).balance = BigInt(balance);
      this.supply += BigInt(balance);
    }
    this.parent = readSealedHeader(this.genesisHeader()).header;
    this.genesisHash = this.parent.hash;
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
    put(tagged("sys/1", ascii("validators")), encodeValidatorSet(this.network.validators));
    put(tagged("sys/1", ascii("supply")), u64(this.supply));
    for (const [address, { nonce, balance }] of this.accounts) {
      if (nonce === 0n && balance === 0n) continue;
      const value = join(u64(nonce), u64(balance), zeros(40));
      put(tagged("key/1", unhex(address)), value);
    }
    return state;
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
    this.checkHeader(header, seal);
    check(bodyBytes.length === header.bodyBytes, "body-mismatch");
    const body = readBody(bodyBytes);
    check(body.transactions.length === header.txCount, "body-mismatch");
    const root = hex(merkleRoot(body.transactions.map(({ bytes }) => bytes)));
    check(root === header.txRoot && body.certificate.length === 0, "body-mismatch");
    for (const each of body.transactions) {
      const preimage = transactionPreimage(each, unhex(this.genesisHash));
      const good = edVerify(unhex(each.sender), preimage, each.signature);
      check(good, "block-transaction-signature");
    }
    const receipts = this.apply(body.transactions, header.slot, header.sealer);
    check(hex(this.root()) === header.stateRoot, "block-state-root");
    check(hex(merkleRoot(receipts)) === header.receiptsRoot, "block-receipts-root");
    const next = validatorsHashOf(this.network.validators);
    check(header.nextValidatorsHash === next, "block-next-validators");
    this.parent = header;
    return receipts;
  }

  /** The first rule of 06-validation §4 that a transaction breaks. */
  judge(transaction: Transaction, slot: number): string | undefined {
    const { nonce, balance } = this.account(transaction.from);
    const cost = transaction.amount + transaction.fee;
    if (transaction.type !== 0) return "transaction-type";
    if (transaction.fee < BigInt(this.network.minFee)) return "transaction-fee-low";
    const until = transaction.validUntilSlot;
    if (until !== 0 && slot > until) return "transaction-expired";
    if (transaction.nonce < nonce) return "transaction-nonce-low";
    if (transaction.nonce > nonce) return "transaction-nonce-gap";
    if (nonce === 2n ** 64n - 1n) return "transaction-nonce-high";
    if (cost >= 2n ** 64n) return "transaction-overflow";
    return cost > balance ? "transaction-balance" : undefined;
  }

  private checkHeader(header: Header, seal: Uint8Array): void {
    const { network, parent } = this;
    const leader = network.validators[header.slot % network.validators.length]!;
    check(header.version === 1, "header-version");
    check(header.engine === 0, "header-engine");
    check(header.extra === hex(zeros(24)), "header-extra");
    check(header.bodyBytes >= 4 && header.bodyBytes <= 1_048_576, "header-body-size");
    check(header.txCount <= 10_000, "header-body-size");
    const startMs = network.genesisTimeMs + header.slot * network.slotMs;
    check(header.timestampMs === startMs, "header-timestamp");
    const set = validatorsHashOf(network.validators);
    check(header.validatorsHash === set, "header-validators");
    check(header.sealer === leader, "header-sealer");
    check(header.parentHash === parent.hash, "orphan");
    check(header.height === parent.height + 1, "header-height");
    check(header.slot > parent.slot, "header-slot");
    check(header.certHash === noHash, "header-certificate");
    const isParents = header.justifiedSlot === parent.justifiedSlot;
    check(isParents && header.justifiedHash === parent.justifiedHash, "header-justified");
    const preimage = sealPreimage(unhex(this.genesisHash), header.hash);
    check(edVerify(unhex(header.sealer), preimage, seal), "header-seal");
  }

  private apply(transactions: readonly Transaction[], slot: number, sealer: string): Uint8Array[] {
    let fees = 0n;
    for (const each of transactions) {
      check(this.judge(each, slot) === undefined, "block-transaction-invalid");
      const sender = this.account(each.from);
      sender.nonce += 1n;
      sender.balance -= each.amount + each.fee;
      this.account(each.to).balance += each.amount;
      fees += each.fee;
    }
    const room = supplyEnd - 1n - this.supply;
    const wanted = BigInt(this.network.blockReward);
    const reward = wanted < room ? wanted : room;
    this.account(addressOf(sealer)).balance += fees + reward;
    this.supply += reward;
    return transactions.map(({ fee }) => join(Uint8Array.of(1), u64(fee)));
  }

  private account(address: string): Account {
    const known = this.accounts.get(address);
    if (known !== undefined) return known;
    const account = { nonce: 0n, balance: 0n };
    this.accounts.set(address, account);
    return account;
  }
}

export const slotAt = (
  network: Pick<Network, "genesisTimeMs" | "slotMs">,
  wallMs: number,
): number => Math.max(0, Math.floor((wallMs - network.genesisTimeMs) / network.slotMs));
