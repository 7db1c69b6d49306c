/** Mutants of mode "certified": headers that a certificate proves, and what is shown of them. */
import { edit, type Mutant, unit } from "./mutant.ts";

const certified = "test/unit/chain/certified-ranges.test.ts";
const claims = "test/unit/chain/range-claims.test.ts";
const asking = "test/unit/sync/asking.test.ts";
const proofs = "test/unit/sync/range-proofs.test.ts";
const unshown = "test/unit/node/unchecked-seals.test.ts";

const ranges = "src/chain/certified-ranges.ts";
const rangeProofs = "src/sync/range-proofs.ts";

const verdict = "return checkCertificate(certificate, set, domain, signatures) ?? count;";
const verdictBut = (code: string) =>
  `const fault = checkCertificate(certificate, set, domain, signatures);
    return fault === undefined || fault.code === "${code}" ? count : fault;`;
const noProof = "a proof that proves nothing is refused";

export const rangeMutants: readonly Mutant[] = [
  {
    name: "range-of-too-few",
    breaks: "too few signers prove a run of headers (06-validation §12)",
    edits: [edit(ranges, verdict, verdictBut("certificate-quorum"))],
    hunts: [unit(certified, noProof)],
  },
  {
    name: "range-unsigned",
    breaks: "signatures of a proof are not checked (06-validation §12)",
    edits: [edit(ranges, verdict, verdictBut("certificate-signature"))],
    hunts: [unit(certified, noProof)],
  },
  {
    name: "range-of-another-set",
    breaks: "any set of validators proves a run (06-validation §12)",
    edits: [edit(ranges, verdict, verdictBut("certificate-set"))],
    hunts: [unit(certified, noProof)],
  },
  {
    name: "range-of-another-source",
    breaks: "a proof may have any source (06-validation §12)",
    edits: [
      edit(
        ranges,
        "sourceSlot === target.justifiedSlot &&\n      sourceHash === target.justifiedHash;",
        "sourceSlot >= 0 &&\n      sourceHash.length > 0;",
      ),
    ],
    hunts: [unit(certified, noProof)],
  },
  {
    name: "range-of-another-block",
    breaks: "a certificate for another block proves the run (06-validation §12)",
    edits: [edit(ranges, "targetHash === target.hash &&", "targetHash.length > 0 &&")],
    hunts: [unit(claims, "a certificate for another block, be it in nothing else, proves nothing")],
  },
  {
    name: "range-of-another-body",
    breaks: "the body of a proof need not be its header's (06-validation §12)",
    edits: [
      edit(
        ranges,
        "matchBody(carrier, proof.body);",
        "((b) => ({ certificate: b.subarray(4, 4 + b[2]! * 256 + b[3]!) }))(proof.body);",
      ),
    ],
    hunts: [unit(certified, noProof)],
  },
  {
    name: "range-of-another-carrier",
    breaks: "a proof that was not asked for is taken for the one that was (06-validation §12)",
    edits: [
      edit(
        ranges,
        "if (claim?.carrier.hash !== proof.hash) return 0;",
        "if (claim === undefined) return 0;",
      ),
    ],
    hunts: [
      unit(
        claims,
        "a proof of a block that was not asked for certifies nothing, and is not blamed",
      ),
    ],
  },
  {
    name: "range-top-certified",
    breaks: "headers beyond the final block count as certified (06-validation §12)",
    edits: [
      edit(
        "src/chain/header-intake.ts",
        "isNeeded, index < certified)",
        "isNeeded, certified > 0)",
      ),
    ],
    hunts: [unit(certified, "a seal of nobody is taken below the certificate and nowhere else")],
  },
  {
    name: "range-news-certified",
    breaks: "the newest headers of a run are passed on with seals unchecked (06-validation §12)",
    edits: [edit(ranges, "Math.min(count, headers.length - certifiedTopMin)", "count")],
    hunts: [unit(certified, "what hands over, what follows it and the end of a run")],
  },
  {
    name: "range-end-dropped",
    breaks: "the newest headers are left to a next run where none follows (06-validation §12)",
    edits: [edit(ranges, "return isFollowed && isAllButTop", "return isAllButTop")],
    hunts: [unit(certified, "what hands over, what follows it and the end of a run")],
  },
  {
    name: "range-checked-dropped",
    breaks: "headers that no run will prove are left to the next (06-validation §12)",
    edits: [edit(ranges, "return isFollowed && isAllButTop", "return isFollowed")],
    hunts: [unit(certified, "while more headers follow, the top of a run is left to the next")],
  },
  {
    name: "range-target-certified",
    breaks: "the block that is certified counts as final (06-validation §12)",
    edits: [edit(ranges, "Math.min(count, headers", "Math.min(count + 1, headers")],
    hunts: [unit(claims, "what stands above the final block is checked in full")],
  },
  {
    name: "range-over-hand-over",
    breaks: "headers beyond a hand-over are certified by the old set (06-validation §12)",
    edits: [
      edit(ranges, "      if (!equalBytes(header.nextValidatorsHash, inCharge)) break;\n", ""),
      edit(ranges, "      if (!equalBytes(header.validatorsHash, inCharge)) break;\n", ""),
    ],
    hunts: [unit(claims, "a hand-over that was not executed is not believed")],
  },
  {
    name: "range-over-gap",
    breaks: "a certificate over empty slots proves the run (06-validation §12)",
    edits: [
      edit(
        ranges,
        "return justifiedSlot !== 0 && slot === justifiedSlot + 1 && justifiedHash === parentHash;",
        "return justifiedSlot !== 0 && slot > justifiedSlot && justifiedHash === parentHash;",
      ),
    ],
    hunts: [unit(certified, "a certificate over a gap proves nothing")],
  },
  {
    name: "certified-not-executed",
    breaks: "in mode certified a state root is believed (06-validation §12)",
    edits: [
      edit(
        "src/chain/branch-switch.ts",
        "const rejection = checkResult(header, applied);",
        "const rejection = node.isCertified ? undefined : checkResult(header, applied);",
      ),
    ],
    hunts: [unit(certified, "what a quorum certified is executed all the same")],
  },
  {
    name: "certified-transactions-unchecked",
    breaks: "in mode certified transactions need no signature (06-validation §12)",
    edits: [
      edit(
        "src/chain/body-intake.ts",
        "certifiers.length === 0 && this.isAllKnown(body, node.body)",
        "certifiers.length === 0 && (node.isCertified || this.isAllKnown(body, node.body))",
      ),
    ],
    hunts: [unit(claims, "transactions of a certified block are checked all the same")],
  },
  {
    name: "unchecked-forgotten",
    breaks: "a restart forgets which seals were not checked (06-validation §12)",
    edits: [
      edit(
        ranges,
        'this.parts.journal.write([{ key: metaKey("certified"), value: u64Bytes(height) }]);',
        "void [metaKey, u64Bytes];",
      ),
    ],
    hunts: [unit(certified, "which seals were not checked is known after a restart")],
  },
  {
    name: "unchecked-shown",
    breaks: "headers with unchecked seals are given from memory (06-validation §12)",
    edits: [
      edit(
        "src/node/public-chain.ts",
        "if ((found[0]?.header.height ?? Infinity) <= this.uncheckedHeight) return [];",
        "",
      ),
    ],
    hunts: [unit(unshown, "headers whose seals were not checked are given to nobody")],
  },
  {
    name: "unchecked-compact-shown",
    breaks: "a block with an unchecked seal is given compact (06-validation §12)",
    edits: [
      edit("src/node/compact-server.ts", " || node.height <= this.shown.uncheckedHeight)", ")"),
    ],
    hunts: [unit(unshown, "headers whose seals were not checked are given to nobody")],
  },
  {
    name: "unchecked-read-and-shown",
    breaks: "headers with unchecked seals are given from disk (06-validation §12)",
    edits: [
      edit(
        "src/sync/header-answer.ts",
        "      if (height <= this.chain.uncheckedHeight) break;\n",
        "",
      ),
    ],
    hunts: [unit(unshown, "buried headers whose seals were not checked are given to nobody")],
  },
  {
    name: "unchecked-block-shown",
    breaks: "a block with an unchecked seal is given whole (06-validation §12)",
    edits: [
      edit(
        "src/sync/body-answer.ts",
        "return uncheckedHeight === 0 || readU64(header, 8)",
        "return uncheckedHeight >= 0 || readU64(header, 8)",
      ),
    ],
    hunts: [unit(unshown, "a block whose seal was not checked is given as a body alone")],
  },
  {
    name: "silent-prover-waited-for",
    breaks: "a run waits for its proof for ever (06-validation §12)",
    edits: [
      edit(
        rangeProofs,
        "const deadline = this.env.clock.monotonicMs + waitMs;",
        "const deadline = Number.POSITIVE_INFINITY * waitMs;",
      ),
    ],
    hunts: [unit(proofs, "a peer that keeps its proofs back costs one wait")],
  },
  {
    name: "silent-prover-asked-again",
    breaks: "who keeps its proofs back costs a wait each time (06-validation §12)",
    edits: [edit(rangeProofs, "if (this.slow.has(conn) || headers", "if (headers")],
    hunts: [unit(proofs, "a peer that keeps its proofs back costs one wait")],
  },
  {
    name: "late-proof-blamed",
    breaks: "a proof that comes late is held against the peer (06-validation §12)",
    edits: [
      edit(rangeProofs, "this.slow.set(conn, staged.request);", "this.slow.set(conn, undefined);"),
    ],
    hunts: [unit(asking, "a proof that comes late is not held against its giver")],
  },
  {
    name: "any-body-is-the-proof",
    breaks: "the body of another block is taken for the proof (06-validation §12)",
    edits: [
      edit(
        rangeProofs,
        "if (blockHashOf(message.hash) !== carrier) return undefined;",
        "if (blockHashOf(message.hash).length === 0) return undefined;",
      ),
    ],
    hunts: [unit(proofs, "a proof that nobody asked for, or of another block")],
  },
];
