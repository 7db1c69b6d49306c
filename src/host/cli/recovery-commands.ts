/**
 * `recovery new` and `recovery show FILE`: the file that operators agree on after a quorum was lost
 * for good. Makes and explains it; nothing is adopted before a node is started with `--recovery`.
 * SECURITY "Recovery", protocol-spec/06-validation §11.
 */
import type { Argv } from "yargs";
import { toHex } from "../../base/bytes.ts";
import { isHex32, type PublicKey } from "../../model/ids.ts";
import { type NetworkFile, slotAt, slotStartMs } from "../../model/network-file.ts";
import { formatRecovery, parseRecovery, type Recovery } from "../../model/recovery.ts";
import { quorum } from "../../model/validator-set.ts";
import { chainLimits } from "../../params/limits.ts";
import { parseBlockRef } from "../checkpoint.ts";
import { networkIdText, readRecoveryFile } from "../recovery-files.ts";
import { systemRandom } from "../system.ts";
import { fieldsText } from "../terminal/table.ts";
import { keysIn, readNetworkFile } from "./genesis-commands.ts";
import { type Handler, strings } from "./given-options.ts";
import { createOut, demandFree } from "./out-file.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { type Given, neededText, optionalInteger, optionalText, usageError } from "./values.ts";

export function recoveryCommand(y: Argv, handler: Handler): Argv {
  return y
    .command(
      "new",
      "make a recovery file, for all operators to agree on",
      (c) =>
        strings(c, {
          network: "network file",
          block: "HEIGHT:HASH of the last block to keep: the highest justified one",
          validators: "who goes on: public keys, key files or lists of keys, with commas",
          "min-slot": "the first slot of the new validators: in the future",
          out: "where the recovery file goes",
        }),
      handler(newRecovery),
    )
    .command(
      "show <file>",
      "read a recovery file strictly and explain it",
      (c) =>
        strings(c.positional("file", { type: "string" }), {
          network: "network file, to compare with and to tell the time of its slots",
        }),
      handler(showRecovery),
    )
    .demandCommand(1, "recovery needs a command: new or show FILE");
}

function newRecovery(given: Given, world: CliWorld): Reply {
  const { file, genesisHash } = readNetworkFile(neededText(given, "network", "FILE"));
  const block = parseBlockRef(neededText(given, "block", "HEIGHT:HASH"));
  if (block === undefined) {
    throw usageError(
      "--block is not HEIGHT:HASH",
      "write the height, a colon and the hash as 64 lower-case hex digits",
    );
  }
  const validators = neededText(given, "validators", "KEY,KEY,...").split(",").flatMap(keysOf);
  const minSlot = optionalInteger(given, "min-slot", 1, Number.MAX_SAFE_INTEGER);
  if (minSlot === undefined) {
    throw usageError("--min-slot is missing", "give --min-slot N, a slot in the future");
  }
  const out = neededText(given, "out", "FILE, where the recovery file goes");
  demandFree(out);
  const recoveryId = toHex(systemRandom.bytes(32));
  const recovery = demandValid({ network: genesisHash, block, validators, minSlot, recoveryId });
  createOut(out, formatRecovery(recovery));
  const { text, json } = describe(recovery, file, world);
  return { text: `${text}\n\nfile     ${out}`, json: { ...json, file: out } };
}

function showRecovery(given: Given, world: CliWorld): Reply {
  const path = neededText(given, "file", "FILE");
  const recovery = readRecoveryFile(path);
  const networkPath = optionalText(given, "network");
  if (networkPath === undefined) return describe(recovery, undefined, world);
  const { file, genesisHash } = readNetworkFile(networkPath);
  if (genesisHash === recovery.network) return describe(recovery, file, world);
  throw usageError(
    `${path} is for network ${recovery.network}, ${networkPath} has genesis ${genesisHash}`,
    "these files do not belong together",
  );
}

function describe(recovery: Recovery, file: NetworkFile | undefined, { paint, wallMs }: CliWorld) {
  const { network, block, validators, minSlot, recoveryId } = recovery;
  const networkId = networkIdText(network, [recovery]);
  const beginsAt = file && new Date(slotStartMs(file, minSlot)).toISOString();
  const isPast = file !== undefined && minSlot <= slotAt(file, wallMs());
  const text = fieldsText(
    [
      ["network", network],
      ["last block kept", `${block.height}:${block.hash}`],
      ["from slot", beginsAt === undefined ? String(minSlot) : `${minSlot}, ${beginsAt}`],
      ...validators.map((key, rank) => [`validator ${rank}`, key] as const),
      ["quorum", `${quorum(validators.length)} of ${validators.length}`],
      ["recovery id", recoveryId],
      ["network id", `${networkId} (with this file alone: compare it with the other operators)`],
    ],
    paint,
  );
  const warnings = warningsFor(recovery, isPast);
  const json = { ...recovery, networkId, beginsAt: beginsAt ?? null, warnings };
  return { text: [text, ...warnings.map((line) => `warning: ${line}`)].join("\n"), json };
}

function warningsFor({ validators }: Recovery, isPast: boolean): string[] {
  const warnings: string[] = [];
  if (isPast) {
    warnings.push("its first slot has passed: validators stay silent up to what they signed last");
  }
  if (validators.length < chainLimits.validatorsSafeMin) {
    warnings.push(`with ${validators.length} validators nobody may fail or cheat; four bear one`);
  }
  return warnings;
}

function demandValid(recovery: Recovery): Recovery {
  const parsed = parseRecovery(formatRecovery(recovery));
  if (!("errors" in parsed)) return parsed;
  throw usageError(
    `this would not be a valid recovery:\n  ${parsed.errors.join("\n  ")}`,
    "correct the options: npx tsx bin/cli.ts recovery new --help",
  );
}

function keysOf(text: string): readonly PublicKey[] {
  const trimmed = text.trim();
  return isHex32(trimmed) ? [trimmed as PublicKey] : keysIn(trimmed);
}
