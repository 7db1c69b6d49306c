/** Who cheats in a seed, and how. What each kind does is in `byzantine/`. */
export const cheatKinds = [
  "silent",
  "late",
  "equivocating",
  "double-voting",
  "withholding",
  "bouncing",
  "garbage",
  "cloned",
] as const;
/** Drawn for all cheats of a seed at once, and apart, so that the draws above stay what they are. */
export type PlotKind = "racing" | "conspiring";
export type CheatKind = (typeof cheatKinds)[number] | PlotKind;

export interface Cheat {
  readonly node: number;
  readonly kinds: readonly CheatKind[];
  /** The node that runs with the same key, if it is cloned. */
  readonly clone: number | undefined;
}
