/**
 * The recoveries that the operator gives with `--recovery`: read, checked against the network, and
 * said aloud, because whoever adopts one leaves those who do not. NOT their effect (`chain/`).
 * protocol-spec/06-validation §11, SECURITY "Recovery".
 */
import { hexBytes, toHex } from "../base/bytes.ts";
import type { BlockHash } from "../model/ids.ts";
import { networkIdOf, parseRecovery, type Recovery, recoveriesProblem } from "../model/recovery.ts";
import { readGivenFile } from "./given-file.ts";
import { HostError } from "./host-error.ts";

/** In the order of their slots, whatever the order on the command line. Throws `HostError`. */
export function readRecoveries(
  paths: readonly string[],
  genesisHash: BlockHash,
): readonly Recovery[] {
  const recoveries = paths.map(readRecoveryFile).sort((a, b) => a.minSlot - b.minSlot);
  const problem = recoveriesProblem(recoveries, genesisHash);
  if (problem === undefined) return recoveries;
  throw new HostError(
    "network-mismatch",
    `--recovery: ${problem}`,
    "give the files that the operators of this network agreed on, all of them",
  );
}

export const readRecoveryFile = (path: string): Recovery =>
  readGivenFile(path, parseRecovery, {
    what: "recovery file",
    ifUnread: "check the path; make one with: npx tsx bin/cli.ts recovery new",
    ifInvalid: "fetch the file again from those who made it; never edit it",
  });

/** What all operators must see alike: 64 hex digits. */
export function networkIdText(genesisHash: BlockHash, recoveries: readonly Recovery[]): string {
  return toHex(networkIdOf(hexBytes(genesisHash), recoveries));
}

/** At every start. */
export function recoveryNotice(
  recoveries: readonly Recovery[],
  genesisHash: BlockHash,
): string | undefined {
  const last = recoveries.at(-1);
  if (last === undefined) return undefined;
  const { block, minSlot, validators } = last;
  return (
    `THIS NODE FOLLOWS A RECOVERY, a hard fork decided by people: block ${block.height} ` +
    `(${block.hash}) is final whatever was voted, and from slot ${minSlot} on ` +
    `the validators of the file (${validators.length}) are in charge. It does not connect to nodes ` +
    "that did not adopt the same files. Compare with the other operators: network id " +
    networkIdText(genesisHash, recoveries)
  );
}
