/**
 * Blocks that break one rule each, made from a real head by somebody without the sealer's key.
 * protocol-spec/06-validation §1 and §2.
 */
import { randomBytes } from "node:crypto";
import { concatBytes, writeU64 } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import {
  encodeHeader,
  type Header,
  type HeaderFields,
  sealPreimage,
} from "../../src/model/header.ts";
import { blockHashOf, publicKeyOf } from "../../src/model/ids.ts";
import type { RuleCode } from "../../src/model/rule-code.ts";
import { inventoryKinds } from "../../src/wire/messages.ts";
import type { Peer } from "./attacker.ts";

interface HostileBlock {
  readonly name: string;
  readonly code: RuleCode;
  /** Header 356 | seal 64. */
  readonly sealed: Uint8Array;
  readonly body: Uint8Array;
}

/** An empty body: no certificate, no transactions. */
const emptyBody = new Uint8Array(4);

/** The next header on `head`, empty and right but for its state root and its seal. */
function nextHeader(head: Header, slotMs: number, changes: Partial<HeaderFields> = {}): Header {
  return encodeHeader({
    ...head,
    txCount: 0,
    height: head.height + 1,
    slot: head.slot + 1,
    timestampMs: head.timestampMs + slotMs,
    parentHash: head.hash,
    bodyBytes: emptyBody.length,
    certHash: new Uint8Array(32),
    // No two alike: what was refused once is not fetched again.
    stateRoot: randomBytes(32),
    ...changes,
  });
}

export function sealedBy(seed: Uint8Array, genesisHash: Uint8Array, header: Header): Uint8Array {
  return concatBytes(header.bytes, ed25519.sign(seed, sealPreimage(genesisHash, header.hash)));
}

export function outsiderBlocks(
  head: Header,
  slotMs: number,
  genesisHash: Uint8Array,
): HostileBlock[] {
  const seed = randomBytes(32);
  const own = publicKeyOf(ed25519.publicKey(seed));
  const bad = (name: string, code: RuleCode, changes: Partial<HeaderFields>) => {
    const header = nextHeader(head, slotMs, changes);
    return { name, code, sealed: sealedBy(seed, genesisHash, header), body: emptyBody };
  };
  const far = nextHeader(head, slotMs).bytes.slice();
  writeU64(far, 8, 2n ** 53n);
  const random = randomBytes(32);
  return [
    {
      name: "height 2^53",
      code: "header-malformed",
      sealed: concatBytes(far, randomBytes(64)),
      body: emptyBody,
    },
    bad("version 2", "header-version", { version: 2 }),
    bad("engine 1", "header-engine", { engine: 1 }),
    bad("engine extra", "header-extra", { extra: new Uint8Array(24).fill(1) }),
    bad("body of 3 bytes", "header-body-size", { bodyBytes: 3 }),
    bad("body of 1 MiB and a byte", "header-body-size", { bodyBytes: 1_048_577 }),
    bad("10,001 transactions", "header-body-size", { txCount: 10_001 }),
    bad("a millisecond late", "header-timestamp", { timestampMs: head.timestampMs + slotMs + 1 }),
    bad("time of 1970", "header-timestamp", { timestampMs: 0 }),
    bad("slot 2^53-1", "header-timestamp", { slot: Number.MAX_SAFE_INTEGER }),
    bad("other validators", "header-validators", { validatorsHash: random }),
    bad("sealed by an outsider", "header-sealer", { sealer: own }),
    bad("height skipped", "header-height", { height: head.height + 2 }),
    bad("height of its parent", "header-height", { height: head.height }),
    bad("slot of its parent", "header-slot", { slot: head.slot, timestampMs: head.timestampMs }),
    bad("justified without a certificate", "header-certificate", {
      justifiedSlot: head.slot,
      justifiedHash: head.hash,
    }),
    bad("justified out of thin air", "header-justified", {
      certHash: random,
      justifiedSlot: head.slot,
      justifiedHash: blockHashOf(random),
    }),
    bad("a certificate", "header-certificate", { certHash: random }),
    bad("seal of another key", "header-seal", {}),
    bad("unknown parent, seal of another key", "header-seal", {
      parentHash: blockHashOf(random),
      height: head.height + 2,
    }),
    {
      ...bad("seal of zeros", "header-seal", {}),
      sealed: concatBytes(nextHeader(head, slotMs).bytes, new Uint8Array(64)),
    },
  ];
}

/** As an honest peer would: announced, and sent when asked for. */
export async function deliverBlock(
  peer: Peer,
  hash: Uint8Array,
  sealed: Uint8Array,
  body: Uint8Array,
): Promise<void> {
  await deliver(peer, inventoryKinds.block, hash);
  peer.send({ type: "new_block", header: sealed, body });
}

export async function deliverTransaction(
  peer: Peer,
  id: Uint8Array,
  transaction: Uint8Array,
): Promise<void> {
  await deliver(peer, inventoryKinds.transaction, id);
  peer.send({ type: "new_transaction", transaction });
}

async function deliver(peer: Peer, kind: number, id: Uint8Array): Promise<void> {
  const item = concatBytes(Uint8Array.of(kind), id);
  const from = peer.inbox.items.length;
  peer.send({ type: "inv", items: item });
  await peer.inbox.wait(
    "a get_data for what was announced",
    (message) =>
      message.type === "get_data" && Buffer.from(message.items).includes(Buffer.from(item))
        ? true
        : undefined,
    { from },
  );
}
