/**
 * I8: what a node came to does not depend on the order in which things came. All that one node had
 * is given to a fresh chain in another order, and must lead to the same head, the same justified
 * and the same final block, which is also what the oracle finds.
 */
import { ChainManager } from "../../chain/chain-manager.ts";
import { firstBad } from "../../chain/first-bad.ts";
import type { ChainPort, Imported } from "../../chain/imported.ts";
import { Ledger } from "../../chain/ledger.ts";
import type { TreeNode } from "../../chain/tree-node.ts";
import type { Job, Ticket } from "../../edge/conn.ts";
import { emptyImage } from "../../edge/store-image.ts";
import type { Certificate } from "../../model/certificate.ts";
import type { BlockHash } from "../../model/ids.ts";
import type { Vote } from "../../model/vote.ts";
import { insidesOf, spyOn } from "../insides.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimNode } from "../sim-node.ts";
import { wallEpochMs } from "../wall-epoch.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

/** Blocks and votes change places within so many. */
const shuffleWindow = 24;

interface Had {
  readonly bodies: Set<BlockHash>;
  readonly votes: Vote[];
  readonly certificates: Certificate[];
}

type Thing =
  | { readonly slot: number; readonly block: BlockHash }
  | { readonly slot: number; readonly vote: Vote }
  | { readonly slot: number; readonly certificate: Certificate };

export class ConfluenceChecker {
  private readonly world: Observed;
  private readonly had = new Map<SimNode, Had>();

  constructor(world: Observed) {
    this.world = world;
  }

  /** What a node has now, and all that comes. */
  watch(node: SimNode): void {
    if (node.node === undefined) return;
    const { chain, parts } = insidesOf(node.node);
    const had: Had = { bodies: new Set(), votes: [], certificates: [...chain.certificates()] };
    this.had.set(node, had);
    for (const each of parts.tree.all()) if (each.ready) had.bodies.add(each.hash);
    spyOn(parts.tree, "setBody", ([each]) => had.bodies.add(each.hash));
    spyOn(parts.votes, "importVote", ([vote], results) => {
      if (results.some((result) => result.type === "vote")) had.votes.push(vote);
    });
    spyOn(parts.votes, "importCertificate", ([certificate], results) => {
      const isGood = results.some((result) => result.type === "certificate");
      if (!isGood) return;
      had.certificates.push(certificate);
      this.world.rare.count("certificate heard");
    });
  }

  check(node: SimNode, random: SeededRandom): void {
    const had = this.had.get(node);
    if (node.node === undefined || had === undefined) return;
    const { chain, parts } = insidesOf(node.node);
    const isChecking = [...parts.tree.all()].some(({ status }) => status === "checking");
    const isBusy = isChecking || chain.deadline <= this.world.now() + 2;
    if (isBusy || chain.halted !== undefined) return;
    chain.thaw();
    const fresh = this.replay(had, chain.anchor, random);
    const pairs = [
      ["head", chain.head, fresh.head],
      ["justified block", chain.justified, fresh.justified],
      ["final block", parts.justification.finalCandidate.node, finalOf(fresh)],
    ] as const;
    for (const [what, ours, theirs] of pairs) {
      if (ours.hash === theirs.hash) continue;
      const text = (each: TreeNode) => `${each.height} of slot ${each.slot}`;
      broken(node, `in another order the ${what} is ${text(theirs)}, not ${text(ours)}`);
    }
  }

  private replay(had: Had, anchor: TreeNode, random: SeededRandom): ChainManager {
    const { chronicle } = this.world;
    const buried: BlockHash[] = [];
    for (let at = chronicle.blocks.get(anchor.hash); at !== undefined && at.height > 0; ) {
      buried.push(at.hash);
      at = chronicle.blocks.get(at.parent);
    }
    const below = new Set(buried);
    const things: Thing[] = [];
    const blocks = [...buried, ...[...had.bodies].filter((hash) => !below.has(hash))];
    for (const hash of blocks) {
      const told = chronicle.blocks.get(hash);
      if (told !== undefined && told.height > 0) things.push({ slot: told.slot, block: hash });
    }
    for (const vote of had.votes) things.push({ slot: vote.targetSlot, vote });
    for (const certificate of had.certificates) {
      things.push({ slot: certificate.data.targetSlot, certificate });
    }
    things.sort((a, b) => a.slot - b.slot);
    const replay = new Replay(this.world);
    const mixed = shuffled(things, random);
    for (const thing of mixed) replay.take(thing);
    // Votes of whom the fresh chain could not know yet that they may vote.
    for (const thing of mixed) if (!("block" in thing)) replay.take(thing);
    return replay.chain;
  }
}

function finalOf(chain: ChainManager): TreeNode {
  const { parts } = chain as unknown as { parts: ReturnType<typeof insidesOf>["parts"] };
  return parts.justification.finalCandidate.node;
}

class Replay {
  readonly chain: ChainManager;
  private readonly world: Observed;
  private readonly verdicts: { readonly job: Job; readonly firstBad: number }[] = [];
  private readonly missing = new Set<BlockHash>();
  private tickets = 0;
  private jobs = 0;

  constructor(world: Observed) {
    this.world = world;
    const { networkFile } = world.nodes[0]!.options.node;
    const wallMs = wallEpochMs + world.now() + 3 * networkFile.slotMs;
    const env = { ...world.nodes[0]!.environment, clock: { monotonicMs: 0, wallMs } };
    const port: ChainPort = {
      persist: () => ++this.tickets as Ticket,
      verify: (check) => {
        const job = ++this.jobs as Job;
        this.verdicts.push({ job, firstBad: firstBad(env.signatures, check) });
        return job;
      },
      notify: () => {},
      onHeader: () => {},
    };
    const ledger = new Ledger(networkFile);
    const { recoveries } = world;
    this.chain = new ChainManager(env, port, networkFile, ledger, emptyImage, { recoveries });
  }

  take(thing: Thing): void {
    if ("vote" in thing) this.chain.importVote(thing.vote, undefined);
    else if ("certificate" in thing) this.chain.importCertificate(thing.certificate, undefined);
    else {
      this.missing.add(thing.block);
      this.takeBlock(thing.block);
    }
    this.settle();
    while (this.takeMissing()) this.settle();
  }

  /** Blocks that came before their validators were known are forgotten: they are given again. */
  private takeMissing(): boolean {
    let isNews = false;
    for (const hash of this.missing) {
      const told = this.world.chronicle.blocks.get(hash);
      if (told === undefined || told.height <= this.chain.anchor.height || this.chain.has(hash)) {
        this.missing.delete(hash);
      } else if (this.chain.has(told.parent)) {
        this.takeBlock(hash);
        isNews ||= this.chain.has(hash);
      }
    }
    return isNews;
  }

  private takeBlock(hash: BlockHash): void {
    const told = this.world.chronicle.blocks.get(hash);
    if (told?.body === undefined) return;
    this.chain.importBlock(told.sealed, told.body, undefined);
  }

  private settle(): void {
    for (let turns = 0; turns < 64; turns++) {
      for (const { job, firstBad } of this.verdicts.splice(0)) this.chain.onVerified(job, firstBad);
      this.chain.onPersisted(this.tickets as Ticket);
      const results: Imported[] = this.chain.tick();
      if (this.verdicts.length === 0 && results.length === 0) return;
    }
  }
}

function shuffled(things: readonly Thing[], random: SeededRandom): Thing[] {
  const keyed = things.map((thing, index) => ({ thing, at: index + random.below(shuffleWindow) }));
  return keyed.sort((a, b) => a.at - b.at).map(({ thing }) => thing);
}
