/** 05-objects §1 to §7: fixed layouts, each with one encoding. */
import { hex, join, Reader, same, u16, unhex, zeros } from "./bytes.ts";
import { edVerify, tag16, tagged } from "./crypto.ts";
import { check, refuse } from "./fault.ts";

export interface Header {
  readonly version: number;
  readonly engine: number;
  readonly txCount: number;
  readonly height: number;
  readonly slot: number;
  readonly timestampMs: number;
  readonly parentHash: string;
  readonly stateRoot: string;
  readonly txRoot: string;
  readonly receiptsRoot: string;
  readonly certHash: string;
  readonly justifiedSlot: number;
  readonly justifiedHash: string;
  readonly validatorsHash: string;
  readonly nextValidatorsHash: string;
  readonly sealer: string;
  readonly bodyBytes: number;
  readonly extra: string;
  readonly hash: string;
}

export function readSealedHeader(bytes: Uint8Array): { header: Header; seal: Uint8Array } {
  const r = new Reader(bytes, "header-malformed");
  const header: Header = {
    version: r.u16(),
    engine: r.u16(),
    txCount: r.u32(),
    height: r.u53(),
    slot: r.u53(),
    timestampMs: r.u53(),
    parentHash: r.hash(),
    stateRoot: r.hash(),
    txRoot: r.hash(),
    receiptsRoot: r.hash(),
    certHash: r.hash(),
    justifiedSlot: r.u53(),
    justifiedHash: r.hash(),
    validatorsHash: r.hash(),
    nextValidatorsHash: r.hash(),
    sealer: r.hash(),
    bodyBytes: r.u32(),
    extra: hex(r.take(24)),
    hash: hex(tagged("hdr/1", bytes.subarray(0, 356))),
  };
  const seal = r.take(64);
  r.end();
  return { header, seal };
}

export const sealPreimage = (genesisHash: Uint8Array, blockHash: string): Uint8Array =>
  join(tag16("seal/1"), genesisHash, unhex(blockHash));

export interface Transaction {
  readonly type: number;
  readonly sender: string;
  readonly from: string;
  readonly nonce: bigint;
  readonly fee: bigint;
  readonly validUntilSlot: number;
  readonly to: string;
  readonly amount: bigint;
  readonly payload: string;
  readonly signature: Uint8Array;
  readonly id: string;
  readonly unsigned: Uint8Array;
  readonly bytes: Uint8Array;
}

export const addressOf = (key: string): string => hex(tagged("addr/1", unhex(key)));

export function readTransaction(bytes: Uint8Array): Transaction {
  const bad = "transaction-malformed";
  check(bytes.length >= 168, bad);
  check(bytes.length <= 65_536, "transaction-size");
  const r = new Reader(bytes, bad);
  const type = r.u16();
  check(r.u16() === 0, bad);
  const sender = r.hash();
  const [nonce, fee] = [r.u64(), r.u64()];
  const validUntilSlot = r.u53();
  const to = r.hash();
  const amount = r.u64();
  const payload = hex(r.take(r.u32()));
  const unsigned = bytes.slice(0, r.at);
  const signature = r.take(64);
  r.end();
  const id = hex(tagged("txid/1", unsigned));
  const fields = { type, sender, from: addressOf(sender), nonce, fee, validUntilSlot, to, amount };
  return { ...fields, payload, signature, id, unsigned, bytes };
}

export const transactionPreimage = (t: Transaction, genesisHash: Uint8Array): Uint8Array =>
  join(tag16("tx/1"), genesisHash, t.unsigned);

export interface Body {
  readonly certificate: Uint8Array;
  readonly transactions: readonly Transaction[];
}

export function readBody(bytes: Uint8Array): Body {
  const r = new Reader(bytes, "body-malformed");
  check(bytes.length <= 1_048_576, "body-malformed");
  const certificate = r.take(r.u32());
  const transactions: Transaction[] = [];
  while (r.left > 0) {
    check(transactions.length < 10_000, "body-malformed");
    const head = r.take(104);
    r.at -= 104;
    const payloadBytes = new Reader(head.slice(100), "body-malformed").u32();
    transactions.push(readTransaction(r.take(104 + payloadBytes + 64)));
  }
  return { certificate, transactions };
}

export interface VoteData {
  readonly sourceSlot: number;
  readonly sourceHash: string;
  readonly targetSlot: number;
  readonly targetHash: string;
}

function readVoteData(r: Reader, code: string): VoteData {
  const sourceSlot = r.u53();
  const sourceHash = r.hash();
  const targetSlot = r.u53();
  const targetHash = r.hash();
  check(sourceSlot < targetSlot, code);
  return { sourceSlot, sourceHash, targetSlot, targetHash };
}

export const votePreimage = (genesisHash: Uint8Array, data: Uint8Array): Uint8Array =>
  join(tag16("vote/1"), genesisHash, data);

export function readVote(bytes: Uint8Array) {
  const r = new Reader(bytes, "vote-malformed");
  const data = readVoteData(r, "vote-malformed");
  const validator = r.hash();
  const signature = r.take(64);
  r.end();
  return { ...data, validator, signature };
}

export interface Certificate {
  readonly data: VoteData;
  readonly validatorCount: number;
  readonly validatorsHash: string;
  readonly signers: readonly { readonly rank: number; readonly signature: Uint8Array }[];
}

export function readCertificate(bytes: Uint8Array): Certificate {
  const bad = "certificate-malformed";
  const r = new Reader(bytes, bad);
  const data = readVoteData(r, bad);
  const validatorsHash = r.hash();
  const validatorCount = r.u16();
  check(validatorCount >= 1 && validatorCount <= 128, bad);
  const bitmap = r.take(Math.ceil(validatorCount / 8));
  const signers: { rank: number; signature: Uint8Array }[] = [];
  bitmap.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) {
      if (((byte >> bit) & 1) === 0) continue;
      const rank = 8 * index + bit;
      check(rank < validatorCount, bad);
      signers.push({ rank, signature: r.take(64) });
    }
  });
  r.end();
  return { data, validatorCount, validatorsHash, signers };
}

export const quorum = (n: number): number => Math.floor((2 * n + 2) / 3);

/** The code of the first rule that it breaks. */
export function certificateFault(
  bytes: Uint8Array,
  set: readonly string[],
  genesisHash: Uint8Array,
): string | undefined {
  const { validatorCount, validatorsHash, signers } = readCertificate(bytes);
  const preimage = votePreimage(genesisHash, bytes.subarray(0, 80));
  if (validatorCount !== set.length) return "certificate-set";
  if (signers.length < quorum(set.length)) return "certificate-quorum";
  if (validatorsHash !== validatorsHashOf(set)) return "certificate-set";
  const good = ({ rank, signature }: Certificate["signers"][number]) =>
    edVerify(unhex(set[rank]!), preimage, signature);
  return signers.every(good) ? undefined : "certificate-signature";
}

export function readValidatorSet(bytes: Uint8Array): string[] {
  const bad = "validators-malformed";
  const r = new Reader(bytes, bad);
  const count = r.u16();
  check(count >= 1 && count <= 128, bad);
  const set = Array.from({ length: count }, () => r.hash());
  r.end();
  check(new Set(set).size === count, bad);
  return set;
}

export const encodeValidatorSet = (set: readonly string[]): Uint8Array =>
  join(u16(set.length), ...set.map(unhex));
export const validatorsHashOf = (set: readonly string[]): string =>
  hex(tagged("vset/1", encodeValidatorSet(set)));

export interface Evidence {
  readonly type: number;
  readonly validator: string;
  readonly messages: readonly [Uint8Array, Uint8Array];
  /** Of both headers; the greater target slot. */
  readonly slot: number;
}

export function readEvidence(bytes: Uint8Array): Evidence {
  const bad = "evidence-malformed";
  const r = new Reader(bytes, bad);
  const type = r.u8();
  check(type >= 1 && type <= 3, bad);
  const validator = r.hash();
  const length = type === 1 ? 420 : 144;
  const one = (): Uint8Array => (r.u16() === length ? r.take(length) : refuse(bad));
  const messages = [one(), one()] as const;
  r.end();
  check(Buffer.compare(messages[0], messages[1]) < 0, bad);
  if (type === 1) {
    const [a, b] = messages.map((m) => sealedOr(bad, m)) as [Header, Header];
    check(a.sealer === validator && b.sealer === validator, bad);
    check(a.slot === b.slot && a.hash !== b.hash, bad);
    return { type, validator, messages, slot: a.slot };
  }
  const [a, b] = messages.map((m) => readVoteData(new Reader(m, bad), bad)) as [VoteData, VoteData];
  const differ = !same(messages[0].slice(0, 80), messages[1].slice(0, 80));
  const encloses = (outer: VoteData, inner: VoteData): boolean =>
    outer.sourceSlot < inner.sourceSlot && inner.targetSlot < outer.targetSlot;
  if (type === 2) check(a.targetSlot === b.targetSlot && differ, bad);
  else check(encloses(a, b) || encloses(b, a), bad);
  return { type, validator, messages, slot: Math.max(a.targetSlot, b.targetSlot) };
}

function sealedOr(code: string, bytes: Uint8Array): Header {
  try {
    return readSealedHeader(bytes).header;
  } catch {
    return refuse(code);
  }
}

export function judgeEvidence(bytes: Uint8Array, genesisHash: Uint8Array): string {
  const { type, validator, messages } = readEvidence(bytes);
  const signed = messages.every((message) => {
    const preimage =
      type === 1
        ? sealPreimage(genesisHash, readSealedHeader(message).header.hash)
        : votePreimage(genesisHash, message.slice(0, 80));
    return edVerify(unhex(validator), preimage, message.slice(-64));
  });
  return signed ? "valid" : "evidence-signature";
}

export const noHash = hex(zeros(32));
