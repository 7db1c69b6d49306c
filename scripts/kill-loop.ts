/**
 * Validators of a local network of real processes are killed with SIGKILL, at random and at chosen
 * points before and after persisting, signing and sending, and started again, until that many came
 * back and signed again; no two signatures of one of them may contradict each other, and nothing
 * final may be undone:
 *
 *   node --import tsx scripts/kill-loop.ts --cycles 150
 *   node --import tsx scripts/kill-loop.ts --mutant no-fsync        must find an equivocation
 *   node --import tsx scripts/kill-loop.ts --power-cut --cycles 6   the same faults, no mutant
 *
 * A killed process loses nothing that it wrote: the kernel has it. So the mutant, a signer that
 * answers before its record is durable, is shown with a power cut: what was not synced of the
 * signer's file goes, and the chain goes too (it can be had again, says its error, and then the
 * record is all that the validator knows of its past). Two more lines of defence would hide the
 * mutant: who starts seals nothing in that slot, and signs nothing for two rotations. `--power-cut`
 * takes both away, has slots that are longer than a restart, and cuts the power when the victim has
 * sent the vote for its own block and nobody has the block. It comes back in the slot that it leads,
 * seals another block and votes for it, unless its record tells it not to.
 *
 * Prints a line a cycle on stderr, then a summary as JSON. Exits 0 when all was as it has to be: no
 * equivocation, or one with the mutant.
 */
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { runKillLoop } from "./kill-loop/run-kill-loop.ts";

const options = await yargs(hideBin(process.argv))
  .scriptName("kill-loop")
  .options({
    cycles: { type: "number", default: 150, describe: "restarts after which the victim signed" },
    "slot-ms": { type: "number", describe: "length of a slot [400, with power cuts 6000]" },
    "power-cut": { type: "boolean", default: false, describe: "unsynced bytes and the chain go" },
    mutant: { choices: ["no-fsync"], describe: "break the signer; implies --power-cut" },
  })
  .strict()
  .parse();

const noFsync = options.mutant === "no-fsync";
const powerCut = options["power-cut"] || noFsync;
const summary = await runKillLoop({
  cycles: options.cycles,
  slotMs: options["slot-ms"] ?? (powerCut ? 6000 : 400),
  powerCut,
  noFsync,
  onCycle: (text) => process.stderr.write(`${text}\n`),
});
const { equivocations, undone, unrecorded, faults, badSignatures } = summary;
const problems = [...equivocations, ...undone, ...unrecorded, ...faults];
const isSound = problems.length + badSignatures === 0;
const verdict = isSound ? "sound" : equivocations.length > 0 ? "equivocation" : "broken";
process.stdout.write(`${JSON.stringify({ verdict, mutant: options.mutant, ...summary })}\n`);
process.exit(verdict === (noFsync ? "equivocation" : "sound") ? 0 : 1);
