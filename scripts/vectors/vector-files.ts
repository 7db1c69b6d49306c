/** Every vector file, and how it is written down. Made by the public encoders of src alone. */

import { addressesFile } from "./addresses.ts";
import { attestationsFile } from "./attestations.ts";
import { chainFile } from "./chain.ts";
import { deflatedFramesFile } from "./deflated-frames.ts";
import { framesFile } from "./frames.ts";
import { handshakeFile } from "./handshake.ts";
import { hashingFile } from "./hashing.ts";
import { authFile, helloFile } from "./hello.ts";
import type { VectorFile } from "./inputs.ts";
import { messagesFile } from "./messages.ts";
import { networkFilesFile } from "./network-files.ts";
import { bodiesFile, headersFile, transactionsFile } from "./objects.ts";
import { openingsFile } from "./openings.ts";
import { recordedFramesFile } from "./recorded-frames.ts";
import { recoveriesFile } from "./recoveries.ts";
import { merkleFile, stateTreeFile } from "./trees.ts";
import { certificatesFile, evidenceFile, validatorSetsFile, votesFile } from "./votes.ts";

const makers: readonly (() => VectorFile)[] = [
  hashingFile,
  openingsFile,
  helloFile,
  authFile,
  handshakeFile,
  framesFile,
  deflatedFramesFile,
  recordedFramesFile,
  messagesFile,
  addressesFile,
  transactionsFile,
  headersFile,
  bodiesFile,
  votesFile,
  certificatesFile,
  evidenceFile,
  attestationsFile,
  validatorSetsFile,
  merkleFile,
  stateTreeFile,
  networkFilesFile,
  chainFile,
  recoveriesFile,
];

/** Text by file name, without folder. */
export function vectorFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const make of makers) {
    const { name, description, spec, cases } = make();
    files.set(`${name}.json`, `${JSON.stringify({ description, spec, cases }, undefined, 1)}\n`);
  }
  return files;
}
