/** Mutants of what votes and certificates are worth: pool, certificates, justification, evidence. */
import { cheated, edit, honest, type Mutant, sim, unit } from "./mutant.ts";

const pool = "test/unit/finality/vote-pool.test.ts";
const desk = "test/unit/chain/vote-desk.test.ts";
const carried = "test/unit/chain/carried-proof.test.ts";
const justification = "test/unit/chain/justification.test.ts";
const finality = "test/unit/chain/finality.test.ts";
const halt = "test/unit/chain/safety-halt.test.ts";
const evidence = "test/unit/chain/evidence-desk.test.ts";

export const voteMutants: readonly Mutant[] = [
  {
    name: "vote-signature-unchecked",
    breaks: "anybody's bytes count as a validator's vote (06-validation §8)",
    edits: [
      edit(
        "src/finality/vote-pool.ts",
        "if (!this.signatures.verify(vote.signature, preimage, idBytes(validator))) {",
        "if (preimage.length === 0) {",
      ),
    ],
    hunts: [unit(desk, "a vote that is forged")],
  },
  {
    name: "vote-of-stranger",
    breaks: "votes of strangers to the set count (06-validation §8)",
    edits: [
      edit(
        "src/finality/vote-tally.ts",
        "if (rankOf(set, vote.validator) === undefined) return stranger(vote.validator);",
        "",
      ),
    ],
    hunts: [unit(desk, "a vote of a stranger: vote-stranger"), unit(pool, "what is no good vote")],
  },
  {
    name: "vote-source-free",
    breaks: "the voter chooses the source of its vote (06-validation §8)",
    edits: [
      edit(
        "src/finality/vote-tally.ts",
        "if (vote.sourceSlot === source.slot && vote.sourceHash === source.hash) return undefined;",
        "if (vote.sourceSlot <= slot) return undefined;",
      ),
    ],
    hunts: [unit(desk, "a vote with another source than the block's")],
  },
  {
    name: "signer-counts-twice",
    breaks: "a second vote of one validator for a block counts as another's (06-validation §6)",
    edits: [
      edit(
        "src/finality/vote-tally.ts",
        "    this.votes.set(vote.validator, vote);\n",
        `    if (this.votes.has(vote.validator)) this.twice++;
    this.votes.set(vote.validator, vote);
`,
      ),
      edit(
        "src/finality/vote-tally.ts",
        "  private hasFormed = false;\n",
        "  private hasFormed = false;\n  private twice = 0;\n",
      ),
      edit(
        "src/finality/vote-tally.ts",
        "this.votes.size < quorum(set.length)",
        "this.votes.size + this.twice < quorum(set.length)",
      ),
      edit(
        "src/finality/vote-pool.ts",
        'if (held !== undefined && this.isCounted(held)) return "duplicate";',
        "",
      ),
    ],
    hunts: [unit(pool, "a repeated vote is a duplicate")],
  },
  {
    name: "third-vote-kept",
    breaks: "more than two votes of one validator and slot are held (08-limits)",
    edits: [
      edit("src/finality/vote-record.ts", "if (length >= votesPerSlotMax) {", "if (length < 0) {"),
    ],
    hunts: [
      unit(desk, "whatever validators sign, few votes"),
      unit(pool, "a second vote for a slot is evidence"),
    ],
  },
  {
    name: "certificate-unchecked",
    breaks: "signatures of a certificate that a peer sends are not checked (06-validation §6)",
    edits: [
      edit(
        "src/model/certificate.ts",
        "if (!signatures.verify(signature, preimage, idBytes(set[rank]!))) {",
        "if (preimage.length === 0 || signature.length === 0 || set[rank] === undefined) {",
      ),
    ],
    hunts: [unit(justification, "a forged certificate is refused")],
  },
  {
    name: "carried-unchecked",
    breaks: "signatures of a certificate that a block carries are not checked (06-validation §2)",
    edits: [
      edit("src/chain/verify-body.ts", "certifiers.length > 0 &&", "certifiers.length < 0 &&"),
    ],
    hunts: [unit(carried, "a block that carries a certificate with a forged signature")],
  },
  {
    name: "carried-source-unchecked",
    breaks: "a carried certificate may have any source (06-validation §2)",
    edits: [
      edit(
        "src/chain/carried-proof.ts",
        "if (data.sourceSlot !== justifiedSlot || data.sourceHash !== justifiedHash) {",
        "if (data.sourceSlot > target.slot) {",
      ),
    ],
    hunts: [unit(carried, "a block that carries a certificate with another source")],
  },
  {
    name: "carried-set-unchecked",
    breaks: "a carried certificate may name any set of the right size (06-validation §2)",
    edits: [
      edit(
        "src/chain/carried-proof.ts",
        "if (!equalBytes(certificate.validatorsHash, validatorsHash)) {",
        "if (validatorsHash.length === 0) {",
      ),
      edit(
        "src/model/certificate.ts",
        "if (!equalBytes(certificate.validatorsHash, validatorsHash(set))) {",
        "if (validatorsHash(set).length === 0) {",
      ),
    ],
    hunts: [unit(carried, "a block that carries a certificate of another set")],
  },
  {
    name: "carried-quorum-unchecked",
    breaks: "a block may raise justified by a certificate of too few (06-validation §2)",
    edits: [
      edit(
        "src/model/certificate.ts",
        "if (signers.length < needed) {",
        "if (signers.length < 0) {",
      ),
    ],
    hunts: [unit(carried, "a block that carries a certificate of too few")],
  },
  {
    name: "justified-may-fall",
    breaks: "an older certificate lowers the justified block (06-validation §5)",
    edits: [
      edit(
        "src/chain/justification.ts",
        "    if (target.slot < this.justifiedNode.slot) return false;\n",
        "",
      ),
    ],
    hunts: [unit(justification, "an older certificate changes nothing")],
  },
  {
    name: "head-beside-justified",
    breaks: "the fork choice is not rooted at the justified block (06-validation §5)",
    edits: [
      edit(
        "src/chain/head-keeper.ts",
        "return descendsFrom(node, this.parts.justification.justified);",
        "return descendsFrom(node, this.parts.justification.finalCandidate.node);",
      ),
    ],
    hunts: [
      unit(justification, "the head stands on the justified block"),
      sim("5", cheated, /does not stand on justified/),
    ],
  },
  {
    name: "frozen-counts-at-once",
    breaks: "a certificate that comes after the freeze counts at once (06-validation §8)",
    edits: [
      edit(
        "src/chain/justification.ts",
        "if (isNow) return this.apply(target, certificate);",
        "if (isNow || target.slot >= 0) return this.apply(target, certificate);",
      ),
    ],
    hunts: [unit(justification, "certificates of a frozen slot are kept back")],
  },
  {
    name: "no-halt",
    breaks: "two conflicting final blocks do not stop the node (06-validation §6)",
    edits: [
      edit(
        "src/chain/justification.ts",
        "    this.halt(detail, other === undefined ? [certificate] : [other, certificate]);\n",
        "    void [detail, other];\n",
      ),
    ],
    hunts: [unit(halt, "two final blocks that contradict each other")],
  },
  {
    name: "final-before-durable",
    breaks: "finality is reported before its record is durable (06-validation §6)",
    edits: [
      edit(
        "src/chain/finality.ts",
        "    this.pending = { node, ticket };\n",
        "    this.pending = { node, ticket };\n    this.durable = { height: node.height, slot: node.slot, hash: node.hash };\n",
      ),
    ],
    hunts: [
      unit(finality, "a block is final when its child of the next slot is certified"),
      sim("1", honest, /is final at it before that is durable/),
    ],
  },
  {
    name: "buried-before-final",
    breaks:
      "branches are forgotten before the finality that beat them is durable (06-validation §6)",
    edits: [
      edit(
        "src/chain/head-keeper.ts",
        "    this.finality.begin(node, journal.writeDurably(records, active.head));\n",
        "    this.buryBelow(node);\n    this.finality.begin(node, journal.writeDurably(records.slice(1), active.head));\n",
      ),
    ],
    hunts: [unit(finality, "a store after any batch keeps finality")],
  },
  {
    name: "second-header-lost",
    breaks: "a second header of a validator and slot is not looked at (06-validation §9)",
    edits: [
      edit(
        "src/chain/slot-table.ts",
        "held.length < chainLimits.headersPerSlotMax",
        "held.length < 1",
      ),
    ],
    hunts: [unit(evidence, "two headers of one validator and slot are evidence")],
  },
  {
    name: "surround-unseen",
    breaks: "a vote that surrounds another is no evidence (06-validation §9)",
    edits: [
      edit(
        "src/model/evidence.ts",
        "const enclosed = surrounds(one, other) || surrounds(other, one);",
        "const enclosed = surrounds(one, other) && surrounds(other, one);",
      ),
    ],
    hunts: [unit(evidence, "a vote that surrounds another is evidence")],
  },
];
