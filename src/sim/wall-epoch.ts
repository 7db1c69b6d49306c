/** Where the wall clock of a simulated world stands when it begins: 2026-01-01, in ms. */
export const wallEpochMs = 1_767_225_600_000;
