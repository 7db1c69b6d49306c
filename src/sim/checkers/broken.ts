/** What a checker throws, at the step that broke an invariant: it ends the seed. */
import type { SimNode } from "../sim-node.ts";

export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
}

export function broken(node: SimNode, what: string): never {
  throw new InvariantBroken(`${node.name}: ${what}`);
}
