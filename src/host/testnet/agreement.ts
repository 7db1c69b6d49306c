/** Whether the nodes of a network are on one chain, as they say at about the same time. */
import { z } from "zod";
import { infoAnswer } from "../cli/answers.ts";
import type { NodeClient } from "../cli/node-client.ts";

export type NodeInfo = z.output<typeof infoAnswer>;

/** Heads further apart than this do not count as one. */
const headsApartMax = 2;

const blockHash = z.looseObject({ hash: z.string() });

/** What a node says, or undefined while it does not answer. */
export async function infoOf(client: NodeClient): Promise<NodeInfo | undefined> {
  return await client.get("/api/blockchain/info", infoAnswer).catch(() => undefined);
}

/** All answer, heads are near, and the highest block that all have is the same. */
export async function doAgree(
  clients: readonly NodeClient[],
  infos: readonly (NodeInfo | undefined)[],
): Promise<boolean> {
  const heights = infos.map((info) => info?.height ?? Number.NaN);
  const lowest = Math.min(...heights);
  if (!(Math.max(...heights) - lowest <= headsApartMax)) return false;
  const hashes = await Promise.all(
    clients.map((client) =>
      client
        .get(`/api/blockchain/blocks/${lowest}`, blockHash)
        .then(({ hash }) => hash)
        .catch(() => undefined),
    ),
  );
  return hashes[0] !== undefined && new Set(hashes).size === 1;
}
