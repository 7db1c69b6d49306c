/**
 * What recoveries mean for blocks. Everything but what a child takes over is told by height and
 * slot alone, so no block below or beside R can pass for one of the recovered chain, whoever
 * sealed it. NOT the file (`model/recovery.ts`), nor its adoption by a store
 * (`adopt-recoveries.ts`). protocol-spec/06-validation §11.
 *
 *   height   ... R-1      R │ R+1 ...        slot >= minSlot exactly above R's height
 *   slot     ... < minSlot  │ >= minSlot     so every block above descends from R
 */
import { equalBytes } from "../base/bytes.ts";
import type { Header } from "../model/header.ts";
import { type BlockHash, idBytes } from "../model/ids.ts";
import { networkIdOf, type Recovery } from "../model/recovery.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { type SigningDomain, signingDomain } from "../model/signing-domain.ts";
import { type ValidatorSet, validatorsHash } from "../model/validator-set.ts";

/** Of the block of a recovery: what its children take over instead of what it says. */
export interface Recovered {
  readonly set: ValidatorSet;
  readonly setHash: Uint8Array;
}

/** What a block takes over from its parent, if it changes nothing. */
export interface Basis {
  readonly justifiedSlot: number;
  readonly justifiedHash: BlockHash;
  readonly validatorsHash: Uint8Array;
}

/** A block of a recovery is justified by decision; genesis is named by zeros, as always. */
export function basisOf(parent: Header, recovered: Recovered | undefined): Basis {
  const { height, slot, hash, justifiedSlot, justifiedHash, nextValidatorsHash } = parent;
  if (recovered === undefined) {
    return { justifiedSlot, justifiedHash, validatorsHash: nextValidatorsHash };
  }
  const { setHash } = recovered;
  if (height === 0) return { justifiedSlot, justifiedHash, validatorsHash: setHash };
  return { justifiedSlot: slot, justifiedHash: hash, validatorsHash: setHash };
}

export class Recoveries {
  readonly list: readonly Recovery[];
  readonly domain: SigningDomain;
  private readonly genesisId: Uint8Array;
  private readonly byBlock: ReadonlyMap<BlockHash, Recovered>;

  /** `list` has no `recoveriesProblem`. */
  constructor(genesisHash: BlockHash, list: readonly Recovery[]) {
    this.list = list;
    this.genesisId = idBytes(genesisHash);
    this.domain = signingDomain(this.genesisId, list);
    this.byBlock = new Map(
      list.map(({ block, validators }) => [
        block.hash,
        { set: validators, setHash: validatorsHash(validators) },
      ]),
    );
  }

  /** The block with this hash is that of a recovery. */
  at(hash: BlockHash): Recovered | undefined {
    return this.byBlock.get(hash);
  }

  /** Of all of them. */
  sets(): readonly Recovered[] {
    return [...this.byBlock.values()];
  }

  /** 06-validation §11, rule 1. */
  check({ height, slot, hash }: Pick<Header, "height" | "slot" | "hash">): Rejection | undefined {
    for (const { block, minSlot } of this.list) {
      if (height === block.height && hash !== block.hash) {
        return rejection("header-recovery", `block ${block.hash} expected at height ${height}`);
      }
      if (height > block.height !== slot >= minSlot) {
        const detail = `slot ${slot} at height ${height}: ${minSlot} begins above ${block.height}`;
        return rejection("header-recovery", detail);
      }
    }
    return undefined;
  }

  /** May such a block be sealed or voted for? Whatever is not above all recoveries is history. */
  isOpen({ height, slot }: { readonly height: number; readonly slot: number }): boolean {
    const last = this.list.at(-1);
    return last === undefined || (height > last.block.height && slot >= last.minSlot);
  }

  /** What a store calls its network when it went through all of them. */
  get networkId(): Uint8Array {
    return networkIdOf(this.genesisId, this.list);
  }

  /** Those that a store of network `id` did not go through yet; undefined: it went another way. */
  after(id: Uint8Array | undefined): readonly Recovery[] | undefined {
    const known = id ?? this.genesisId;
    for (let count = 0; count <= this.list.length; count++) {
      const name = networkIdOf(this.genesisId, this.list.slice(0, count));
      if (equalBytes(name, known)) return this.list.slice(count);
    }
    return undefined;
  }
}
