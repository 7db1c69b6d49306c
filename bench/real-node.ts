/** A whole node in this process, from the same options as `bin/node.ts`; prints nothing. */
import type { NodeEvent } from "../src/edge/event.ts";
import { readConfig } from "../src/host/config.ts";
import { type RunningNode, runNode } from "../src/host/run-node.ts";

export async function startNode(
  argv: readonly string[],
  onEvent: (event: NodeEvent) => void = () => undefined,
): Promise<RunningNode> {
  const answer = readConfig(argv, {});
  if (answer.type !== "config") throw new Error(JSON.stringify(answer));
  return await runNode({
    config: answer.config,
    onEvent,
    onFatal: (error) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
    say: (_level, text) => process.stderr.write(`${text}\n`),
    signal: new AbortController().signal,
  });
}
