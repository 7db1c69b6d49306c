/**
 * What a healthy network of many validators says in each slot: the leader's block, with the
 * certificate of the one before, and the votes of all for it. Made by a chain of its own, which
 * checks nothing.
 */
import { ChainManager } from "../src/chain/chain-manager.ts";
import { Ledger } from "../src/chain/ledger.ts";
import type { SignatureScheme } from "../src/crypto/signature-scheme.ts";
import type { Job, Ticket } from "../src/edge/conn.ts";
import type { Env } from "../src/edge/env.ts";
import { emptyImage } from "../src/edge/store-image.ts";
import { makeNetwork } from "../src/host/network-maker.ts";
import { systemRandom } from "../src/host/system.ts";
import { decodeBody } from "../src/model/block.ts";
import { decodeCertificate } from "../src/model/certificate.ts";
import { encodeSealedHeader, sealPreimage } from "../src/model/header.ts";
import { idBytes, type PublicKey, publicKeyOf } from "../src/model/ids.ts";
import type { NetworkFile } from "../src/model/network-file.ts";
import type { Transaction } from "../src/model/transaction.ts";
import { encodeVote, encodeVoteData, type Vote, votePreimage } from "../src/model/vote.ts";

export interface Validator {
  readonly seed: Uint8Array;
  readonly key: PublicKey;
}

export interface MadeSlot {
  readonly hash: string;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly votes: readonly Vote[];
}

export function validatorsOf(signatures: SignatureScheme, count: number): readonly Validator[] {
  return Array.from({ length: count }, () => {
    const seed = systemRandom.bytes(32);
    return { seed, key: publicKeyOf(signatures.publicKey(seed)) };
  });
}

export function networkOf(
  validators: readonly Validator[],
  slotMs: number,
  genesisTimeMs: number,
  accounts: NetworkFile["accounts"] = [],
): { readonly file: NetworkFile; readonly text: string; readonly genesisHash: Uint8Array } {
  const keys = validators.map(({ key }) => key);
  const network = makeNetwork({
    ...{ name: "bench", validators: keys, accounts, genesisTimeMs, slotMs },
  });
  if ("errors" in network) throw new Error(network.errors.join("; "));
  return { ...network, genesisHash: idBytes(network.genesisHash) };
}

export class VoteMaker {
  private readonly signatures: SignatureScheme;
  private readonly validators: readonly Validator[];
  private readonly clock: Env["clock"];
  private readonly chain: ChainManager;
  private readonly jobs: Job[] = [];
  private tickets = 0;
  private jobCount = 0;

  constructor(
    clock: Env["clock"],
    signatures: SignatureScheme,
    validators: readonly Validator[],
    file: NetworkFile,
  ) {
    this.clock = clock;
    this.signatures = signatures;
    this.validators = validators;
    const env = {
      clock: this.clock,
      random: systemRandom,
      signatures: { ...trusting, publicKey: signatures.publicKey.bind(signatures) },
    };
    const port: ConstructorParameters<typeof ChainManager>[1] = {
      persist: () => ++this.tickets as Ticket,
      verify: () => {
        const job = ++this.jobCount as Job;
        this.jobs.push(job);
        return job;
      },
      notify: () => undefined,
      onHeader: () => undefined,
    };
    this.chain = new ChainManager(env, port, file, new Ledger(file), emptyImage);
  }

  /** Whose signatures the certificate in `body` holds, in their order. */
  certifiersOf(body: Uint8Array): readonly PublicKey[] {
    const decoded = decodeBody(body);
    if ("code" in decoded) throw new Error(decoded.detail);
    const certificate = decodeCertificate(decoded.certificate);
    if ("code" in certificate) throw new Error(certificate.detail);
    return certificate.signers.map(({ rank }) => this.validators[rank]!.key);
  }

  /** The clock must show that slot. */
  make(slot: number, transactions: readonly Transaction[] = []): MadeSlot {
    const { chain, signatures, validators } = this;
    const genesisHash = idBytes(chain.genesisHash);
    const leader = validators[slot % validators.length]!;
    const unsealed = chain.duties.buildBlock(slot, leader.key, () => transactions);
    if (unsealed === undefined) throw new Error(`nothing to seal in slot ${slot}`);
    const { header, body } = unsealed;
    const seal = signatures.sign(leader.seed, sealPreimage(genesisHash, header.hash));
    const sealed = { header, seal };
    chain.importBlock(sealed, body, undefined);
    for (const job of this.jobs.splice(0)) chain.onVerified(job, -1);
    const { justifiedSlot: sourceSlot, justifiedHash: sourceHash, hash } = header;
    const data = { sourceSlot, sourceHash, targetSlot: slot, targetHash: hash };
    const preimage = votePreimage(genesisHash, encodeVoteData(data));
    const votes = validators.map(({ seed, key }) =>
      encodeVote(data, key, signatures.sign(seed, preimage)),
    );
    for (const vote of votes) chain.importVote(vote, undefined);
    chain.onPersisted(this.tickets as Ticket);
    if (chain.justified.hash !== hash) throw new Error(`slot ${slot} was not certified`);
    return { hash, header: encodeSealedHeader(sealed), body, votes };
  }
}

const trusting: SignatureScheme = {
  publicKey: () => new Uint8Array(32),
  sign: () => new Uint8Array(64),
  verify: () => true,
};
