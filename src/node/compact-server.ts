/**
 * Gives compact blocks and their transactions to peers. Decides nothing about the chain, and asks
 * nobody (`compact-relay.ts`). Invariant: a block is encoded once, with one salt for all peers, and
 * at most `encodedMax` encodings are kept; nothing is served that may not be shown.
 * protocol-spec/04-messages §8.
 */
import { BoundedMap } from "../base/bounded.ts";
import { concatBytes } from "../base/bytes.ts";
import type { ChainManager } from "../chain/chain-manager.ts";
import type { TreeNode } from "../chain/tree-node.ts";
import type { Conn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import { certificateBytesOf } from "../model/certificate.ts";
import { compactBody, decodeIndexes, shortIdKey, splitBody } from "../model/compact-block.ts";
import { encodeSealedHeader } from "../model/header.ts";
import { type BlockHash, blockHashOf } from "../model/ids.ts";
import { chainLimits, relayLimits } from "../params/limits.ts";
import { inventoryKinds, type Message, type MessageOf, saltBytes } from "../wire/messages.ts";
import type { PublicChain } from "./public-chain.ts";

const encodedMax = 8;
const certificateBytesMax = certificateBytesOf(chainLimits.validatorsMax);

export class CompactServer {
  private readonly env: Env;
  private readonly port: PeerPort;
  private readonly chain: ChainManager;
  private readonly shown: PublicChain;
  private readonly encoded = new BoundedMap<BlockHash, Message>(encodedMax);
  /** Of blocks that came to us compact: the transactions that others will lack. */
  private readonly rare = new BoundedMap<BlockHash, ReadonlySet<number>>(encodedMax);

  constructor(env: Env, port: PeerPort, chain: ChainManager, shown: PublicChain) {
    this.env = env;
    this.port = port;
    this.chain = chain;
    this.shown = shown;
  }

  /** Others will lack these transactions of it. */
  onRare(hash: BlockHash, indexes: readonly number[]): void {
    this.rare.set(hash, new Set(indexes));
  }

  /**
   * The block as it may be sent to those who understand it; undefined when its body is gone, or
   * nobody looked at its seal.
   */
  messageOf(hash: BlockHash): Message | undefined {
    const known = this.encoded.get(hash);
    if (known !== undefined) return known;
    const node = this.chain.node(hash);
    if (node?.body === undefined || node.height <= this.shown.uncheckedHeight) return undefined;
    const message = this.encode(node, node.body);
    if (message !== undefined) this.encoded.set(hash, message);
    return message;
  }

  /** Answers `get_data` of kind 3; false: the block is not to be had like this. */
  serve(conn: Conn, hash: BlockHash): boolean {
    if (this.shown.bodyOf(hash) === undefined) return false;
    if (!this.isWithin(hash, relayLimits.compactDepthMax)) return false;
    const message = this.messageOf(hash);
    return message !== undefined && this.port.send(conn, message);
  }

  onGetBlockTxs(conn: Conn, message: MessageOf<"get_block_txs">): void {
    const hash = blockHashOf(message.hash);
    const found = this.transactionsOf(conn, hash, message.indexes);
    if (found === "bad") return;
    if (found !== undefined) {
      this.port.send(conn, { type: "block_txs", hash: message.hash.slice(), transactions: found });
      return;
    }
    const items = concatBytes(Uint8Array.of(inventoryKinds.compact), message.hash);
    this.port.send(conn, { type: "not_found", items });
  }

  private transactionsOf(conn: Conn, hash: BlockHash, indexes: Uint8Array) {
    const node = this.shown.node(hash);
    if (node?.body === undefined || node.status === "invalid") return undefined;
    if (!this.isWithin(hash, relayLimits.blockTxsDepthMax)) return undefined;
    const { transactions } = splitBody(node.body);
    const asked = decodeIndexes(indexes).map((index) => transactions[index]);
    const found = asked.flatMap((each) => each ?? []);
    if (found.length !== asked.length) {
      this.port.blame(conn, "bad-field", `${hash} has ${transactions.length} transactions`);
      return "bad";
    }
    const bytes = concatBytes(...found);
    return bytes.length > relayLimits.blockTxsBytesMax ? undefined : bytes;
  }

  private isWithin(hash: BlockHash, depth: number): boolean {
    const node = this.chain.node(hash);
    return node !== undefined && node.height >= this.chain.head.height - depth;
  }

  private encode({ hash, sealed }: TreeNode, body: Uint8Array): Message | undefined {
    const { certificate, transactions } = splitBody(body);
    if (certificate.length > certificateBytesMax) return undefined;
    const salt = this.env.random.bytes(saltBytes);
    const rare = this.rare.get(hash);
    const { shortIds, prefilled } = compactBody(
      shortIdKey(hash, salt),
      transactions,
      relayLimits.prefilledBytesMax,
      (index) => rare?.has(index) ?? false,
    );
    const header = encodeSealedHeader(sealed);
    return { type: "compact_block", header, certificate, salt, shortIds, prefilled };
  }
}
