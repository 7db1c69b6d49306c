/** Mutants of the bound on headers of one sealer and slot, and of where it gives way. */
import { edit, type Mutant, unit } from "./mutant.ts";

const forks = "test/scenario/chain/fork-cases.test.ts";
const support = "test/unit/chain/header-support.test.ts";

const gate = "src/chain/header-gate.ts";
const intake = "src/chain/header-intake.ts";

export const headerMutants: readonly Mutant[] = [
  {
    name: "slot-bound-off",
    breaks: "any number of headers of one sealer and slot is taken (06-validation §1 line 19)",
    edits: [
      edit(
        gate,
        "!slots.hasRoom(header) && !isNeeded()",
        "!slots.hasRoom(header) && slots.size < 0",
      ),
    ],
    hunts: [unit(forks, "of one validator and slot two headers are kept")],
  },
  {
    name: "slot-bound-deaf",
    breaks: "a third header of a sealer and slot is refused, whatever stands on it (§1 line 19)",
    edits: [edit(gate, "!slots.hasRoom(header) && !isNeeded()", "!slots.hasRoom(header)")],
    hunts: [unit(forks, "a run of headers brings an ancestor in need along")],
  },
  {
    name: "supported-by-child-only",
    breaks: "only the direct child of a third header can need it (06-validation §1 line 19)",
    edits: [
      edit(
        gate,
        "if (header.sealer === sealer || !this.parts.slots.hasRoom(header)) continue;",
        "if (header.sealer === sealer || !this.parts.slots.hasRoom(header)) return false;",
      ),
    ],
    hunts: [unit(forks, "a validator with two slots in a row")],
  },
  {
    name: "supported-by-same-sealer",
    breaks: "a sealer's own next block makes room for its third (06-validation §1 line 19)",
    edits: [edit(gate, "header.sealer === sealer || ", "")],
    hunts: [unit(forks, "a run of headers brings an ancestor in need along")],
  },
  {
    name: "supported-unsealed",
    breaks: "a header that nobody sealed makes room for a third (06-validation §1 line 19)",
    edits: [edit(gate, " && this.checkSeal(sealed) === undefined;", ";")],
    hunts: [unit(forks, "a run of headers brings an ancestor in need along")],
  },
  {
    name: "supported-beyond-bound",
    breaks: "a header that has itself no room makes room for a third (06-validation §1 line 19)",
    edits: [edit(gate, " || !this.parts.slots.hasRoom(header)) continue", ") continue")],
    hunts: [unit(forks, "a run of headers brings an ancestor in need along")],
  },
  {
    name: "supported-by-stranger",
    breaks: "whoever has made a key makes room for a third header (06-validation §1 line 19)",
    edits: [edit(gate, "this.isLed(header, parent) &&", "")],
    hunts: [unit(support, "a third header is not needed by one that breaks a rule")],
  },
  {
    name: "supported-out-of-place",
    breaks: "a header that fits no parent makes room for a third (06-validation §1 line 19)",
    edits: [edit(gate, " &&\n      this.checkAfterHeader(header, parent) === undefined", "")],
    hunts: [unit(support, "a third header is not needed by one that breaks a rule")],
  },
  {
    name: "supported-against-rules",
    breaks: "a header that no rule lets in makes room for a third (06-validation §1 line 19)",
    edits: [edit(gate, "this.checkAlone(header) === undefined &&", "")],
    hunts: [unit(support, "a third header is not needed by one that breaks a rule")],
  },
  {
    name: "supported-from-elsewhere",
    breaks: "a header that stands on another block makes room for a third (§1 line 19)",
    edits: [edit(gate, "if (header.parentHash !== parent.hash) return false;", "")],
    hunts: [unit(support, "a third header is not needed by what stands on another block")],
  },
  {
    name: "hand-over-gives-no-way",
    breaks: "a third header is refused when validators unknown to us follow it (§1 line 19)",
    edits: [
      edit(
        gate,
        "return before !== undefined && rankOf(before, header.sealer) !== undefined;",
        "return before === undefined && rankOf([], header.sealer) !== undefined;",
      ),
    ],
    hunts: [unit(support, "after a hand-over that we did not execute")],
  },
  {
    name: "hand-over-open-to-strangers",
    breaks: "after a hand-over that is unknown to us anybody makes room for a third (§1 line 19)",
    edits: [
      edit(
        gate,
        "return before !== undefined && rankOf(before, header.sealer) !== undefined;",
        "return before !== undefined;",
      ),
    ],
    hunts: [unit(support, "after a hand-over that we did not execute")],
  },
  {
    name: "certified-header-bounded",
    breaks: "a proven header is refused for two others of its slot (06-validation §1 line 19)",
    edits: [edit(gate, "!isCertified && !slots.hasRoom(header)", "!slots.hasRoom(header)")],
    hunts: [unit(support, "what a certificate proves needs no room")],
  },
  {
    name: "orphans-support-each-other",
    breaks: "an orphan makes room for a third header of its own sealer (§1 line 19)",
    edits: [
      edit(
        intake,
        "if (block.sealed.header.sealer !== header.sealer) return true;",
        "return true;",
      ),
    ],
    hunts: [unit(forks, "orphans of such a validator")],
  },
  {
    name: "orphans-support-parents-only",
    breaks: "an orphan further up makes no room for a third header (06-validation §1 line 19)",
    edits: [edit(intake, "above.push(...this.orphans.childrenOf(block.sealed.header.hash));", "")],
    hunts: [unit(forks, "orphans of such a validator")],
  },
  {
    name: "orphans-uncounted",
    breaks: "headers that wait for a parent do not count for the bound (06-validation §1 line 19)",
    edits: [
      edit(
        intake,
        "this.parts.slots.add(sealed.header);\n      this.forget(this.orphans.add(block));",
        "this.forget(this.orphans.add(block));",
      ),
    ],
    hunts: [unit(support, "what waits counts for the bound")],
  },
  {
    name: "future-uncounted",
    breaks: "headers that wait for their slot do not count for the bound (§1 line 19)",
    edits: [edit(intake, "this.parts.slots.add(header);\n      const full", "const full")],
    hunts: [unit(support, "what waits counts for the bound")],
  },
  {
    name: "gone-still-counted",
    breaks: "headers that are held no more count on for the bound (06-validation §1 line 19)",
    edits: [
      edit(intake, "if (!isHeld) this.parts.slots.delete", "if (isHeld) this.parts.slots.delete"),
    ],
    hunts: [unit(support, "what waits no more does not count")],
  },
];
