/** The scores of net/conduct/peer-score.ts by connection, as sync asks for them. It adds nothing. */
import type { Conn } from "../edge/conn.ts";
import type { NodeId } from "../model/ids.ts";
import type { PeerScores } from "../net/conduct/peer-score.ts";
import type { HelperScores } from "../sync/helper-scores.ts";

export function helperScores(
  scores: PeerScores,
  nodeIdOf: (conn: Conn) => NodeId | undefined,
): HelperScores {
  return {
    valueOf(conn) {
      const nodeId = nodeIdOf(conn);
      return nodeId === undefined ? 0 : scores.valueOf(nodeId);
    },
    onAnswered(conn, ms, bytes) {
      const nodeId = nodeIdOf(conn);
      if (nodeId === undefined) return;
      scores.onResponse(nodeId, ms);
      scores.onBytes(nodeId, bytes);
    },
    onFailed(conn, ms) {
      const nodeId = nodeIdOf(conn);
      if (nodeId !== undefined) scores.onResponse(nodeId, ms);
    },
  };
}
