/**
 * What `npm run model` runs: each variant is a model, its -D switches and what must come of it.
 * A safe variant must be searched to its end; a mutant must break the assertion that is named.
 * The two "reachable" ones claim what is false, and so show that the models do make blocks final.
 */
export type Expected = "safe" | "Safety" | "NoSelfSlash" | "NothingFinal" | "NoChange";

export type Variant = {
  readonly name: string;
  readonly file: "slot-ffg.pml" | "set-change.pml";
  readonly switches: readonly string[];
  readonly expected: Expected;
  /** Left out by --quick. */
  readonly slow?: true;
};

const votes = { file: "slot-ffg.pml" } as const;
const sets = { file: "set-change.pml" } as const;

export const variants: readonly Variant[] = [
  { ...votes, name: "all-trees-4", switches: ["B=4"], expected: "safe", slow: true },
  { ...votes, name: "all-trees-3-crash-steps", switches: ["B=3", "SPLIT"], expected: "safe" },
  { ...votes, name: "all-trees-3-byz-steps", switches: ["B=3", "BYZ_STEPS"], expected: "safe" },
  {
    ...votes,
    name: "forks-4-byz-and-crash-steps",
    switches: ["B=4", "FORKS_ONLY", "SPLIT", "BYZ_STEPS"],
    expected: "safe",
  },
  {
    ...votes,
    name: "forks-5-crash-steps",
    switches: ["B=5", "FORKS_ONLY", "SPLIT"],
    expected: "safe",
  },
  {
    ...votes,
    name: "forks-6",
    switches: ["B=6", "FORKS_ONLY", "ESSENTIAL"],
    expected: "safe",
    slow: true,
  },
  {
    ...votes,
    name: "forks-5-n5-f1",
    switches: ["N=5", "F=1", "B=5", "FORKS_ONLY", "NO_CRASH"],
    expected: "safe",
    slow: true,
  },
  {
    ...votes,
    name: "forks-5-n7-f2",
    switches: ["N=7", "F=2", "B=5", "FORKS_ONLY", "NO_CRASH"],
    expected: "safe",
    slow: true,
  },
  {
    ...sets,
    name: "sets-adding-5",
    switches: ["B=5", "FORKS_ONLY"],
    expected: "safe",
  },
  {
    ...sets,
    name: "sets-adding-6",
    switches: ["B=6", "FORKS_ONLY", "SETS_USED"],
    expected: "safe",
    slow: true,
  },
  {
    ...sets,
    name: "sets-removing-5",
    switches: ["B=5", "FORKS_ONLY", "SETS_USED", "REMOVING"],
    expected: "safe",
    slow: true,
  },
  { ...votes, name: "reachable-finality", switches: ["REACHABLE"], expected: "NothingFinal" },
  {
    ...sets,
    name: "reachable-set-change",
    switches: ["B=5", "REACHABLE"],
    expected: "NoChange",
  },
  { ...votes, name: "mutant-parent-child", switches: ["PARENT_CHILD"], expected: "Safety" },
  {
    ...votes,
    name: "mutant-parent-child-f0",
    switches: ["PARENT_CHILD", "F=0", "NO_CRASH"],
    expected: "Safety",
  },
  { ...votes, name: "mutant-any-link", switches: ["ANY_LINK"], expected: "Safety" },
  { ...votes, name: "mutant-no-sfloor", switches: ["DROP_SFLOOR"], expected: "NoSelfSlash" },
  {
    ...votes,
    name: "mutant-no-sfloor-forks",
    switches: ["DROP_SFLOOR", "ONLY_SAFETY"],
    expected: "Safety",
  },
  { ...votes, name: "mutant-no-tfloor", switches: ["DROP_TFLOOR"], expected: "NoSelfSlash" },
  {
    ...votes,
    name: "mutant-no-tfloor-forks",
    switches: ["DROP_TFLOOR", "ONLY_SAFETY"],
    expected: "Safety",
  },
  { ...votes, name: "mutant-quorum-less-one", switches: ["QUORUM_LESS_ONE"], expected: "Safety" },
  {
    ...votes,
    name: "mutant-sign-first",
    switches: ["SIGN_FIRST", "SPLIT"],
    expected: "NoSelfSlash",
  },
  {
    ...votes,
    name: "mutant-sign-first-forks",
    switches: ["SIGN_FIRST", "SPLIT", "FORKS_ONLY", "ONLY_SAFETY"],
    expected: "Safety",
  },
  { ...votes, name: "mutant-lost-file", switches: ["LOST_FILE"], expected: "NoSelfSlash" },
  {
    ...votes,
    name: "mutant-lost-file-forks",
    switches: ["LOST_FILE", "FORKS_ONLY", "ONLY_SAFETY"],
    expected: "Safety",
  },
  {
    ...votes,
    name: "mutant-free-source",
    switches: ["FREE_SOURCE", "FORKS_ONLY", "ONLY_SAFETY"],
    expected: "Safety",
  },
  { ...votes, name: "too-many-byzantine-n3-f1", switches: ["N=3"], expected: "Safety" },
  {
    ...votes,
    name: "too-many-byzantine-n6-f2",
    switches: ["N=6", "F=2", "NO_CRASH"],
    expected: "Safety",
  },
  {
    ...sets,
    name: "mutant-two-at-once",
    switches: ["B=5", "FORKS_ONLY", "TWO_AT_ONCE"],
    expected: "Safety",
  },
  {
    ...sets,
    name: "mutant-local-finality",
    switches: ["B=5", "FORKS_ONLY", "LOCAL_FINALITY"],
    expected: "Safety",
  },
  {
    ...sets,
    name: "mutant-ungated",
    switches: ["B=6", "FORKS_ONLY", "UNGATED"],
    expected: "Safety",
  },
];
