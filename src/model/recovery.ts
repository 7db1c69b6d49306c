/**
 * The recovery file: what people agreed on after a quorum was lost for good. A hard fork: whoever
 * adopts it leaves the network of those who do not. JSON, read strictly, every problem reported at
 * once; the canonical text is what operators compare. NOT its effect on blocks
 * (`chain/recoveries.ts`). protocol-spec/05-objects §10, 06-validation §11.
 *
 *   ... ── P ── R ── C ── ...      R: `block`, final by decision. C and all that stands on it:
 *                   slot >= minSlot, sealed and voted for by `validators`, in another domain
 */
import { z } from "zod";
import { asciiBytes } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import { chainLimits } from "../params/limits.ts";
import type { BlockHash, PublicKey } from "./ids.ts";
import { blockHash, hex32, parseStrictJson, publicKey, repeatedIn } from "./strict-json.ts";

export interface Recovery {
  /** Genesis hash of the network. */
  readonly network: BlockHash;
  /** Final, and the last block of the old validators. */
  readonly block: { readonly height: number; readonly hash: BlockHash };
  /** In rank order: in charge of the children of `block`. */
  readonly validators: readonly PublicKey[];
  /** The first slot of the new validators; above that of `block`. */
  readonly minSlot: number;
  /** 64 hex digits, drawn by lot: no signature of another recovery counts in this one. */
  readonly recoveryId: string;
}

const hashOfNetwork = tagged("network/1");

const schema = z.strictObject({
  network: blockHash,
  block: z.strictObject({ height: z.int().min(0), hash: blockHash }),
  validators: z.array(publicKey).min(1).max(chainLimits.validatorsMax),
  minSlot: z.int().min(1),
  recoveryId: hex32,
});

/** The file that `text` holds, or every problem found, each `field: what is wrong`. */
export function parseRecovery(text: string): Recovery | { readonly errors: string[] } {
  const parsed = parseStrictJson(text, schema, (json) => repeatedIn(json, "validators"));
  return "errors" in parsed ? parsed : parsed.value;
}

/** The canonical text: JSON, two spaces, fixed order of fields, a line feed at the end. ASCII. */
export function formatRecovery({ network, block, validators, minSlot, recoveryId }: Recovery) {
  const { height, hash } = block;
  const fields = { network, block: { height, hash }, validators, minSlot, recoveryId };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}

/** Why these, in this order, are not what one network went through; undefined when they may be. */
export function recoveriesProblem(
  recoveries: readonly Recovery[],
  genesisHash: BlockHash,
): string | undefined {
  for (const [index, { network, block, minSlot }] of recoveries.entries()) {
    if (network !== genesisHash) return `it is for network ${network}, not for ${genesisHash}`;
    const before = recoveries[index - 1];
    if (before === undefined) continue;
    if (block.height <= before.block.height || minSlot <= before.minSlot) {
      return `height and minSlot must be above those of the recovery before (${before.recoveryId})`;
    }
  }
  return undefined;
}

/**
 * 32 bytes that name the network on the wire and in the store: the genesis hash, and for each
 * recovery H("network/1", name before || canonical text). So those who adopted the same files find
 * each other, and nobody else.
 */
export function networkIdOf(
  genesisHash: Uint8Array,
  recoveries: readonly Recovery[] = [],
): Uint8Array {
  return recoveries.reduce(
    (id, recovery) => hashOfNetwork(id, asciiBytes(formatRecovery(recovery))),
    genesisHash,
  );
}
