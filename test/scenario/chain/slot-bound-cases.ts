/**
 * The bound of two headers for each validator and slot (06-validation §1, line 19), and to whom it
 * gives way. The language is `fork-case.ts`. Validators lead slots 0 1 2 3 0 1 2 3 …
 */
import type { ForkCase } from "./fork-case.ts";

export const slotBoundCases: readonly ForkCase[] = [
  {
    title: "of one validator and slot two headers are kept, the third only as an ancestor in need",
    picture: `
      g ── a1              a1, b1, c1 all by validator 1 in slot 1
       ├── b1
       └── c1 ── d2        d2 by validator 2`,
    lines: [
      "a1 < g @1 => moved a1",
      "b1 < g @1 pays 0",
      "c1 < g @1 pays 0 1 => rejected c1 header-equivocation",
      "headers c1 => accepted 0, header-equivocation",
      "d2 < c1 => orphan d2 wants c1",
      "block c1 => pending c1, pending d2, moved d2",
      "tip d2",
    ],
  },
  {
    title: "a run of headers brings an ancestor in need along",
    picture: `
      g ── a1              a1, b1, c1 all by validator 1 in slot 1
       ├── b1
       └── c1 ── d2        d2 by validator 2; e5 by validator 1 again`,
    lines: [
      "a1 < g @1 => moved a1",
      "b1 < g @1 pays 0",
      "make c1 < g @1 pays 0 1",
      "make e5 < c1 @5",
      "make f2 < c1 @2 signed",
      "make d2 < c1 @2 pays 2",
      "headers c1 e5 => accepted 0, header-equivocation",
      "headers c1 f2 => accepted 0, header-equivocation",
      "x3 < a1 @3",
      "y3 < a1 @3 pays 0",
      "make d3 < c1 @3 pays 2",
      "headers c1 d3 => accepted 0, header-equivocation",
      "headers c1 d2 => accepted 2",
    ],
  },
  {
    title: "a validator with two slots in a row and three blocks in each leaves nobody behind",
    picture: `
      g ── a1 ── a5              a1, b1, c1 all by validator 1 in slot 1,
       ├── b1 ── b5              a5, b5, c5 all by validator 1 in slot 5
       └── c1 ── c5 ── d6        d6 by validator 2`,
    lines: [
      "a1 < g @1 => moved a1",
      "b1 < g @1 pays 0",
      "a5 < a1 @5",
      "b5 < b1 @5",
      "make c1 < g @1 pays 0 1",
      "make c5 < c1 @5",
      "make d6 < c5 @6",
      "make f6 < c5 @6 signed",
      "headers c1 c5 => accepted 0, header-equivocation",
      "headers c1 c5 f6 => accepted 0, header-equivocation",
      "headers c1 d6 => accepted 0, header-equivocation",
      "headers c1 c5 d6 => accepted 3",
    ],
  },
  {
    title: "orphans of such a validator are taken in for the block that waits for them",
    picture: `
      g ── a1 ── a5              a1, b1, c1 all by validator 1 in slot 1,
       ├── b1                    a5, c5 by validator 1 in slot 5
       └── c1 ── c5 ── d6        d6 by validator 2`,
    lines: [
      "a1 < g @1 => moved a1",
      "b1 < g @1 pays 0",
      "a5 < a1 @5",
      "make c1 < g @1 pays 0 1",
      "c5 < c1 @5 => orphan c5 wants c1",
      "block c1 => rejected c1 header-equivocation",
      "d6 < c5 @6 => orphan d6 wants c1",
      "block c1 => pending c1, pending c5, pending d6, moved d6",
      "tip d6",
    ],
  },
];
