/** Forks as data; the language is `fork-case.ts`. Validators lead slots 0 1 2 3 0 1 2 3 … */
import type { ForkCase } from "./fork-case.ts";

export const forkCases: readonly ForkCase[] = [
  {
    title: "the longer branch wins, and a branch that grows again wins back",
    picture: `
      g ── a1 ── a2 ── a3 ── a4
       └── b1 ── b2 ── b3`,
    lines: [
      "a1 < g => moved a1",
      "a2 < a1 => moved a2",
      "b1 < g @5 => side b1",
      "b2 < b1 @7 => side b2",
      "b3 < b2 @8 => moved b3",
      "tip b3",
      "a3 < a2 @11 => side a3",
      "a4 < a3 => moved a4",
      "tip a4",
    ],
  },
  {
    title: "at equal height the validator of better rank wins",
    picture: `
      g ── a1 (slot 3: rank 3)
       └── b1 (slot 5: rank 1)`,
    lines: ["a1 < g @3 => moved a1", "b1 < g @5 => moved b1", "block a1 => duplicate a1", "tip b1"],
  },
  {
    title: "at equal height and rank the lower slot wins",
    picture: `
      g ── a1 (slot 5)
       └── b1 (slot 1)`,
    lines: ["a1 < g @5 => moved a1", "b1 < g @1 => moved b1", "c1 < g @9 => side c1", "tip b1"],
  },
  {
    title: "transactions are undone with their branch and may be in the other one",
    picture: `
      g ── a1(tx0) ── a2(tx1)
       └── b1 ────── b2(tx0) ── b3(tx1)`,
    lines: [
      "a1 < g pays 0 => pending a1, moved a1",
      "a2 < a1 pays 1 => pending a2, moved a2",
      "b1 < g @5 => side b1",
      "b2 < b1 pays 0 @7 => pending b2, side b2",
      "b3 < b2 pays 1 => pending b3, moved b3",
      "tip b3",
    ],
  },
  {
    title: "an invalid block in the middle of the better branch leaves the old head",
    picture: `
      g ── a1 ── a2
       └── b1 ── x2 ── b3 ── b4      x2 lies`,
    lines: [
      "a1 < g => moved a1",
      "a2 < a1 => moved a2",
      "b1 < g @5 => side b1",
      "x2 < b1 @7 lies stateRoot => side x2",
      "b3 < x2 => rejected x2 block-state-root",
      "tip a2",
      "b4 < b3 => rejected b4 header-parent-invalid",
      "block x2 => rejected x2 block-state-root",
      "a3 < a2 @20 => moved a3",
      "tip a3",
    ],
  },
  {
    title: "an invalid block late in the better branch leaves the head on its last valid block",
    picture: `
      g ── a1
       └── b1 ── b2 ── x3 ── b4`,
    lines: [
      "a1 < g @4 => moved a1",
      "make b1 < g @5",
      "make b2 < b1",
      "make x3 < b2 lies receiptsRoot",
      "make b4 < x3",
      "headers b1 b2 x3 b4 => accepted 4",
      "body b4 => pending b4",
      "body x3 => pending x3",
      "body b2 => pending b2",
      "body b1 => moved b2, rejected x3 block-receipts-root",
      "tip b2",
    ],
  },
  {
    title: "the invalid best branch is followed by the second best, not by the old head",
    picture: `
      g ── a1
       └── d1 ── x2 ── x3 ── x4       x2 lies; the body of d1 comes last
            └─── c2 ── c3`,
    lines: [
      "a1 < g @4 => moved a1",
      "make d1 < g @5",
      "make x2 < d1 lies nextValidatorsHash",
      "make x3 < x2",
      "make x4 < x3",
      "make c2 < d1 @9",
      "make c3 < c2",
      "headers d1 x2 => accepted 2",
      "headers x3 => accepted 0, unready",
      "headers c2 c3 => accepted 2",
      "body c3 => pending c3",
      "body c2 => pending c2",
      "body x2 => pending x2",
      "body d1 => moved c3",
      "tip c3",
      "make y2 < d1 @13 lies stateRoot",
      "make y3 < y2",
      "make y4 < y3",
      "make e2 < d1 @17",
      "make e3 < e2",
      "make e4 < e3",
      "make e5 < e4",
      "make e6 < e5",
      "make y5 < y4",
      "headers y2 y3 y4 y5 => accepted 4",
      "headers e2 e3 e4 => accepted 3",
      "body y5 => pending y5",
      "body y4 => pending y4",
      "body e4 => pending e4",
      "body e3 => pending e3",
      "body y3 => pending y3",
      "body y2 => rejected y2 block-state-root",
      "tip c3",
      "body e2 => moved e4",
      "tip e4",
    ],
  },
  {
    title: "a mutated body convicts its sender only, and the good body is taken",
    picture: `
      g ── a1(tx0)         the body of c1 in its place`,
    lines: [
      "make a1 < g pays 0",
      "make c1 < g pays badly @5",
      "headers a1 => accepted 1",
      "body a1 of c1 => rejected a1 body-mismatch",
      "body a1 of g => rejected a1 body-mismatch",
      "body a1 => pending a1, moved a1",
      "tip a1",
    ],
  },
  {
    title: "a bad transaction signature makes the block invalid, with all that stands on it",
    picture: `
      g ── x1 ── x2`,
    lines: [
      "make x1 < g pays badly",
      "make x2 < x1",
      "headers x1 x2 => accepted 2",
      "body x2 => pending x2",
      "body x1 => pending x1, rejected x1 block-transaction-signature",
      "headers x1 => accepted 0, block-transaction-signature",
      "block x2 => rejected x2 header-parent-invalid",
      "a1 < g @5 => moved a1",
    ],
  },
  {
    title: "a transaction that the state refuses makes the block invalid",
    picture: `
      g ── x1(tx1)         tx0 is missing`,
    lines: ["x1 < g pays 1 => pending x1, rejected x1 block-transaction-invalid", "tip g"],
  },
  {
    title: "a bad seal says nothing of the header",
    picture: `
      g ── a1              first with a seal of zeros`,
    lines: ["a1 < g signed => rejected a1 header-seal", "a1 < g => moved a1"],
  },
  {
    title: "orphans ask for their deepest missing ancestor and come in when it does",
    picture: `
      g ── a1 ── a2 ── a3`,
    lines: [
      "make a1 < g",
      "make a2 < a1",
      "a3 < a2 => orphan a3 wants a2",
      "block a2 => orphan a2 wants a1",
      "block a3 => orphan a3 wants a1",
      "block a1 => moved a3",
      "tip a3",
    ],
  },
  {
    title: "headers place orphans at the next tick",
    picture: `
      g ── a1 ── a2`,
    lines: [
      "make a1 < g",
      "a2 < a1 => orphan a2 wants a1",
      "headers a1 => accepted 1",
      "wait 1 => pending a2",
      "body a1 => moved a2",
      "tip a2",
    ],
  },
  {
    title: "headers that hang in the air name what is missing",
    picture: `
      g ── a1 ── a2 ── a3`,
    lines: [
      "make a1 < g",
      "make a2 < a1",
      "make a3 < a2",
      "headers a2 a3 => accepted 0, wants a1",
      "headers a1 a3 => accepted 1, wants a2",
      "headers a1 a2 a3 => accepted 2",
    ],
  },
  {
    title: "a block up to two slots early waits for its slot, one further ahead is dropped",
    picture: `
      g ── a1 (slot 12) ── a2 (slot 13)       the clock shows slot 10`,
    slot: 10,
    lines: [
      "a1 < g @12 => future a1",
      "x1 < g @13 => rejected x1 header-too-new",
      "wait 1 =>",
      "tip g",
      "a2 < a1 @13 => future a2",
      "wait 1 => moved a1",
      "wait 1 => moved a2",
      "tip a2",
    ].map((line) => line.replace(/=>$/, "")),
  },
];
