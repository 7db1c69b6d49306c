/** A real node among peers that the test plays: blocks, and what is said of them. */
import { concatBytes } from "../../../src/base/bytes.ts";
import { buildBlock } from "../../../src/chain/block-builder.ts";
import { genesisBlock } from "../../../src/chain/genesis.ts";
import { Ledger } from "../../../src/chain/ledger.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { compactBody, shortIdKey, splitBody } from "../../../src/model/compact-block.ts";
import { encodeHeader, type Header, sealPreimage } from "../../../src/model/header.ts";
import { idBytes, publicKeyOf } from "../../../src/model/ids.ts";
import { signTransaction, type Transaction } from "../../../src/model/transaction.ts";
import {
  inventoryKinds,
  type Message,
  type MessageOf,
  type MessageType,
} from "../../../src/wire/messages.ts";
import { Hub, type HubPeer } from "../../support/hub.ts";

export interface MadeBlock {
  readonly header: Header;
  /** Header 356 | seal 64. */
  readonly sealed: Uint8Array;
  readonly hash: Uint8Array;
  readonly body: Uint8Array;
}

const feature = { id: 4, version: 1 };

export class CompactWorld {
  readonly hub = new Hub();
  private readonly ledger: Ledger;
  private readonly genesis: Header;
  private nonce = 0n;

  constructor() {
    this.ledger = new Ledger(this.hub.file);
    this.genesis = genesisBlock(this.hub.file, this.ledger).header;
    // Into slot 1.
    this.hub.advance(1_500);
  }

  connect(speaks = true): HubPeer {
    const hello = { height: 0, headHash: idBytes(this.genesis.hash), finalizedHeight: 0 };
    return this.hub.connect({ ...hello, features: speaks ? [feature] : [] });
  }

  get height(): number {
    return this.hub.node.queries.head().height;
  }

  transfer(): Transaction {
    const [alice, bob] = this.hub.accounts;
    const fields = {
      ...{ type: 0, sender: alice!.publicKey, nonce: this.nonce++, fee: 1n, validUntilSlot: 0 },
      ...{ to: bob!.address, amount: 1n, payload: new Uint8Array(0) },
    };
    const seed = Buffer.from(alice!.seed, "hex");
    return signTransaction(fields, idBytes(this.genesis.hash), (preimage) =>
      ed25519.sign(seed, preimage),
    );
  }

  /** The block of slot 1 on genesis; `change` may break it before it is sealed. */
  block(transactions: readonly Transaction[], change: Partial<Header> = {}): MadeBlock {
    const { file, validatorSeed } = this.hub;
    const unsealed = buildBlock(this.ledger, file, this.genesis, {
      ...{ slot: 1, sealer: publicKeyOf(ed25519.publicKey(validatorSeed)) },
      ...{ candidates: transactions, certificate: undefined, voters: [], finalHeight: 0 },
    });
    const header = encodeHeader({ ...unsealed.header, ...change });
    const seal = ed25519.sign(validatorSeed, sealPreimage(idBytes(this.genesis.hash), header.hash));
    const sealed = concatBytes(header.bytes, seal);
    return { header, sealed, hash: idBytes(header.hash), body: unsealed.body };
  }

  send(peer: HubPeer, message: Message): void {
    peer.session.send(message);
    this.hub.settle();
  }

  /** Gives `transactions` to the node by way of `peer`. */
  share(peer: HubPeer, transactions: readonly Transaction[]): void {
    for (const { id, bytes } of transactions) {
      const items = concatBytes(Uint8Array.of(inventoryKinds.transaction), idBytes(id));
      this.send(peer, { type: "inv", items });
      this.send(peer, { type: "new_transaction", transaction: bytes });
    }
  }

  announce(peer: HubPeer, { hash }: MadeBlock): void {
    const items = concatBytes(Uint8Array.of(inventoryKinds.block), hash);
    this.send(peer, { type: "inv", items });
  }

  /** All that `peer` was told of one type. */
  heard<T extends MessageType>(peer: HubPeer, type: T): MessageOf<T>[] {
    const messages = peer.events.flatMap((e) => (e.type === "messages" ? e.messages : []));
    return messages.flatMap((each) => (each.type === type ? [each as MessageOf<T>] : []));
  }

  /** Codes that `peer` was blamed for. */
  blames({ conn }: HubPeer): string[] {
    return this.hub.notices.flatMap((notice) =>
      notice.type === "peer-blamed" && notice.conn === conn ? [notice.code] : [],
    );
  }

  /** Kinds of the items that `peer` was asked for. */
  asked(peer: HubPeer): number[] {
    return this.heard(peer, "get_data").map(({ items }) => items[0]!);
  }
}

export function compactOf({ header, sealed, body }: MadeBlock, salt = new Uint8Array(8)) {
  const { certificate, transactions } = splitBody(body);
  const told = compactBody(shortIdKey(header.hash, salt), transactions, 0, () => false);
  return { type: "compact_block", header: sealed, certificate, salt, ...told } as const;
}
