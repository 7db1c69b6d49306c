/**
 * What sync asks about those who help it, and tells of them: the node joins it to the scores of
 * net/conduct/peer-score.ts, which sync does not know. protocol-spec/09-connections §5.
 */
import type { Conn } from "../edge/conn.ts";

export interface HelperScores {
  /** How good a peer has been; 0 for a stranger. */
  valueOf(conn: Conn): number;
  /** It answered in full, with `bytes` of bodies. */
  onAnswered(conn: Conn, ms: number, bytes: number): void;
  /** It did not answer in time. */
  onFailed(conn: Conn, ms: number): void;
}

/** Everybody is as good as everybody. */
export const noScores: HelperScores = { valueOf: () => 0, onAnswered() {}, onFailed() {} };
