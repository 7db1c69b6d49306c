/** Mutants of who is let in and what is held against whom: membership, sentries, bans, scores. */
import { edit, type Mutant, unit } from "./mutant.ts";

const membership = "test/unit/node/membership.test.ts";
const admission = "test/unit/net/admission.test.ts";
const banList = "test/unit/net/ban-list.test.ts";
const penalties = "test/unit/net/connection-penalties.test.ts";
const score = "test/unit/net/peer-score.test.ts";
const policy = "test/unit/net/policy.test.ts";
const permissioned = "test/scenario/connections/permissioned.test.ts";
const sentries = "test/scenario/connections/sentries.test.ts";
const restarts = "test/scenario/connections/restarts.test.ts";

const stranger = "who has no proof is turned away";

export const conductMutants: readonly Mutant[] = [
  {
    name: "stranger-stays",
    breaks: "a permissioned node lets who has no proof stay (09-connections §8)",
    edits: [
      edit(
        "src/node/membership.ts",
        "owesProof: !admission.isMember(nodeId, isPinned),",
        "owesProof: false,",
      ),
    ],
    hunts: [unit(membership, stranger), unit(permissioned, "a stranger")],
  },
  {
    name: "silent-stranger-stays",
    breaks: "a permissioned node lets a stranger stay that says nothing (09-connections §8)",
    edits: [
      edit(
        "src/node/membership.ts",
        'if (member.owesProof) this.refuse(member, "members only: no proof came");',
        'if (member.until < 0) this.refuse(member, "");',
      ),
    ],
    hunts: [unit(membership, stranger)],
  },
  {
    name: "stranger-speaks",
    breaks: "what a stranger says before its proof is dealt with (09-connections §8)",
    edits: [
      edit(
        "src/node/membership.ts",
        'if (member.owesProof) this.refuse(member, "members only: a proof comes first");\n    else if',
        "if",
      ),
    ],
    hunts: [unit(membership, stranger)],
  },
  {
    name: "proof-of-another-session",
    breaks: "a proof that was made for somebody else opens the door (04-messages §7)",
    edits: [
      edit(
        "src/node/membership.ts",
        'if (typeof key !== "string") return',
        'if (typeof key !== "string" && key.code !== "attest-signature") return',
      ),
      edit(
        "src/node/membership.ts",
        "if (!validators().includes(key)) {",
        'if (typeof key === "string" && !validators().includes(key)) {',
      ),
    ],
    hunts: [unit(membership, "a proof made for another session")],
  },
  {
    name: "removed-validator-stays",
    breaks: "who proved a key that is out of the set stays in (09-connections §8)",
    edits: [
      edit(
        "src/node/membership.ts",
        "if (key === undefined || validators.includes(key)) continue;",
        "if (key === undefined || validators.length > 0) continue;",
      ),
    ],
    hunts: [unit(membership, "a validator that is removed")],
  },
  {
    name: "key-shown-to-all",
    breaks: "a validator tells everybody which key is its own (09-connections §8)",
    edits: [
      edit(
        "src/node/membership.ts",
        "if (admission.isPermissioned || admission.isTrusted(nodeId, isPinned)) this.show(member);",
        "this.show(member);",
      ),
    ],
    hunts: [unit(membership, "a validator shows itself only to whom the operator trusts")],
  },
  {
    name: "sentry-peer-told",
    breaks: "a sentry tells others where its validator is (09-connections §8)",
    edits: [
      edit(
        "src/net/conduct/admission.ts",
        "return nodeId !== undefined && this.privatePeers.has(nodeId);\n  }\n\n  /** One",
        "return nodeId === undefined && this.privatePeers.size < 0;\n  }\n\n  /** One",
      ),
    ],
    hunts: [unit(admission, "a private peer has its place")],
  },
  {
    name: "sentry-answer-names",
    breaks: "an answer names a private peer that the book holds (09-connections §8)",
    edits: [
      edit(
        "src/net/addresses/peer-exchange.ts",
        " && !this.parts.rules.isPrivate(nodeId);",
        " && (nodeId !== undefined || about.port > 0);",
      ),
    ],
    hunts: [unit("test/unit/net/address-answers.test.ts", "private identities are neither told")],
  },
  {
    name: "validator-dials-others",
    breaks: "a node with sentries dials whom its book offers (09-connections §8)",
    edits: [
      edit(
        "src/net/conduct/admission.ts",
        "if (this.sentries !== undefined) return nodeId === undefined || !this.sentries.has(nodeId);",
        "",
      ),
    ],
    hunts: [unit(admission, "a node behind sentries speaks with them alone")],
  },
  {
    name: "validator-takes-others",
    breaks: "a node with sentries lets others in (09-connections §8)",
    edits: [
      edit(
        "src/net/conduct/admission.ts",
        'if (this.sentries !== undefined && !this.sentries.has(nodeId)) return "not a sentry";',
        "",
      ),
    ],
    hunts: [
      unit(admission, "a node behind sentries speaks with them alone"),
      unit(sentries, "a validator behind sentries"),
    ],
  },
  {
    name: "flood-lifts-operators-ban",
    breaks: "bans by rule push out those of the operator (09-connections §8)",
    edits: [
      edit(
        "src/net/conduct/ban-list.ts",
        'if (ban.by === "operator") this.byOperator.set(value, cut);\n    else ',
        "",
      ),
    ],
    hunts: [unit(banList, "a rule bans no address of this machine")],
  },
  {
    name: "rule-shortens-operators-ban",
    breaks: "a ban by rule takes the place of the operator's (09-connections §8)",
    edits: [
      edit(
        "src/net/conduct/ban-list.ts",
        'if (!isOperators && standing?.by === "operator") return true;',
        "",
      ),
    ],
    hunts: [unit(banList, "a rule bans no address of this machine")],
  },
  {
    name: "bans-forgotten",
    breaks: "a restart lifts the bans (09-connections §8)",
    edits: [
      edit(
        "src/net/conduct/misconduct.ts",
        "this.bans.restore(kept.bans ?? []);",
        "this.bans.restore([]);",
      ),
    ],
    hunts: [
      unit(policy, "what a restart hands in again counts on"),
      unit(restarts, "bans hold over a restart"),
    ],
  },
  {
    name: "localhost-banned",
    breaks: "a rule bans the machine itself (09-connections §8)",
    edits: [
      edit(
        "src/net/conduct/ban-list.ts",
        'if (ban.by === "rule" && isThisMachine(ban)) return false;',
        "if (isThisMachine(ban) && ban.by.length < 0) return false;",
      ),
    ],
    hunts: [unit(banList, "a rule bans no address of this machine")],
  },
  {
    name: "manual-banned-softly",
    breaks: "soft faults close whom the operator named (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/doorkeeper.ts",
        "const isSpared = manual || admission.isSpared",
        "const isSpared = admission.isSpared",
      ),
    ],
    hunts: [unit(penalties, "a manual peer is never closed for soft faults")],
  },
  {
    name: "neighbours-banned",
    breaks: "a fault of one identity bans all behind its address (09-connections §8)",
    edits: [
      edit(
        "src/net/connections/doorkeeper.ts",
        'if (connection.type === "ready") return ofIdentity(connection.nodeId);',
        "",
      ),
    ],
    hunts: [unit(penalties, "soft faults add up to a disconnect")],
  },
  {
    name: "soft-faults-stay",
    breaks: "points of soft faults do not fade (09-connections §1)",
    edits: [
      edit(
        "src/net/conduct/misconduct.ts",
        "(this.clearAt.get(subject) ?? 0) - this.clock.monotonicMs;",
        "(this.clearAt.get(subject) ?? 0) - 0 * this.clock.monotonicMs;",
      ),
    ],
    hunts: [unit(policy, "points add up, and fade at ten a minute")],
  },
  {
    name: "score-stays",
    breaks: "what a peer was once worth counts for ever (09-connections §7)",
    edits: [
      edit(
        "src/net/conduct/peer-score.ts",
        "if (halvings <= 0) return;",
        "if (halvings >= 0) return;",
      ),
    ],
    hunts: [unit(score, "what was measured halves each hour")],
  },
];
