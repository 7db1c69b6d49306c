/**
 * I10: all blocks of a chain, applied again to a fresh ledger, lead to the roots that their headers
 * name, each taken back leads to the root before, and what comes out is what the node has in memory
 * and, as far as it goes, on disk. What the certificates and finality of a block mean for the state
 * is read from headers and bodies anew, not from the node.
 */
import { equalBytes, isZero, toHex } from "../../base/bytes.ts";
import { Ledger } from "../../chain/ledger.ts";
import { stateKey } from "../../chain/records.ts";
import type { BlockContext } from "../../chain/state-machine.ts";
import { decodeBody } from "../../model/block.ts";
import { certifiersOf, decodeCertificate } from "../../model/certificate.ts";
import type { BlockHash } from "../../model/ids.ts";
import type { ToldBlock } from "../chronicle.ts";
import { insidesOf } from "../insides.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

export class ReplayChecker {
  private readonly world: Observed;

  constructor(world: Observed) {
    this.world = world;
  }

  /** The chain of its head. */
  check(node: SimNode): void {
    if (node.node === undefined) return;
    const { chain, state } = insidesOf(node.node);
    const ledger = this.replay(node, this.chainOf(chain.head.hash));
    if (ledger === undefined) return;
    if (!equalBytes(ledger.root, state.root)) broken(node, "its state is not that of its chain");
    for (const [key, value] of ledger.entries()) {
      const stored = node.store.get(stateKey(key));
      // Genesis is not written before the first block.
      if (chain.head.height > 0 && (stored === undefined || !equalBytes(stored, value))) {
        broken(node, `the stored state differs from that of its chain at ${toHex(key)}`);
      }
    }
  }

  /** From the child of genesis up. */
  private chainOf(hash: BlockHash): ToldBlock[] {
    const { blocks } = this.world.chronicle;
    const chain: ToldBlock[] = [];
    for (let at = blocks.get(hash); at !== undefined && at.height > 0; at = blocks.get(at.parent)) {
      chain.push(at);
    }
    return chain.reverse();
  }

  private replay(node: SimNode, chain: readonly ToldBlock[]): Ledger | undefined {
    const { networkFile } = node.options.node;
    const ledger = new Ledger(networkFile);
    ledger.genesis(networkFile);
    let final = 0;
    for (const told of chain) {
      const body = told.body === undefined ? undefined : decodeBody(told.body);
      if (body === undefined || "code" in body) return undefined;
      const { header } = told.sealed;
      const recovered = this.world.recoveries.find(({ block }) => block.hash === told.parent);
      if (recovered !== undefined) final = recovered.block.height;
      const { finalized, voters } = this.carried(told, body.certificate);
      final = Math.max(final, finalized);
      const { height, slot, sealer } = header;
      const recoveredSet = recovered?.validators;
      const context = { height, slot, sealer, finalizedHeight: final, voters, recoveredSet };
      const root = this.applyTwice(node, ledger, context, body.transactions);
      if (!equalBytes(root, header.stateRoot)) {
        broken(node, `block ${height} (${told.hash}) replayed leads to another state`);
      }
    }
    return ledger;
  }

  /** What a block shows to be final by the certificate that it carries, and who signed that. */
  private carried(told: ToldBlock, bytes: Uint8Array) {
    const none = { finalized: 0, voters: [] };
    if (isZero(told.sealed.header.certHash)) return none;
    const { blocks } = this.world.chronicle;
    const certificate = decodeCertificate(bytes);
    const target = blocks.get(told.justified.hash as BlockHash);
    if ("code" in certificate || target === undefined) return none;
    const voters = certifiersOf(certificate, target.set);
    const source = blocks.get(target.justified.hash as BlockHash);
    const isAdjacent = target.slot === target.justified.slot + 1;
    return { finalized: isAdjacent ? (source?.height ?? 0) : 0, voters };
  }

  private applyTwice(
    node: SimNode,
    ledger: Ledger,
    context: BlockContext,
    transactions: Parameters<Ledger["apply"]>[1],
  ): Uint8Array {
    const before = ledger.root.slice();
    const apply = () => {
      const applied = ledger.apply(context, transactions);
      if (!("code" in applied)) return applied;
      broken(node, `block ${context.height} replayed is invalid: ${applied.detail}`);
    };
    const first = apply();
    ledger.undo(first.changes);
    if (!equalBytes(ledger.root, before)) {
      broken(node, `block ${context.height} taken back leaves another state than before`);
    }
    return apply().stateRoot;
  }
}
