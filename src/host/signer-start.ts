/**
 * With which floors a signer begins. Pure but for the errors; nothing is read or written here.
 *
 *   its file         chain store        floors                                      isFresh
 *   whole            any                as recorded                                 no
 *   cut at the end   any                seal and target raised to now + 1           no
 *   missing          fresh, or alone    seal and target now, source 0               yes
 *   missing          there is a chain   refused: --signer-amnesia needed
 *   unusable         any                refused: --signer-amnesia needed
 *   missing or unusable, --signer-amnesia   all now + 1 (alone: source 0)           no
 *   missing          fresh, in slot 0   as fresh, --signer-amnesia or not: nobody has signed yet,
 *                                       and a network whose validators all forgot is never final
 *
 * A cut record was never signed for, so the source floor before it still holds. Under amnesia
 * nothing is known: whatever was signed had source and target at or below now, and a vote from a
 * source above that neither repeats a target nor surrounds anything. It needs a clock that is not
 * behind; the head of the chain is taken for now when it is later.
 *
 * "alone": the network has no other validator, so no quorum can be turned against another.
 * protocol-spec/06-validation §8.
 */

import { equalBytes } from "../base/bytes.ts";
import { decodeAnchor, decodeNode, decodeRef, metaKey, nodeKey } from "../chain/records.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { Header } from "../model/header.ts";
import { type NetworkFile, slotAt } from "../model/network-file.ts";
import type { Recovery } from "../model/recovery.ts";
import { validatorsHash } from "../model/validator-set.ts";
import { bareRecord, type FloorFile, type FloorRecord } from "./floor-records.ts";
import { HostError } from "./host-error.ts";

export interface SignerSituation {
  /** Slot of the wall clock, or of the head if that is later. */
  readonly nowSlot: number;
  /** No chain was ever stored here. */
  readonly isStoreFresh: boolean;
  /** The next block's validators are one. */
  readonly isAlone: boolean;
  /** `--signer-amnesia`. */
  readonly amnesia: boolean;
}

export interface SignerStart {
  /** `upgraded`: from a file of version 1. */
  readonly type: "kept" | "upgraded" | "torn" | "fresh" | "amnesia";
  readonly record: FloorRecord;
}

export function situationOf(
  image: StoreImage,
  file: NetworkFile,
  wallMs: number,
  amnesia: boolean,
  recoveries: readonly Recovery[] = [],
): SignerSituation {
  const isStoreFresh = image.get(metaKey("head")) === undefined;
  const head = headOf(image);
  const last = recoveries.at(-1);
  const { validators } = last ?? file;
  const isAlone =
    validators.length === 1 &&
    // The network may have grown since its file was written.
    (isStoreFresh ||
      (head !== undefined &&
        (head.hash === last?.block.hash ||
          equalBytes(head.nextValidatorsHash, validatorsHash(validators)))));
  return {
    nowSlot: Math.max(slotAt(file, wallMs), head?.slot ?? 0),
    isStoreFresh,
    isAlone,
    amnesia,
  };
}

/** `found` is undefined when there is no file; `path` is for the operator. Throws `HostError` when the key may have signed unknown things. */
export function startOf(
  found: FloorFile | undefined,
  situation: SignerSituation,
  path: string,
): SignerStart {
  const { nowSlot, isStoreFresh, isAlone, amnesia } = situation;
  if (found?.type === "records") {
    if (!found.isTorn)
      return { type: found.version === 1 ? "upgraded" : "kept", record: found.last };
    return { type: "torn", record: raised(found.last, nowSlot + 1) };
  }
  const isFirst = isStoreFresh && nowSlot === 0;
  if (found === undefined && (isFirst || (!amnesia && (isStoreFresh || isAlone)))) {
    const floors = { sealSlot: nowSlot, sourceSlot: 0, targetSlot: nowSlot };
    return { type: "fresh", record: bareRecord(floors) };
  }
  if (amnesia) return { type: "amnesia", record: bareRecord(forgotten(nowSlot + 1, isAlone)) };
  throw found === undefined ? missing(path) : unusable(path, found.type);
}

/** One line for the log about a start that is not the usual one. */
export function startNotice(
  { type, record }: SignerStart,
  amnesia: boolean,
): { readonly level: "info" | "warn"; readonly text: string } | undefined {
  switch (type) {
    case "amnesia":
      return {
        level: "warn",
        text:
          "WHAT THIS VALIDATOR HAS SIGNED IS FORGOTTEN (--signer-amnesia): it seals nothing up to " +
          `slot ${record.sealSlot}, and votes only when a block of slot ${record.sourceSlot} or ` +
          "later has been justified by others. If a third of the validators or more do this at " +
          "once, nothing becomes final any more. Leave --signer-amnesia out of the next start.",
      };
    case "torn":
      return {
        level: "warn",
        text:
          "the last record of the signer's file was cut, as by a power cut: nothing is sealed or " +
          `voted for up to slot ${Math.max(record.sealSlot, record.targetSlot)}`,
      };
    case "kept":
    case "upgraded":
      if (!amnesia) return undefined;
      return {
        level: "warn",
        text: "--signer-amnesia had no effect, the signer's file is whole: leave it out",
      };
    case "fresh":
      return undefined;
  }
}

/** Undefined for a fresh store, and for one that restore() will refuse. */
function headOf(image: StoreImage): Header | undefined {
  const value = image.get(metaKey("head"));
  const ref = value && decodeRef(value);
  if (ref === undefined) return undefined;
  const node = image.get(nodeKey(ref));
  if (node !== undefined) return decodeNode(node)?.sealed.header;
  const anchor = image.get(metaKey("anchor"));
  const header = anchor && decodeAnchor(anchor)?.sealed.header;
  return header?.hash === ref.hash ? header : undefined;
}

function raised(record: FloorRecord, slot: number): FloorRecord {
  const isSealRaised = slot > record.sealSlot;
  return {
    ...record,
    sealSlot: isSealRaised ? slot : record.sealSlot,
    sealHash: isSealRaised ? new Uint8Array(32) : record.sealHash,
    targetSlot: Math.max(record.targetSlot, slot),
  };
}

function forgotten(slot: number, isAlone: boolean): SignerFloors {
  return { sealSlot: slot, sourceSlot: isAlone ? 0 : slot, targetSlot: slot };
}

const amnesiaMend =
  "start once with --signer-amnesia. It then stays silent until others have justified a newer " +
  "block. Be sure that no other node uses this key";

function missing(path: string): HostError {
  return new HostError(
    "usage",
    `there is a chain here, but no record of what this validator has signed on it (${path})`,
    `put the file back as it was when the node last ran (never an older copy). If it is lost, or \
the key has not signed on this chain yet, ${amnesiaMend}`,
  );
}

function unusable(path: string, how: "foreign" | "damaged"): HostError {
  const what = how === "foreign" ? "belongs to another key or network" : "is damaged";
  return new HostError(
    "usage",
    `the record of what this validator has signed, ${path}, ${what}`,
    `put the right file in its place, or start without --validator-key. If it is lost, ${amnesiaMend}`,
  );
}
