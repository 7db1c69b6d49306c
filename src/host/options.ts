/**
 * The options of `bin/node.ts`, one table for the command line, the environment, the help text and
 * `.env.example`. What their values must look like is in config.ts.
 */
import { accessOptions } from "./access-options.ts";
import { bookOptions } from "./book-options.ts";
import type { OptionSpec } from "./option-spec.ts";

export const options = [
  {
    name: "listen",
    kind: "text",
    argument: "PORT",
    says: "TCP port for peers",
    otherwise: "4321",
    example: "4321",
  },
  {
    name: "data-dir",
    kind: "text",
    argument: "DIR",
    says: "folder for keys and chain",
    otherwise: "data/<listen port>",
    example: "data/4321",
  },
  {
    name: "http",
    kind: "text",
    argument: "[HOST:]PORT",
    says: "HTTP API and dashboard, or off",
    otherwise: "127.0.0.1 at the listen port + 1000",
    example: "127.0.0.1:5321",
  },
  {
    name: "connect",
    kind: "list",
    argument: "ADDRESS",
    says: "peer to keep connected, [identity@]host:port; may be repeated",
    otherwise: "none",
    example: "127.0.0.1:4322,[::1]:4323",
  },
  {
    name: "network",
    kind: "text",
    argument: "FILE",
    says: "network file to belong to",
    otherwise: "the folder's, else asked of --connect, else a new private devnet",
    example: "network.json",
  },
  {
    name: "genesis",
    kind: "text",
    argument: "HASH",
    says: "genesis hash that the network must have",
    otherwise: "whatever the network file says",
    example: "0000000000000000000000000000000000000000000000000000000000000000",
  },
  {
    name: "checkpoint",
    kind: "text",
    argument: "HEIGHT:HASH",
    says: "no other block than this one is believed at its height",
    otherwise: "none; give one when the network is older than what you can check yourself",
    example: "1000:0000000000000000000000000000000000000000000000000000000000000000",
  },
  {
    name: "verify",
    kind: "text",
    argument: "MODE",
    says: "full: every seal and certificate; certified: while far behind, those below a block that is proven final are left out, and such headers are not passed on",
    otherwise: "full",
    example: "certified",
  },
  {
    name: "recovery",
    kind: "list",
    argument: "FILE",
    says: "HARD FORK: what the operators agreed on after validators were lost; may be repeated",
    otherwise: "none; once adopted it must be given at every start",
    example: "recovery.json",
  },
  {
    name: "validator-key",
    kind: "text",
    argument: "FILE",
    says: "key file to seal and vote with",
    otherwise: "keys/validator.json of the data folder, if it is there",
    example: "validator.json",
  },
  {
    name: "signer-amnesia",
    kind: "flag",
    says: "the record of what the validator key has signed is lost: seal and vote only for what is newer",
    otherwise: "no; without the record it does not start",
    example: "false",
  },
  {
    name: "passphrase-file",
    kind: "text",
    argument: "FILE",
    says: "its first line opens and seals the key files",
    otherwise: "keys are stored in clear, readable by their owner only",
    example: "/run/secrets/windlass",
  },
  {
    name: "slot-ms",
    kind: "text",
    argument: "MS",
    says: "slot length of a new devnet",
    otherwise: "2000",
    example: "2000",
  },
  {
    name: "max-peers",
    kind: "text",
    argument: "N",
    says: "connections at most, 1 to 1000",
    otherwise: "50",
    example: "50",
  },
  {
    name: "outbound",
    kind: "text",
    argument: "N",
    says: "connections to make by ourselves",
    otherwise: "8, or --max-peers if that is less",
    example: "8",
  },
  {
    name: "allow-private",
    kind: "flag",
    says: "learn and dial private and loopback addresses",
    otherwise: "yes",
    example: "true",
  },
  {
    name: "upload-kbps",
    kind: "text",
    argument: "N",
    says: "kilobits a second sent to all peers together; votes do not wait for it",
    otherwise: "0, no limit",
    example: "0",
  },
  {
    name: "download-kbps",
    kind: "text",
    argument: "N",
    says: "kilobits a second read from all peers together",
    otherwise: "0, no limit",
    example: "0",
  },
  {
    name: "upload-target-mb",
    kind: "text",
    argument: "N",
    says: "megabytes sent in a day, beyond which old blocks are refused to peers",
    otherwise: "0, no target",
    example: "0",
  },
  ...bookOptions,
  ...accessOptions,
  {
    name: "verify-workers",
    kind: "text",
    argument: "N",
    says: "threads that check signatures beside the main one; 0: it alone",
    otherwise: "one less than there are processors, at least 1",
    example: "1",
  },
  {
    name: "record-frames",
    kind: "flag",
    says: "keep the last frame of each peer as evidence (`cli.ts frame export`)",
    otherwise: "no",
    example: "false",
  },
  {
    name: "agent-suffix",
    kind: "text",
    argument: "TEXT",
    says: "added to the name we tell peers",
    otherwise: "none",
    example: "lab-3",
  },
  {
    name: "log-level",
    kind: "text",
    argument: "LEVEL",
    says: "trace, debug, info, warn, error or silent",
    otherwise: "info",
    example: "info",
  },
  {
    name: "log-file",
    kind: "text",
    argument: "FILE",
    says: "log as JSON lines into this file as well",
    otherwise: "none",
    example: "node.log",
  },
  {
    name: "json",
    kind: "flag",
    says: "print JSON lines instead of text",
    otherwise: "no",
    example: "false",
  },
] as const satisfies readonly OptionSpec[];

export type OptionName = (typeof options)[number]["name"];

const envPrefix = "WINDLASS_";

export const envNameOf = (name: string) => `${envPrefix}${name.toUpperCase().replaceAll("-", "_")}`;

/** The text of `.env.example`. */
export function envExample(): string {
  const lines = options.map(
    (option) =>
      `# ${option.says} (default: ${option.otherwise})\n# ${envNameOf(option.name)}=${option.example}\n`,
  );
  return `# Options of bin/node.ts as environment variables, also read from a file named .env.\n# A flag on the command line wins over these.\n\n${lines.join("\n")}`;
}

/** Names of environment variables that look like ours and are not. */
export function unknownEnv(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set<string>(options.map(({ name }) => envNameOf(name)));
  return Object.keys(env).filter((name) => name.startsWith(envPrefix) && !known.has(name));
}

/** The name nearest to `given`, if one is near enough to be meant. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(given, name);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
