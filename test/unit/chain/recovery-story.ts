/**
 * A network of four that lost two, and what its operators decided: the blocks before and after.
 *
 *   g ─ 1 ─ 2 ─ 3 ─ R ─ x1 ─ x2 ─ x3       R = 4; each block but 1 carries its parent's certificate
 *                     └─ from slot 50 on: validators 0, 1 and 9
 */
import type { Imported } from "../../../src/chain/imported.ts";
import type { BlockHash } from "../../../src/model/ids.ts";
import type { Recovery } from "../../../src/model/recovery.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, networkOf, seedOf } from "../../support/chain-network.ts";
import { type ChainWorld, sourceOf } from "../../support/chain-world.ts";

export const peer = sourceOf(1);
export const key = (number: number) => keyOf(seedOf(number));

function story() {
  const builder = new ChainBuilder(networkOf(4));
  const kept = builder.certified(builder.genesis, 4);
  const r = kept[3]!;
  const first = builder.block(r, { certificate: builder.certificateFor(r) });
  return { builder, kept, r, lost: [first, ...builder.chain(first, 2)] };
}

export function recoveryOn(
  builder: ChainBuilder,
  { height, hash }: { readonly height: number; readonly hash: BlockHash },
  over: Partial<Recovery> = {},
): Recovery {
  return {
    network: builder.genesis.hash,
    block: { height, hash },
    validators: [key(0), key(1), key(9)],
    minSlot: 50,
    recoveryId: "5a".repeat(32),
    ...over,
  };
}

/** What the builder makes on R, and signs from slot 50 on, is of the recovered network. */
export function recovered() {
  const { builder, kept, r, lost } = story();
  const recovery = recoveryOn(builder, r);
  builder.recover(recovery);
  return { builder, kept, r, lost, recovery, trust: { recoveries: [recovery] } };
}

/** The first block of the new validators, and `count` more, each with a certificate. */
export function after(builder: ChainBuilder, block: Built, slot: number, count: number): Built[] {
  const first = builder.block(block, { slot });
  return [first, ...builder.certified(first, count)];
}

/** Takes the blocks, and makes everything durable that follows. */
export function grow(world: ChainWorld, blocks: readonly Built[]): Imported[] {
  const results = blocks.flatMap((block) => world.block(block, peer));
  for (let rounds = 0; rounds < 3; rounds++) {
    results.push(...world.drain());
    world.persisted();
  }
  return results;
}

export function codes(results: readonly Imported[]): string[] {
  return results.flatMap((result) =>
    result.type === "rejected" || result.type === "refused" ? [result.rejection.code] : [],
  );
}
