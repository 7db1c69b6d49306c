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
import { asciiBytes, hexBytes } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import { chainLimits, wireLimits } from "../params/limits.ts";
import { type BlockHash, isHex32, type PublicKey } from "./ids.ts";

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

const hex32 = z.string().refine(isHex32, "64 lower-case hex digits expected");
const blockHash = hex32.transform((text) => text as BlockHash);
const publicKey = hex32.transform((text) => text as PublicKey);

const schema = z.strictObject({
  network: blockHash,
  block: z.strictObject({ height: z.int().min(0), hash: blockHash }),
  validators: z.array(publicKey).min(1).max(chainLimits.validatorsMax),
  minSlot: z.int().min(1),
  recoveryId: hex32,
});

/** The file that `text` holds, or every problem found, each `field: what is wrong`. */
export function parseRecovery(text: string): Recovery | { readonly errors: string[] } {
  if (text.length > wireLimits.networkFileBytesMax) {
    return { errors: [`file: at most ${wireLimits.networkFileBytesMax} bytes`] };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { errors: [`file: not JSON: ${error instanceof Error ? error.message : error}`] };
  }
  const parsed = schema.safeParse(json);
  const errors = [...(parsed.error?.issues ?? []).map(describe), ...repeatedKeys(json)];
  return parsed.success && errors.length === 0 ? parsed.data : { errors };
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

/** The 32 bytes. */
export function recoveryIdBytes({ recoveryId }: Recovery): Uint8Array {
  return hexBytes(recoveryId);
}

function describe(issue: { path: PropertyKey[]; message: string }): string {
  return `${issue.path.length === 0 ? "file" : issue.path.map(String).join(".")}: ${issue.message}`;
}

/** Outside the schema, because it would not look at them while any field is wrong. */
function repeatedKeys(json: unknown): string[] {
  const list =
    typeof json === "object" && json !== null
      ? (json as Record<string, unknown>)["validators"]
      : [];
  if (!Array.isArray(list)) return [];
  return list.flatMap((key, index) =>
    typeof key === "string" && list.indexOf(key) < index
      ? [`validators.${index}: is listed twice`]
      : [],
  );
}
