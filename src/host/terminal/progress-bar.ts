/** `[######--------------]` for long work on a terminal. NOT the numbers beside it. */
const cells = 30;

/** `done` of `total`, from `from` on: a node that was nearly there does not begin with a full bar. */
export function progressBar(done: number, total: number, from = 0): string {
  const way = total - from;
  const share = way <= 0 ? 1 : Math.min(1, Math.max(0, (done - from) / way));
  const full = Math.floor(share * cells);
  return `[${"#".repeat(full)}${"-".repeat(cells - full)}]`;
}
