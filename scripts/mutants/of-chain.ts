/** Mutants of what a block may be and what it does: cap, governance, evidence, jail. */
import { edit, type Mutant, unit } from "./mutant.ts";

const carried = "test/unit/chain/carried-proof.test.ts";
const schedules = "test/scenario/finality/counterexample-schedules.test.ts";
const governance = "test/unit/chain/governance.test.ts";
const evidence = "test/unit/chain/evidence-desk.test.ts";
const ledgerEvidence = "test/unit/chain/ledger-evidence.test.ts";
const serving = "test/scenario/finality/counterexample-serving.test.ts";

const networks = "test/scenario/finality/networks.test.ts";

export const chainMutants: readonly Mutant[] = [
  {
    name: "no-cap",
    breaks: "branches grow without finality for ever (06-validation §1)",
    edits: [
      edit(
        "src/chain/carried-proof.ts",
        "if (header.justifiedHash === parent.hash) return undefined;",
        "if (header.height > 0) return undefined;",
      ),
    ],
    hunts: [unit(carried, "a header above the cap")],
  },
  {
    name: "cap-without-way-out",
    breaks: "above the cap not even a certified parent lets a block stand (06-validation §1)",
    edits: [
      edit(
        "src/chain/carried-proof.ts",
        "  if (header.justifiedHash === parent.hash) return undefined;\n",
        "",
      ),
    ],
    hunts: [unit(carried, "a header above the cap")],
  },
  {
    name: "cap-by-gossip",
    breaks: "finality that was only heard raises the cap of a block (06-validation §1)",
    edits: [
      edit(
        "src/chain/carried-proof.ts",
        "  if (header.height <= final.height + chainLimits.unfinalizedMax) return undefined;\n",
        `  let heard = final.height;
  for (let at: TreeNode | undefined = parent; at !== undefined; at = at.parent) {
    if (at.certificate && at.finalizes) heard = Math.max(heard, at.finalizes.height);
  }
  if (header.height <= heard + chainLimits.unfinalizedMax) return undefined;
`,
      ),
    ],
    hunts: [unit(schedules, "cap: finality that was heard", /the cap depends on what was heard/)],
  },
  {
    name: "uncarried-raise",
    breaks: "a header may name what it likes as justified without a certificate (06-validation §1)",
    edits: [
      edit(
        "src/chain/carried-proof.ts",
        '  if (!carries) return rejection("header-certificate", "justified is raised without a certificate");\n',
        "",
      ),
    ],
    hunts: [unit(carried, "a header that raises justified and carries nothing")],
  },
  {
    name: "evidence-left-out",
    breaks: "no leader includes evidence (06-validation §9)",
    edits: [edit("src/chain/duties.ts", "evidence: evidence.candidates() }", "evidence: [] }")],
    hunts: [unit(evidence, "the next leader includes what was found")],
  },
  {
    name: "jailed-may-seal",
    breaks: "whoever was convicted seals on (05-objects §8)",
    edits: [
      edit(
        "src/chain/ledger.ts",
        "    if (this.isSealerJailed(context)) {\n",
        "    if (false) {\n",
      ),
    ],
    hunts: [
      unit(ledgerEvidence, "a jailed validator seals no block"),
      unit(networks, "a convicted validator that nobody can remove yet", /of a convicted sealer/),
    ],
  },
  {
    name: "removal-ignored",
    breaks: "whoever was convicted stays in the set (05-objects §8)",
    edits: [
      edit(
        "src/chain/governance.ts",
        "return decided({ ...registry, jail }, removal, now.height);",
        "return removal.force ? decided(registry, removal, now.height) : { ...registry, jail };",
      ),
    ],
    hunts: [
      unit(ledgerEvidence, "evidence jails the accused, queues its removal"),
      unit(evidence, "the next leader includes what was found"),
    ],
  },
  {
    name: "half-decides",
    breaks: "a proposal passes with half of the validators (05-objects §8)",
    edits: [
      edit(
        "src/chain/governance.ts",
        "if (proposal.approvals.length < quorum(registry.validators.length)) return open;",
        "if (2 * proposal.approvals.length < registry.validators.length) return open;",
      ),
      edit("src/chain/governance.ts", 'import { quorum } from "../model/validator-set.ts";\n', ""),
    ],
    hunts: [unit(governance, "a proposal is open with its proposer's approval")],
  },
  {
    name: "two-of-one-approve",
    breaks: "who approves twice counts twice (05-objects §8)",
    edits: [
      edit(
        "src/chain/governance.ts",
        'if (proposal.approvals.includes(sender)) return failed("approved already");',
        "",
      ),
      edit(
        "src/chain/governance.ts",
        "(key) => key === sender || proposal.approvals.includes(key),\n  );",
        "(key) => key === sender || proposal.approvals.includes(key),\n  );\n  if (proposal.approvals.includes(sender)) approvals.push(sender);",
      ),
    ],
    hunts: [unit(governance, "everything that makes an action fail has its reason")],
  },
  {
    name: "own-block-lazily-written",
    breaks: "an own block is shown before it is durable (09-connections §5)",
    edits: [edit("src/chain/branch-switch.ts", "return own ?", "return own && fresh.length < 0 ?")],
    hunts: [unit(serving, "an own block is written durably", /our block is only in memory/)],
  },
];
