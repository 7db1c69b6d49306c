/** Transactions and blocks of an attacker, by the layouts of protocol-spec/05-objects. */
import { randomBytes } from "node:crypto";
import { hex, join, u16, u32, u64, unhex, zeros } from "../support/independent-decoder/bytes.ts";
import { edPublic, edSign, tag16, tagged } from "../support/independent-decoder/crypto.ts";
import { addressOf, sealPreimage } from "../support/independent-decoder/objects.ts";
import { kinds, type SeenBlock } from "./honest-client.ts";

export interface Transfer {
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
}

export interface TransferFields {
  readonly nonce?: bigint;
  readonly fee?: bigint;
  readonly amount?: bigint;
  readonly to?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly signature?: Uint8Array;
}

export function transfer(
  seed: Uint8Array,
  genesisHash: Uint8Array,
  fields: TransferFields = {},
): Transfer {
  const { nonce = 0n, fee = 1n, amount = 1n, payload = zeros(0) } = fields;
  const to = fields.to ?? unhex(addressOf(hex(edPublic(seed))));
  const unsigned = join(
    ...[u16(0), zeros(2), edPublic(seed), u64(nonce), u64(fee), u64(0)],
    ...[to, u64(amount), u32(payload.length), payload],
  );
  const signature = fields.signature ?? edSign(seed, join(tag16("tx/1"), genesisHash, unsigned));
  return { bytes: join(unsigned, signature), id: tagged("txid/1", unsigned) };
}

/** 33 bytes of inv, get_data and not_found. */
export const itemOf = (kind: keyof typeof kinds, id: Uint8Array): Uint8Array =>
  join(Uint8Array.of(kinds[kind]), id);

/** `count` items that nobody has. */
export function randomItems(kind: keyof typeof kinds, count: number): Uint8Array {
  const items = randomBytes(33 * count);
  for (let at = 0; at < items.length; at += 33) items[at] = kinds[kind];
  return items;
}

export interface ForgedBlock {
  readonly hash: Uint8Array;
  readonly sealed: Uint8Array;
  readonly body: Uint8Array;
}

export const emptyBody = zeros(4);

export interface HeaderChanges {
  readonly height?: number;
  readonly slot?: number;
  readonly parentHash?: Uint8Array;
}

/**
 * An empty block of its own state root on `on`, sealed by `seed`: what a validator that means harm
 * can make for the price of a signature.
 */
export function forgedBlock(
  on: SeenBlock,
  network: { readonly genesisHash: Uint8Array; readonly slotMs: number },
  seed: Uint8Array,
  changes: HeaderChanges = {},
): ForgedBlock {
  const { header } = on;
  const slot = changes.slot ?? header.slot + 1;
  const bytes = Buffer.from(on.sealed.subarray(0, 356));
  bytes.writeUInt32BE(0, 4);
  bytes.writeBigUInt64BE(BigInt(changes.height ?? header.height + 1), 8);
  bytes.writeBigUInt64BE(BigInt(slot), 16);
  bytes.writeBigUInt64BE(
    BigInt(header.timestampMs) + BigInt(slot - header.slot) * BigInt(network.slotMs),
    24,
  );
  bytes.set(changes.parentHash ?? unhex(header.hash), 32);
  // No two alike: what was refused once is not fetched again.
  bytes.set(randomBytes(32), 64);
  bytes.set(zeros(32), 160);
  bytes.set(edPublic(seed), 296);
  bytes.writeUInt32BE(emptyBody.length, 328);
  const hash = tagged("hdr/1", bytes);
  const seal = edSign(seed, sealPreimage(network.genesisHash, hex(hash)));
  return { hash, sealed: join(bytes, seal), body: emptyBody };
}
