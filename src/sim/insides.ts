/**
 * The private parts of a node that no query shows, reached by name: the simulator sees what a
 * debugger sees. For checkers and adversaries only; nothing that runs on a real host is here.
 */
import type { ChainManager } from "../chain/chain-manager.ts";
import type { ChainParts } from "../chain/chain-parts.ts";
import type { StateMachine } from "../chain/state-machine.ts";
import type { Links } from "../node/links.ts";
import type { News } from "../node/news.ts";
import type { Node } from "../node/node.ts";
import type { PublicChain } from "../node/public-chain.ts";
import type { ValidatorGuard } from "../node/validator-guard.ts";

export interface Insides {
  readonly chain: ChainManager;
  readonly parts: ChainParts;
  readonly links: Links;
  readonly news: News;
  readonly shown: PublicChain;
  readonly state: StateMachine;
  /** Of a validator. */
  readonly guard: ValidatorGuard | undefined;
}

interface PrivateNode {
  readonly chain: ChainManager;
  readonly peers: { readonly links: Links };
  readonly news: News;
  readonly shown: PublicChain;
  readonly validator: { readonly guard: ValidatorGuard } | undefined;
}

const known = new WeakMap<Node, Insides>();

/** The same each time: the parts of a node are made with it and never replaced. */
export function insidesOf(node: Node): Insides {
  let insides = known.get(node);
  if (insides === undefined) {
    insides = reach(node);
    known.set(node, insides);
  }
  return insides;
}

function reach(node: Node): Insides {
  const { chain, peers, news, shown, validator } = node as unknown as PrivateNode;
  const { parts } = chain as unknown as { readonly parts: ChainParts };
  const { state } = chain.duties as unknown as { readonly state: StateMachine };
  return { chain, parts, links: peers.links, news, shown, state, guard: validator?.guard };
}

/** Calls `after` with the arguments and the result of each call of `object[name]`. */
export function spyOn<T extends object, K extends keyof T>(
  object: T,
  name: K,
  after: T[K] extends (...args: infer A) => infer R ? (args: A, result: R) => void : never,
): void {
  const original = (object[name] as (...args: unknown[]) => unknown).bind(object);
  const spied = (...args: unknown[]): unknown => {
    const result = original(...args);
    (after as (args: unknown[], result: unknown) => void)(args, result);
    return result;
  };
  Object.defineProperty(object, name, { value: spied, configurable: true, writable: true });
}
