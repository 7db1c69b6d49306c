/**
 * Mutants of signatures that were seen, of verdicts that threads give, and of what peers say that
 * they verified.
 */
import { edit, type Mutant, unit } from "./mutant.ts";

const signatures = "test/unit/chain/verified-signatures.test.ts";
const known = "test/unit/chain/known-transactions.test.ts";
const jobs = "test/unit/chain/verify-jobs.test.ts";
const pieces = "test/unit/chain/verify-pieces.test.ts";
const pool = "test/unit/host/verify-pool.test.ts";
const seals = "test/unit/sync/seal-jobs.test.ts";
const verification = "test/unit/node/verification.test.ts";

const cache = "src/chain/verified-signatures.ts";
const claimFile = "src/node/verification.ts";

const ofSignatures: readonly Mutant[] = [
  {
    name: "known-by-id",
    breaks: "a signature counts as good for the id of its transaction (06-validation §3)",
    edits: [
      edit(
        cache,
        'const hashOfSigned = taggedHex("signed/1");',
        `const hashOfAll = taggedHex("signed/1");
const hashOfSigned = (_s: Uint8Array, _k: Uint8Array, m: Uint8Array) => hashOfAll(m);`,
      ),
    ],
    hunts: [
      unit(signatures, "the id of a transaction is that of its forged copy"),
      unit(known, "of a block only what was never found good is checked"),
    ],
  },
  {
    name: "known-by-signature",
    breaks: "a signature that was good once is good for anything (06-validation §3)",
    edits: [
      edit(
        cache,
        'const hashOfSigned = taggedHex("signed/1");',
        `const hashOfAll = taggedHex("signed/1");
const hashOfSigned = (s: Uint8Array, k: Uint8Array, _m: Uint8Array) => hashOfAll(s, k);`,
      ),
    ],
    hunts: [unit(signatures, "a known transaction vouches for no forged copy of it")],
  },
  {
    name: "bad-signature-known",
    breaks: "a bad signature is remembered as good (06-validation §3)",
    edits: [edit(cache, "if (isGood) this.known.set", "this.known.set")],
    hunts: [unit(jobs, "a signature that was found bad is checked again")],
  },
  {
    name: "known-unbounded",
    breaks: "signatures that were seen take any room (08-limits)",
    edits: [edit(cache, "new BoundedMap(max)", "new BoundedMap(max + 10 ** 6)")],
    hunts: [unit(signatures, "bad signatures are not remembered, and of good ones no more")],
  },
  {
    name: "wrong-transaction-blamed",
    breaks: "of a body checked in part another transaction is named (06-validation §3)",
    edits: [edit("src/chain/body-intake.ts", "indices?.[firstBad] ?? firstBad", "firstBad")],
    hunts: [unit(known, "of a block only what was never found good is checked, and blamed")],
  },
  {
    name: "verdict-of-another-block",
    breaks: "the verdict on one block is taken for that on another (06-validation §3)",
    edits: [
      edit(
        "src/chain/verify-window.ts",
        "const node = this.running.get(job);",
        "const [node] = this.running.values();",
      ),
    ],
    hunts: [unit(jobs, "verdicts that come in another order count each for its block")],
  },
  {
    name: "verdicts-unheeded",
    breaks: "a bad verdict is taken as a good one (06-validation §3)",
    edits: [
      edit(
        "src/chain/body-intake.ts",
        "if (rejection !== undefined) return { node, rejection };",
        "",
      ),
    ],
    hunts: [unit(known, "of a block only what was never found good is checked, and blamed")],
  },
  {
    name: "jobs-unbounded",
    breaks: "any number of bodies is given to the threads at once (08-limits)",
    edits: [
      edit(
        "src/chain/verify-window.ts",
        "this.running.size >= chainLimits.verifyJobsMax",
        "this.running.size < 0",
      ),
    ],
    hunts: [unit(jobs, "no more jobs run than the bound, and the others have their turn")],
  },
  {
    name: "seals-behind-a-bad-one-vouched",
    breaks: "a job that found a bad seal vouches for it and for all behind it (06-validation §1)",
    edits: [edit("src/chain/seal-jobs.ts", "firstBad < 0 ? due : due.slice(0, firstBad)", "due")],
    hunts: [unit(seals, "a seal that a job found good is not checked again, one behind a bad one")],
  },
  {
    name: "seal-vouched-by-hash",
    breaks: "a good seal vouches for another seal of the same header (06-validation §1)",
    edits: [
      edit("src/chain/header-gate.ts", "new WeakSet<SealedHeader>()", "new Set<string>()"),
      edit("src/chain/header-gate.ts", "vouched.add(sealed)", "vouched.add(sealed.header.hash)"),
      edit("src/chain/header-gate.ts", "vouched.has(sealed)", "vouched.has(sealed.header.hash)"),
    ],
    hunts: [unit(seals, "a good seal vouches for no other seal of the same header")],
  },
  {
    name: "seal-jobs-unbounded",
    breaks: "any number of runs of headers is given to the threads at once (09-connections §5)",
    edits: [
      edit("src/chain/seal-jobs.ts", "this.running.size >= syncLimits.headerPeersMax", "false"),
    ],
    hunts: [unit(seals, "jobs of connections that were closed count")],
  },
  {
    name: "strangers-seals-checked",
    breaks: "a job checks seals that no validator could have made (06-validation §1)",
    edits: [edit("src/chain/header-gate.ts", "|| !this.isFit(header, parent)", "")],
    hunts: [unit(seals, "headers that only a stranger could have sealed are judged without a job")],
  },
  {
    name: "crash-counts-as-good",
    breaks: "what a thread did not get to before it crashed counts as good",
    edits: [
      edit(
        "src/host/verify-pool.ts",
        "this.queue.unshift(...undone);",
        "for (const part of undone) this.onVerdict(part, -1);",
      ),
    ],
    hunts: [unit(pool, "a thread that crashes costs no verdict")],
  },
  {
    name: "verdict-of-another-piece",
    breaks: "a thread's verdict on one piece is taken for that on all of its order",
    edits: [edit("src/host/verify-thread.ts", "answer[index]!", "answer[0]! + 0 * index")],
    hunts: [
      unit(
        "test/unit/host/verify-thread.test.ts",
        "a thread answers each piece of an order for itself",
      ),
    ],
  },
  {
    name: "piece-blamed-by-its-own-count",
    breaks: "a bad transaction is named by its place in a piece (06-validation §3)",
    edits: [
      edit(
        "src/chain/verify-pieces.ts",
        "firstBad >= 0 ? piece.firstIndex + firstBad : firstBad",
        "firstBad >= 0 ? firstBad + 0 * piece.firstIndex : firstBad",
      ),
    ],
    hunts: [unit(pieces, "a body gets the same verdict in pieces of any size")],
  },
  {
    name: "later-piece-acquits",
    breaks: "a good piece acquits the bad one before it (06-validation §3)",
    edits: [
      edit(
        "src/chain/verify-pieces.ts",
        "if (a < 0 || b < 0) return Math.max(a, b);",
        "if (a < 0 || b < 0) return Math.min(a, b);",
      ),
    ],
    hunts: [unit(pieces, "a body gets the same verdict in pieces of any size")],
  },
];

const ofClaims: readonly Mutant[] = [
  {
    name: "verified-unlimited",
    breaks: "a peer gets as many answers as it asks for (04-messages §9)",
    edits: [edit(claimFile, "if (now - speaker.answeredAtMs < verifiedAnswerMs) return;", "")],
    hunts: [unit(verification, "a peer gets one answer in some seconds")],
  },
  {
    name: "verified-on-demand",
    breaks: "what was verified is looked up for each question (04-messages §9)",
    edits: [
      edit(
        claimFile,
        "const { head, sinceMs } = this;",
        "const { head } = this.chain;\n    const { sinceMs } = this;",
      ),
    ],
    hunts: [
      unit("test/unit/node/verification-noted.test.ts", "a question costs no look at the chain"),
    ],
  },
  {
    name: "certified-told-as-full",
    breaks: "a node that left seals unchecked says that it checked all (04-messages §9)",
    edits: [
      edit(
        claimFile,
        "this.chain.uncheckedHeight > 0 ? certified : full",
        "this.chain.uncheckedHeight < 0 ? certified : full",
      ),
    ],
    hunts: [unit(verification, "the answer is the head as it was noted")],
  },
  {
    name: "verified-since-asked",
    breaks: "the time of an answer is that of the question (04-messages §9)",
    edits: [
      edit(claimFile, "const { head, sinceMs } = this;", "const { head, wallMs: sinceMs } = this;"),
    ],
    hunts: [unit(verification, "the answer is the head as it was noted")],
  },
  {
    name: "verified-unasked",
    breaks: "a claim that nobody asked for is taken (04-messages §9)",
    edits: [edit(claimFile, " || speaker.open !== message.request) {", ") {")],
    hunts: [unit(verification, "a claim is kept while its peer is connected")],
  },
  {
    name: "verified-asked-on",
    breaks: "who owes an answer is asked again (04-messages §9)",
    edits: [edit(claimFile, "if (speaker.open !== undefined) return;", "")],
    hunts: [unit(verification, "peers are asked once ready and then rarely")],
  },
];

export const signatureMutants: readonly Mutant[] = [...ofSignatures, ...ofClaims];
