/** Ctrl-C and its like: the first ends gracefully, another one at once. */

/** A terminal and `npx` may both pass on one Ctrl-C: a second one counts only after this. */
const signalMs = 500;
const forcedExitCode = 130;

export function endOnSignals(stop: AbortController, signals: readonly NodeJS.Signals[]): void {
  let firstAt: number | undefined;
  const onSignal = () => {
    const now = performance.now();
    if (firstAt !== undefined && now - firstAt > signalMs) process.exit(forcedExitCode);
    firstAt ??= now;
    stop.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
}
