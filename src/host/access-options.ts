/**
 * Options about whom a node speaks with, as rows for options.ts, with what their values must look
 * like and what they come to. NOT the files they name (access-files.ts), nor what the node makes of
 * them (net/conduct/admission.ts).
 */
import { z } from "zod";
import { isHex32, type NodeId } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";
import { parsePeerAddress } from "../wire/address.ts";
import type { OptionSpec } from "./option-spec.ts";

export const accessOptions = [
  {
    name: "block-list",
    kind: "text",
    argument: "FILE",
    says: "addresses, ranges and identities to have nothing to do with, one a line",
    otherwise: "none",
    example: "blocked.txt",
  },
  {
    name: "allow-list",
    kind: "text",
    argument: "FILE",
    says: "addresses, ranges and identities never turned away by rule, one a line",
    otherwise: "none",
    example: "allowed.txt",
  },
  {
    name: "permissioned",
    kind: "flag",
    says: "only identities of --allow-list, and proven validators, may stay",
    otherwise: "no",
    example: "false",
  },
  {
    name: "sentries",
    kind: "list",
    argument: "ADDRESS",
    says: "identity@host:port of nodes to speak with and nobody else; opens no port for peers",
    otherwise: "none",
    example: `${"0".repeat(64)}@10.0.0.2:4321`,
  },
  {
    name: "private-peers",
    kind: "list",
    argument: "PEER",
    says: "identities (or identity@host:port) that always have a place and are told to nobody",
    otherwise: "none",
    example: "0".repeat(64),
  },
  {
    name: "profile",
    kind: "text",
    argument: "NAME",
    says: "full, or low for a thin line: few peers, few transactions passed on, small windows",
    otherwise: "full",
    example: "full",
  },
] as const satisfies readonly OptionSpec[];

export interface AccessConfig {
  /** Paths. */
  readonly blockList: string | undefined;
  readonly allowList: string | undefined;
  readonly isPermissioned: boolean;
  /** Undefined: an ordinary node. */
  readonly sentries: readonly NodeId[] | undefined;
  readonly privatePeers: readonly NodeId[];
}

const text = z.string("one value expected").min(1, "a value expected");
const pinned = text.refine(
  (given) => parsePeerAddress(given)?.nodeId !== undefined,
  "<identity>@host:port expected, the identity as 64 lower-case hex digits",
);
const named = text.refine(
  (given) => isHex32(given) || parsePeerAddress(given)?.nodeId !== undefined,
  "an identity of 64 lower-case hex digits, or <identity>@host:port expected",
);

export const accessSchema = {
  "block-list": text.optional(),
  "allow-list": text.optional(),
  permissioned: z.boolean("true or false expected").default(false),
  sentries: z.array(pinned).default([]),
  "private-peers": z.array(named).default([]),
  profile: z.enum(["full", "low"], "one of full, low expected").default("full"),
};

type Given = z.infer<z.ZodObject<typeof accessSchema>>;

/** Whom to keep connected for these options, and what they say about others. */
export function resolveAccess(given: Given): {
  readonly access: AccessConfig;
  readonly connect: readonly string[];
} {
  const { sentries, "private-peers": privatePeers } = given;
  const access: AccessConfig = {
    blockList: given["block-list"],
    allowList: given["allow-list"],
    isPermissioned: given.permissioned,
    sentries: sentries.length === 0 ? undefined : sentries.map(identityOf),
    privatePeers: privatePeers.map(identityOf),
  };
  return { access, connect: [...sentries, ...privatePeers.filter((peer) => !isHex32(peer))] };
}

/** How many peers to have by default. */
export function slotDefaults(profile: Given["profile"]) {
  const { peersMax, outboundTarget, lowPeersMax, lowOutboundTarget } = connectionLimits;
  return profile === "low"
    ? { peersMax: lowPeersMax, outboundTarget: lowOutboundTarget }
    : { peersMax, outboundTarget };
}

function identityOf(given: string): NodeId {
  return isHex32(given) ? (given as NodeId) : parsePeerAddress(given)!.nodeId!;
}
