/**
 * A chain on disk, made quickly by the library itself and not by a network: blocks are built, sealed
 * and executed by a `ChainManager`, and what it persists goes straight into the LevelDB of a data
 * folder. All validators vote, so each block carries the certificate of its parent (3 signatures).
 * Its own signatures are not checked here; whoever syncs from the folder checks them all.
 *
 *   fund blocks: 100 accounts of genesis give every sender money | N blocks of signed transfers
 */
import { emptyBytes } from "../src/base/bytes.ts";
import { ChainManager } from "../src/chain/chain-manager.ts";
import { Ledger } from "../src/chain/ledger.ts";
import { ed25519 } from "../src/crypto/ed25519.ts";
import type { Job, Ticket } from "../src/edge/conn.ts";
import type { Write } from "../src/edge/effect.ts";
import type { Env } from "../src/edge/env.ts";
import { emptyImage } from "../src/edge/store-image.ts";
import { DataFolder } from "../src/host/data-folder.ts";
import { createFileSync } from "../src/host/durable-file.ts";
import { saveDurableTip } from "../src/host/durable-tip.ts";
import { LevelStore } from "../src/host/level-store.ts";
import { makeNetwork } from "../src/host/network-maker.ts";
import { systemRandom } from "../src/host/system.ts";
import { type Header, sealPreimage } from "../src/model/header.ts";
import { type Address, idBytes, type PublicKey, publicKeyOf } from "../src/model/ids.ts";
import { addressOfKey, signTransaction, type Transaction } from "../src/model/transaction.ts";
import { encodeVote, encodeVoteData, votePreimage } from "../src/model/vote.ts";

export interface ChainPlan {
  readonly folder: string;
  readonly blocks: number;
  /** 0: empty blocks. */
  readonly transfersPerBlock: number;
  readonly senders: number;
}

export interface MadeChain {
  readonly height: number;
  readonly headHash: string;
  readonly transfers: number;
  /** Bytes of all bodies and sealed headers. */
  readonly bytes: number;
  readonly seconds: number;
}

interface Account {
  readonly seed: Uint8Array;
  readonly key: PublicKey;
  readonly address: Address;
}

const validatorCount = 4;
const slotMs = 1000;
const funding = 1_000_000n;
const drainEvery = 64;

/** `onPersist` hears of everything that is written, in order. */
export async function makeChain(
  plan: ChainPlan,
  onPersist: (writes: readonly Write[]) => void = () => {},
): Promise<MadeChain> {
  const { transfersPerBlock } = plan;
  const begunAt = performance.now();
  const validators = accounts(validatorCount);
  const funders = accounts(transfersPerBlock);
  const fundBlocks = transfersPerBlock === 0 ? 0 : Math.ceil(plan.senders / transfersPerBlock);
  const network = makeNetwork({
    name: "bench",
    validators: validators.map(({ key }) => key),
    accounts: funders.map(({ address }) => ({ address, balance: 1_000_000_000_000n })),
    genesisTimeMs: Date.now() - (plan.blocks + fundBlocks + 10) * slotMs,
    slotMs,
  });
  if ("errors" in network) throw new Error(network.errors.join("; "));
  const folder = DataFolder.open(plan.folder);
  createFileSync(folder.networkFile, network.text, { mode: 0o600 });
  const store = await LevelStore.open(folder.chain, (tip) =>
    saveDurableTip(folder.durableTip, tip),
  );
  const maker = new BlockMaker(store, network.file, validators, onPersist);
  const senders = accounts(transfersPerBlock === 0 ? 0 : fundBlocks * transfersPerBlock);
  for (let block = 0; block < fundBlocks; block++) {
    const to = senders.slice(block * transfersPerBlock, (block + 1) * transfersPerBlock);
    await maker.add(
      to.map(({ address }, i) => maker.transfer(funders[i]!, block, address, funding)),
    );
  }
  for (let block = 0; block < plan.blocks; block++) {
    const transfers: Transaction[] = [];
    for (let i = 0; i < transfersPerBlock; i++) {
      const turn = block * transfersPerBlock + i;
      const nonce = Math.floor(turn / senders.length);
      const to = senders[(turn * 7 + 3) % senders.length]!.address;
      transfers.push(maker.transfer(senders[turn % senders.length]!, nonce, to, 1n));
    }
    await maker.add(transfers);
  }
  await store.close();
  folder.close();
  return { ...maker.made, seconds: (performance.now() - begunAt) / 1000 };
}

class BlockMaker {
  private readonly chain: ChainManager;
  private readonly store: LevelStore;
  private readonly validators: readonly Account[];
  private readonly jobs: Job[] = [];
  private lastJob = 0;
  private tickets = 0;
  private transfers = 0;
  private bytes = 0;

  constructor(
    store: LevelStore,
    file: ConstructorParameters<typeof ChainManager>[2],
    validators: readonly Account[],
    onPersist: (writes: readonly Write[]) => void,
  ) {
    this.store = store;
    this.validators = validators;
    const env: Env = {
      clock: { monotonicMs: 0, wallMs: Date.now() },
      random: systemRandom,
      signatures: { ...ed25519, verify: () => true },
    };
    const port: ConstructorParameters<typeof ChainManager>[1] = {
      persist: (writes, options) => {
        const ticket = ++this.tickets as Ticket;
        onPersist(writes);
        this.store.persist({ ticket, writes, ...options });
        return ticket;
      },
      verify: () => {
        const job = ++this.lastJob as Job;
        this.jobs.push(job);
        return job;
      },
      notify: () => undefined,
      onHeader: () => undefined,
    };
    this.chain = new ChainManager(env, port, file, new Ledger(file), emptyImage);
  }

  get made(): Omit<MadeChain, "seconds"> {
    const { height, hash } = this.chain.head;
    return { height, headHash: hash, transfers: this.transfers, bytes: this.bytes };
  }

  transfer(from: Account, nonce: number, to: Address, amount: bigint): Transaction {
    return signTransaction(
      {
        type: 0,
        sender: from.key,
        nonce: BigInt(nonce),
        fee: 2n,
        validUntilSlot: 0,
        to,
        amount,
        payload: emptyBytes,
      },
      idBytes(this.chain.genesisHash),
      (preimage) => ed25519.sign(from.seed, preimage),
    );
  }

  async add(transactions: readonly Transaction[]): Promise<void> {
    const { chain, validators } = this;
    const height = chain.head.height + 1;
    const leader = validators[height % validators.length]!;
    const unsealed = chain.duties.buildBlock(height, leader.key, () => transactions);
    if (unsealed === undefined) throw new Error(`nothing to seal at ${height}`);
    const { header, body } = unsealed;
    if (header.txCount !== transactions.length) throw new Error("a transfer did not fit");
    const preimage = sealPreimage(idBytes(chain.genesisHash), header.hash);
    const seal = ed25519.sign(leader.seed, preimage);
    chain.importBlock({ header, seal }, body, undefined);
    for (const job of this.jobs.splice(0)) chain.onVerified(job, -1);
    if (chain.head.hash !== header.hash) throw new Error(`block ${height} was not taken`);
    this.vote(header);
    chain.onPersisted(this.tickets as Ticket);
    this.transfers += transactions.length;
    this.bytes += body.length + header.bytes.length + seal.length;
    if (height % drainEvery === 0) await this.store.load([]);
  }

  /** All vote, so the next block carries the certificate of this one. */
  private vote({ slot, hash, justifiedSlot, justifiedHash }: Header): void {
    const data = {
      sourceSlot: justifiedSlot,
      sourceHash: justifiedHash,
      targetSlot: slot,
      targetHash: hash,
    };
    const preimage = votePreimage(idBytes(this.chain.genesisHash), encodeVoteData(data));
    for (const { seed, key } of this.validators) {
      this.chain.importVote(encodeVote(data, key, ed25519.sign(seed, preimage)), undefined);
    }
    if (this.chain.justified.hash !== hash) throw new Error("a block was not certified");
  }
}

function accounts(count: number): Account[] {
  return Array.from({ length: count }, () => {
    const seed = systemRandom.bytes(32);
    const key = publicKeyOf(ed25519.publicKey(seed));
    return { seed, key, address: addressOfKey(key) };
  });
}
