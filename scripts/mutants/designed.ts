/** The nine mutants, (a) to (i), that the rules were designed around (consensus.md §4.2). */
import { cheated, edit, type Mutant, sim, unit } from "./mutant.ts";

const schedules = "test/scenario/finality/counterexample-schedules.test.ts";
const search = "test/scenario/finality/counterexample-search.test.ts";
const partition = "test/scenario/finality/counterexample-partition.test.ts";
/** Whole networks, with a prescribed swarm: no change of what seeds draw moves them. */
const networks = "test/scenario/finality/networks.test.ts";
const plots = "test/scenario/finality/plots.test.ts";
const signerFile = "test/unit/host/signer-file.test.ts";

const simSigner = "test/sim/sim-signer.test.ts";
const signerCrash = "test/unit/host/signer-crash.test.ts";

const conflicting = /conflicting final blocks[^\n']*/;

export const designedMutants: readonly Mutant[] = [
  {
    name: "a-no-adjacency",
    breaks: "(a) a certified child makes its parent final whatever the slots (06-validation §6)",
    edits: [
      edit(
        "src/chain/tree-node.ts",
        "slot !== justifiedSlot + 1",
        "header.justifiedHash !== header.parentHash",
      ),
    ],
    hunts: [
      unit(schedules, "slots with gaps", conflicting),
      unit(search, "less than a third", /conflicting final blocks|by definition it is not/),
      sim("1", cheated, /final, the oracle does not/),
    ],
  },
  {
    name: "b-no-source-floor",
    breaks: "(b) a later vote may have an earlier source: a surround (06-validation §8)",
    edits: [
      edit("src/node/voter.ts", "block.header.justifiedSlot >= this.sourceFloor &&", ""),
      edit("src/edge/signing-rule.ts", "if (sourceSlot < floors.sourceSlot) {", "if (false) {"),
    ],
    hunts: [unit(signerFile, "targets of votes rise and sources never fall")],
  },
  {
    name: "c-no-target-floor",
    breaks: "(c) two votes for targets of one slot, or for an earlier slot (06-validation §8)",
    edits: [
      edit("src/node/voter.ts", "block.slot > this.targetFloor &&", ""),
      edit("src/edge/signing-rule.ts", "if (targetSlot <= floors.targetSlot) {", "if (false) {"),
    ],
    hunts: [
      unit(signerFile, "targets of votes rise and sources never fall"),
      sim("14", cheated, /an honest key signed a/),
    ],
  },
  {
    name: "d-quorum-less-one",
    breaks: "(d) a quorum is ceil(2n / 3) - 1 (05-objects §7)",
    edits: [
      edit(
        "src/model/validator-set.ts",
        "return Math.ceil((2 * count) / 3);",
        "return Math.max(1, Math.ceil((2 * count) / 3) - 1);",
      ),
    ],
    hunts: [
      unit(schedules, "quorum: of 4, 1 in both halves", conflicting),
      unit(schedules, "quorum: of 5, 1 in both halves", conflicting),
      unit(schedules, "quorum: of 6, 1 in both halves", conflicting),
      unit(
        search,
        "less than a third",
        /conflicting final blocks|a chain halted|by definition it is not/,
      ),
      sim("1", cheated, /final, the oracle does not|conflicting final/),
    ],
  },
  {
    name: "e-changes-at-once",
    breaks: "(e) all changes that wait count at once, not one member at a time (05-objects §8)",
    edits: [
      edit(
        "src/chain/governance.ts",
        "const validators = changedSet(registry, pending);",
        `let validators = changedSet(registry, pending);
  for (const change of registry.queue) {
    validators = changedSet({ ...registry, validators: validators! }, change) ?? validators;
  }`,
      ),
    ],
    hunts: [
      unit(
        schedules,
        "set change: two members of four are replaced, on one of two branches, once",
        conflicting,
      ),
      unit(
        schedules,
        "set change: one member of six is replaced, on one of two branches, once",
        conflicting,
      ),
      unit(networks, "two changes of the set agreed at once", /changes 2 members/),
    ],
  },
  {
    name: "e-change-ungated",
    breaks: "(e) a change counts before the block that queued it is final (05-objects §8)",
    edits: [edit("src/chain/governance.ts", " || pending.queuedAt > now.finalizedHeight", "")],
    hunts: [
      unit(
        schedules,
        "set change: two members of four are replaced, on one of two branches, and nothing",
        conflicting,
      ),
      unit(plots, "a set changed beyond a cut", /two blocks of slot \d+ have a quorum/),
    ],
  },
  {
    name: "f-local-finality",
    breaks: "(f) a change counts by finality that was heard, not by the chain's (06-validation §1)",
    edits: [
      edit(
        "src/chain/branch-switch.ts",
        "const finalizedHeight = node.final.height;",
        `const finalizedHeight = (() => {
        for (let at = node.parent; at !== undefined; at = at.parent) {
          if (at.certificate && at.finalizes) return Math.max(at.finalizes.height, node.final.height);
        }
        return node.final.height;
      })();`,
      ),
    ],
    hunts: [
      unit(
        schedules,
        "set change: finality that one has heard of",
        /a valid block is refused[^\n']*/,
      ),
      sim("14", cheated, /rejects an honest block|what was valid is valid again/),
    ],
  },
  {
    name: "g-sign-before-fsync",
    breaks: "(g) the signer signs before its record is on disk (06-validation §8)",
    edits: [
      edit(
        "src/host/signer-file.ts",
        "        await this.append(next);\n",
        "        setImmediate(() => void this.append(next).catch(() => {}));\n",
      ),
    ],
    hunts: [
      unit(signerFile, "the record is on disk before the key is used"),
      unit(signerCrash, "every prefix of the file holds"),
    ],
  },
  {
    name: "g-floors-forgotten",
    breaks: "(g) as above in the simulated signer: no record outlives a crash (06-validation §8)",
    edits: [
      edit(
        "src/sim/sim-signer.ts",
        "  get floors(): SignerFloors {\n",
        "  get floors(): SignerFloors {\n    this.current = { sealSlot: 0, sourceSlot: 0, targetSlot: 0 };\n",
      ),
    ],
    hunts: [unit(simSigner, "what a simulated signer signed it knows after a crash")],
  },
  {
    name: "h-local-reorg-limit",
    breaks: "(h) a node refuses branches that fork off far below its head (06-validation §5)",
    edits: [
      edit(
        "src/chain/head-keeper.ts",
        "  private isOpen(node: TreeNode): boolean {\n",
        `  private isOpen(node: TreeNode): boolean {
    const { head } = this.parts.active;
    let fork: TreeNode | undefined = head;
    while (fork !== undefined && !descendsFrom(node, fork)) fork = fork.parent;
    if (fork !== undefined && head.height - fork.height > 50) return false;
`,
      ),
    ],
    hunts: [
      unit(partition, "a partition 0,1 | 2,3 to the cap", /not final again[^\n']*/),
      unit(networks, "two halves that both grew to the cap heal", /final block is \d+ slots old/),
    ],
  },
  {
    name: "i-no-siblings",
    breaks: "(i) at the cap nobody seals beside the head (06-validation §3)",
    edits: [
      edit(
        "src/chain/seal-plan.ts",
        "  const { parent } = head;\n",
        "  if (slot > 0) return undefined;\n  const { parent } = head;\n",
      ),
    ],
    hunts: [
      unit(partition, "a partition 0,1 | 2,3 to the cap", /not final again[^\n']*/),
      unit(networks, "two halves that both grew to the cap heal", /final block is \d+ slots old/),
    ],
  },
];
