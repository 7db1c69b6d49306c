/** The command line of `validator`. What the commands do is in `validator-commands.ts`. */
import type { Argv } from "yargs";
import { clientOf, type Handler, node, strings } from "./given-options.ts";
import {
  approveProposal,
  listProposals,
  listValidators,
  proposeChange,
} from "./validator-commands.ts";
import { defaultValidatorKey } from "./validator-key.ts";
import { rotateValidator } from "./validator-rotation.ts";

export function validatorCommand(y: Argv, handler: Handler): Argv {
  return y
    .command(
      "list",
      "who validates, in rank order",
      node,
      handler((given, world) => listValidators(clientOf(given), world)),
    )
    .command(
      "proposals",
      "changes that wait for approvals",
      node,
      handler((given, world) => listProposals(clientOf(given), world)),
    )
    .command(
      "propose <action> <validator>",
      "propose to add, remove or rerank a validator: its key, or its key file",
      (c) =>
        sender(
          strings(texts(c, ["action", "validator"]), {
            rank: "where it shall stand, 0 is the first [last]",
          }),
          60,
        ).option("force", { boolean: true, describe: "remove though fewer than 4 are left" }),
      handler((given, world) => proposeChange(given, clientOf(given), world)),
    )
    .command(
      "approve <proposal>",
      "approve an open proposal",
      (c) => sender(texts(c, ["proposal"]), 60),
      handler((given, world) => approveProposal(given, clientOf(given), world)),
    )
    .command(
      "rotate <newKey>",
      "put a new key in the place of --key: the add, then the removal. Run the node with the " +
        "new key first; run this again and it goes on where it stopped",
      (c) => sender(texts(c, ["newKey"]), 3600),
      handler((given, world) => rotateValidator(given, clientOf(given), world)),
    )
    .demandCommand(
      1,
      "validator needs a command: list, proposals, propose ACTION KEY, approve ID or rotate NEWKEY",
    );
}

/** Positional arguments; yargs would turn digits into numbers. */
function texts(y: Argv, names: readonly string[]): Argv {
  for (const name of names) y.positional(name, { type: "string" });
  return y;
}

function sender(y: Argv, waitS: number): Argv {
  return node(
    strings(y, {
      key: `key file of the validator that signs [${defaultValidatorKey}]`,
      "passphrase-file": "its first line opens the key",
      fee: "what the sealer gets [the least the network takes]",
      timeout: `seconds that --wait waits at most [${waitS}]`,
    }),
  ).option("wait", { boolean: true, describe: "until it is done, saying how far it is" });
}
