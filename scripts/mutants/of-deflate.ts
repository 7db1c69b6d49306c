/** Mutants of DEFLATED payloads: what bounds the work of whoever inflates them, and when it pays. */
import { edit, type Mutant, unit } from "./mutant.ts";

const format = "test/unit/wire/deflated.test.ts";
const frames = "test/unit/peer/deflated-frames.test.ts";
const choice = "test/unit/peer/deflation.test.ts";

export const deflateMutants: readonly Mutant[] = [
  {
    name: "deflate-unagreed",
    breaks: "DEFLATED is taken though feature 6 is not effective (03-frames §1)",
    edits: [
      edit(
        "src/peer/inbox.ts",
        "(flags & frameFlags.deflated) !== 0 && !this.deflates",
        "(flags & frameFlags.deflated) > 8 && !this.deflates",
      ),
    ],
    hunts: [unit(frames, "DEFLATED that was not agreed on")],
  },
  {
    name: "deflate-bomb",
    breaks: "a few bytes may inflate to any length below the bound (03-frames §9)",
    edits: [edit("src/wire/deflated.ts", " || bytes > deflated.length * inflatedRatioMax", "")],
    hunts: [unit(format, "and nothing is inflated of what says too much")],
  },
  {
    name: "deflate-trailing",
    breaks: "bytes after the stream are ignored (03-frames §9)",
    edits: [edit("src/crypto/deflate.ts", " && engine.bytesWritten === bytes.length", "")],
    hunts: [unit(format, "a byte after the stream")],
  },
  {
    name: "deflate-mixed",
    breaks: "some pieces of a payload are DEFLATED and some are not (03-frames §9)",
    edits: [
      edit(
        "src/peer/inbox.ts",
        "if (deflated !== chain.deflated)",
        "if (deflated > 8 && !chain.deflated)",
      ),
    ],
    hunts: [unit(frames, "a last piece that is not DEFLATED")],
  },
  {
    name: "deflate-work-uncounted",
    breaks: "what is inflated is not counted before (03-frames §8)",
    edits: [edit("src/wire/deflated.ts", "  onWork?.(bytes);\n", "")],
    hunts: [unit(frames, "after its work was told, once for each payload")],
  },
  {
    name: "deflate-pieces-unbound",
    breaks: "pieces are gathered beyond what they inflate to (03-frames §9)",
    edits: [edit("src/peer/inbox.ts", "inflatedBytesOf(payload) - 1", "1e9")],
    hunts: [unit(frames, "a second piece beyond what was said")],
  },
  {
    name: "deflate-idle",
    breaks: "silence is taken for a slow line (03-frames §9)",
    edits: [
      edit(
        "src/peer/deflation.ts",
        "isMoreWaiting ? now : Number.POSITIVE_INFINITY",
        "isMoreWaiting || bodyBytes > 0 ? now : Number.POSITIVE_INFINITY",
      ),
    ],
    hunts: [unit(choice, "and not to one that asks for little, however seldom")],
  },
  {
    name: "deflate-greedy",
    breaks: "deflating has no part of the processor (03-frames §9)",
    edits: [edit("src/peer/deflation.ts", " && this.share.availableAt(now) <= now", "")],
    hunts: [unit(choice, "and not beyond the part of the processor that all share")],
  },
];
