/** Reads the operator's lists of addresses; a mistake in one ends the start and names its line. */
import { AccessList } from "../net/conduct/access-list.ts";
import type { AccessOptions } from "../net/conduct/admission.ts";
import type { AccessConfig } from "./access-options.ts";
import { readGivenFile } from "./given-file.ts";

/** Throws `HostError`. */
export function readAccess(config: AccessConfig): AccessOptions {
  const { blockList, allowList, isPermissioned, sentries, privatePeers } = config;
  return {
    blocked: blockList === undefined ? undefined : readList("block list", blockList),
    allowed: allowList === undefined ? undefined : readList("allow list", allowList),
    isPermissioned,
    sentries,
    privatePeers,
  };
}

function readList(what: string, path: string): AccessList {
  return readGivenFile(path, AccessList.parse, {
    what,
    ifUnread: "name an existing file, or leave the option out",
    ifInvalid: "write one address, range or identity a line; # begins a comment",
  });
}
