/** Mutants of when a validator signs, and of its signer. */
import { edit, honest, type Mutant, sim, unit } from "./mutant.ts";

const voter = "test/unit/node/voter.test.ts";
const sealer = "test/unit/node/sealer.test.ts";
const guard = "test/unit/node/validator-guard.test.ts";
const signerFile = "test/unit/host/signer-file.test.ts";
const signerStart = "test/unit/host/signer-start.test.ts";
const counterexamples = "test/scenario/finality/counterexample-voter.test.ts";
const serving = "test/scenario/finality/counterexample-serving.test.ts";

export const nodeMutants: readonly Mutant[] = [
  {
    name: "vote-unexecuted",
    breaks: "a block is voted for that was not executed (06-validation §8)",
    edits: [
      edit("src/node/voter.ts", "if (isValid) this.tryVote(block);", "this.tryVote(block);"),
      edit(
        "src/node/voter.ts",
        "if (!block.isProven || !this.isWanted(block)",
        "if (!this.isWanted(block)",
      ),
    ],
    hunts: [unit(voter, "a timely block that turns out invalid")],
  },
  {
    name: "no-view-freeze",
    breaks: "a timely block may be worse than what was frozen (06-validation §8)",
    edits: [
      edit(
        "src/node/voter.ts",
        "if (isWorse) return [];",
        "if (isWorse && block.slot < 0) return [];",
      ),
    ],
    hunts: [
      unit(counterexamples, "a timely block below the frozen view", /a vote for a block below/),
    ],
  },
  {
    name: "vote-before-durable",
    breaks: "a vote is signed before its block is durable (06-validation §8)",
    edits: [edit("src/node/voter.ts", " || ballot.ticket > this.durable", "")],
    hunts: [unit(voter, "the leader's timely block is voted for at once, when it is durable")],
  },
  {
    name: "vote-twice-a-slot",
    breaks: "a slot sees two votes, for its block and for the head (06-validation §8)",
    edits: [
      edit(
        "src/node/voter.ts",
        'this.phase === "late" && this.votedSlot !== slot',
        'this.phase === "late"',
      ),
    ],
    hunts: [unit(counterexamples, "who voted late for the head", /a second vote in one slot/)],
  },
  {
    name: "vote-after-halt",
    breaks: "a halted node votes on (06-validation §6)",
    edits: [edit("src/node/voter.ts", "chain.halted === undefined &&", "")],
    hunts: [unit(voter, "after a safety halt nobody votes")],
  },
  {
    name: "seal-after-halt",
    breaks: "a halted node seals on (06-validation §6)",
    edits: [edit("src/node/sealer.ts", " || chain.halted !== undefined", "")],
    hunts: [unit(sealer, "below its floor, out of step, under watch or after a halt")],
  },
  {
    name: "leader-withholds",
    breaks: "a leader does not carry what came since the freeze (06-validation §3)",
    edits: [
      edit(
        "src/node/sealer.ts",
        "const results = chain.thaw();",
        "const results: Imported[] = [];",
      ),
    ],
    hunts: [unit(sealer, "what was kept back since the freeze")],
  },
  {
    name: "seal-without-floor",
    breaks: "after a restart a slot is sealed again (06-validation §8)",
    edits: [
      edit("src/node/sealer.ts", "slot <= this.floor || ", ""),
      edit(
        "src/edge/signing-rule.ts",
        "!Number.isSafeInteger(slot) || slot <= sealSlot",
        "!Number.isSafeInteger(slot)",
      ),
    ],
    hunts: [unit(signerFile, "no slot is sealed twice")],
  },
  {
    name: "unwatched-start",
    breaks: "a validator signs right after a start (06-validation §8)",
    edits: [
      edit(
        "src/node/validator-guard.ts",
        "const isSafe = isFirst ||",
        "const isSafe = !isFirst || isFirst ||",
      ),
    ],
    hunts: [unit(guard, "after a start it watches two rotations")],
  },
  {
    name: "doppelganger-unseen",
    breaks: "a second process with the same key goes unnoticed (06-validation §8)",
    edits: [edit("src/node/validator-guard.ts", "    this.isDoubled = true;\n", "")],
    hunts: [unit(guard, "an own block that it did not seal silences it")],
  },
  {
    name: "clock-jump-ignored",
    breaks: "a clock that jumps by more than a slot is believed (06-validation §8)",
    edits: [
      edit(
        "src/node/validator-guard.ts",
        "if (Math.abs(byMs) <= this.file.slotMs) return;",
        "if (byMs === byMs) return;",
      ),
    ],
    hunts: [unit(guard, "a wall clock that jumps by more than a slot")],
  },
  {
    name: "amnesia-from-zero",
    breaks: "a signer that lost its file starts with floors of 0 (06-validation §8)",
    edits: [
      edit(
        "src/host/signer-start.ts",
        "return { sealSlot: slot, sourceSlot: isAlone ? 0 : slot, targetSlot: slot };",
        "return { sealSlot: 0, sourceSlot: isAlone ? 0 : 0 * slot, targetSlot: 0 };",
      ),
      edit(
        "src/sim/sim-signer.ts",
        "this.current = { sealSlot: slot, sourceSlot: slot, targetSlot: slot };",
        "this.current = { sealSlot: 0, sourceSlot: 0, targetSlot: 0 * slot };",
      ),
    ],
    hunts: [unit(signerStart, "with --signer-amnesia everything up to the next slot")],
  },
  {
    name: "signs-after-failed-write",
    breaks: "a record that could not be written is signed for (06-validation §8)",
    edits: [
      edit(
        "src/host/signer-file.ts",
        "this.silence(`what is signed could not",
        "((text: string) => text)(`what is signed could not",
      ),
    ],
    hunts: [unit(signerFile, "a failed write is a refusal")],
  },
  {
    name: "own-block-served-early",
    breaks: "an own block is served before it is durable (09-connections §5)",
    edits: [
      edit(
        "src/node/public-chain.ts",
        "    this.held.set(hash, until);\n",
        "    if (until < 0) this.held.set(hash, until);\n",
      ),
    ],
    hunts: [
      unit(serving, "an own block is in no answer", /served too early/),
      sim("8", honest, /before it was durable/),
    ],
  },
];
