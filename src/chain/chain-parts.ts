/**
 * The parts of the chain, wired to each other. Decides nothing: who is told of what is all that
 * stands here. NOT their use (`chain-manager.ts`).
 *
 *   headers ─▶ tree ◀─ bodies ─▶ keeper ─▶ state, journal
 *                ▲                 ▲
 *   votes ─▶ justification ────────┘            evidence ◀─ votes, headers
 */

import { defined } from "../base/assert.ts";
import type { Conn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { Certificate } from "../model/certificate.ts";
import type { Evidence } from "../model/evidence.ts";
import type { SealedHeader } from "../model/header.ts";
import { type NetworkFile, slotAt } from "../model/network-file.ts";
import type { Recovery } from "../model/recovery.ts";
import { genesisOf } from "../model/signing-domain.ts";
import type { ActiveChain } from "./active-chain.ts";
import { recoveryWrites } from "./adopt-recoveries.ts";
import type { BlockTree } from "./block-tree.ts";
import { BodyIntake } from "./body-intake.ts";
import { BuiltBlock } from "./built-block.ts";
import { Burial } from "./burial.ts";
import { CertifiedRanges, type VerifyMode } from "./certified-ranges.ts";
import { demandCheckpoint, startChain } from "./chain-start.ts";
import { ChainView } from "./chain-view.ts";
import { EvidenceDesk } from "./evidence-desk.ts";
import { haltWrite } from "./halt-record.ts";
import { HeadKeeper } from "./head-keeper.ts";
import { HeaderIntake } from "./header-intake.ts";
import type { ChainPort } from "./imported.ts";
import { Journal } from "./journal.ts";
import { Justification } from "./justification.ts";
import { type BlockRef, metaKey } from "./records.ts";
import { Recoveries } from "./recoveries.ts";
import { genesisWrites } from "./restore.ts";
import { SlotTable } from "./slot-table.ts";
import type { StateMachine } from "./state-machine.ts";
import type { TreeNode } from "./tree-node.ts";
import type { ValidatorSets } from "./validator-sets.ts";
import { VerifiedSignatures } from "./verified-signatures.ts";
import { VoteDesk } from "./vote-desk.ts";

export interface ChainParts {
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly recoveries: Recoveries;
  readonly sets: ValidatorSets;
  readonly slots: SlotTable;
  readonly journal: Journal;
  readonly headers: HeaderIntake;
  readonly ranges: CertifiedRanges;
  readonly bodies: BodyIntake;
  readonly built: BuiltBlock;
  readonly keeper: HeadKeeper;
  readonly view: ChainView;
  readonly justification: Justification;
  readonly votes: VoteDesk;
  readonly evidence: EvidenceDesk;
}

export interface ChainSetup {
  readonly env: Env;
  readonly port: ChainPort;
  readonly file: NetworkFile;
  readonly state: StateMachine;
  readonly image: StoreImage;
  readonly genesis: SealedHeader;
  readonly trust: Trust;
}

/** What the operator was told by people, and no block may contradict. */
export interface Trust {
  /** No other block at its height is believed. */
  readonly checkpoint?: BlockRef | undefined;
  /** In the order in which the network went through them. */
  readonly recoveries?: readonly Recovery[] | undefined;
  /** "full" when absent. */
  readonly verify?: VerifyMode | undefined;
  /** Seals that are worth a job; `chainLimits.sealJobMin` when absent. */
  readonly sealJobMin?: number | undefined;
}

/** `state` is at genesis before, at the head after. Throws `StoreDamaged`, `StoreRefused`. */
export function assembleChain(setup: ChainSetup): ChainParts {
  const { env, port, file, state, image, genesis } = setup;
  const { checkpoint } = setup.trust;
  const { hash: genesisHash } = genesis.header;
  const recoveries = new Recoveries(genesisHash, setup.trust.recoveries ?? []);
  const { domain } = recoveries;
  const start = startChain(image, genesis, state, recoveries);
  demandCheckpoint(start.active, checkpoint);
  const { tree, active, sets, finalized } = start;
  const slots = new SlotTable();
  for (const node of tree.all()) slots.add(node.header);
  const journal = new Journal(env, port);
  const slot = () => slotAt(file, env.clock.wallMs);

  const justification = new Justification(
    tree,
    defined(tree.get(finalized.hash), "the final block is in memory"),
    {
      onJustified: ({ slot, height, hash }) => {
        keeper.onJustified();
        port.notify({ type: "justified", slot, height, hash });
      },
      isForeign: (hash, slot) => burial.isForeign(hash, slot),
      onHalted: (conflict) => {
        // Both certificates outlive us: they name those who cheated.
        journal.writeDurably([haltWrite(conflict)], active.head);
        port.notify({ type: "safety-halt", detail: conflict.detail });
        const known = [...tree.all()].flatMap(({ certificate }) => certificate ?? []);
        evidence.onConflict([...conflict.certificates, ...known], sets);
      },
    },
  );
  const onRemoved = (nodes: readonly TreeNode[]) => {
    for (const node of nodes) slots.delete(node.header);
    bodies.forget(nodes);
  };
  const burial = new Burial(tree, active, (removed) => {
    onRemoved(removed);
    state.commit();
    headers.dropBuried(tree.root.height);
    if (sets.isFull) sets.retain(namedSets(tree, recoveries));
  });
  const built = new BuiltBlock(state);
  const keeper = new HeadKeeper(env, port, {
    tree,
    active,
    built,
    burial,
    journal,
    state,
    justification,
    finalized,
    sets,
    onFinalized: (node) => votes.onFinalized(node.slot),
  });
  const evidence = new EvidenceDesk({
    domain,
    signatures: env.signatures,
    registry: () => state.registry(),
    slot,
    notify: (event) => port.notify(event),
  });
  const votes = new VoteDesk({
    tree,
    sets,
    justification,
    domain,
    signatures: env.signatures,
    finalized: () => keeper.finalized,
    headSet: () => active.head.recovered?.set ?? state.validators(),
    slot,
    onEvidence: (found: Evidence, source: Conn | undefined) => evidence.found(found, source),
    onHeard: (certificate: Certificate) => {
      journal.write([{ key: metaKey("justified"), value: certificate.bytes }]);
    },
  });
  const verified = new VerifiedSignatures(env.signatures, genesisOf(domain));
  const bodies = new BodyIntake({
    tree,
    active,
    sets,
    isKnown: (data, validator, signature) => votes.knows(data, validator, signature),
    verify: (bytes, certifiers) => port.verify({ of: "body", domain, bytes, certifiers }),
    verified,
    built,
  });
  const gate = { file, genesis: genesis.header, tree, active, burial, journal, slots, sets };
  const ranges = new CertifiedRanges({
    mode: setup.trust.verify ?? "full",
    tree,
    sets,
    domain,
    signatures: env.signatures,
    journal,
    stored: image.get(metaKey("certified")),
  });
  const headers = new HeaderIntake(env, port, {
    ...gate,
    checkpoint,
    recoveries,
    onRemoved,
    ranges,
    sealJobMin: setup.trust.sealJobMin,
  });
  const view = new ChainView(tree, active, burial, genesisHash, {
    isOrphan: (hash) => headers.isOrphan(hash),
    judge: (sealed) => headers.judge(sealed),
    newestVoteSlotOf: (validator) => votes.newestSlotOf(validator),
    signatures: verified.scheme,
  });

  if (start.isFresh) {
    journal.write([...genesisWrites(genesis, state), ...recoveryWrites(recoveries)]);
  }
  if (start.adopted.length > 0) journal.writeDurably(start.adopted, active.head);
  // What stored blocks carry was checked before they were stored.
  justification.onReady([...tree.all()]);
  if (start.justified !== undefined) justification.add(start.justified);
  const { halted } = start;
  if (halted !== undefined) justification.halt(halted.detail, halted.certificates);
  keeper.onStarted();
  return {
    tree,
    active,
    recoveries,
    sets,
    slots,
    journal,
    headers,
    ranges,
    bodies,
    built,
    keeper,
    view,
    justification,
    votes,
    evidence,
  };
}

/** What memory holds, to be compared with `chainLimits`. */
export function sizesOf(parts: ChainParts) {
  const { tree, headers, slots, votes, justification, sets } = parts;
  return {
    nodes: tree.size,
    bodyBytes: tree.bodyBytes,
    orphans: headers.orphanCount,
    future: headers.futureCount,
    slots: slots.size,
    votes: votes.size,
    parked: justification.parkedCount,
    sets: sets.size,
  };
}

function* namedSets(tree: BlockTree, recoveries: Recoveries): Iterable<Uint8Array> {
  for (const { setHash } of recoveries.sets()) yield setHash;
  for (const { header } of tree.all()) {
    yield header.validatorsHash;
    yield header.nextValidatorsHash;
  }
}
