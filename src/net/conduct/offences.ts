/**
 * What follows a fault of a peer: points, a ban by rule, the end of a connection whose soft faults
 * have added up. The price is given (node/penalties.ts); whom it spares the doorkeeper knows.
 * protocol-spec/09-connections §1
 */
import type { BlameCode } from "../../edge/port.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { ConnectionPort, Penalty } from "../connections/connection-port.ts";
import type { Connection } from "../connections/connection-table.ts";
import { type Doorkeeper, subjectOf } from "../connections/doorkeeper.ts";
import type { Misconduct } from "./misconduct.ts";

export class Offences {
  private readonly port: Pick<ConnectionPort, "notify">;
  private readonly misconduct: Misconduct;
  private readonly doorkeeper: Doorkeeper;

  constructor(
    port: Pick<ConnectionPort, "notify">,
    misconduct: Misconduct,
    doorkeeper: Doorkeeper,
  ) {
    this.port = port;
    this.misconduct = misconduct;
    this.doorkeeper = doorkeeper;
  }

  /** True when the peer is to be closed for all its soft faults together. */
  add(peer: Connection, penalty: Penalty, code: BlameCode = "unsolicited"): boolean {
    const subject = subjectOf(peer);
    this.misconduct.add(subject, penalty.score, code);
    const { addedUp, discourage } = this.doorkeeper.sentence(peer, penalty);
    if (discourage) {
      const reason = addedUp ? "its faults have added up" : code;
      const { discourageMs: forMs } = connectionLimits;
      if (this.misconduct.discourage(subject, reason)) {
        this.port.notify({ type: "peer-discouraged", subject, code, forMs });
      }
    }
    if (peer.type === "ready" && (addedUp || penalty.disconnect)) peer.conduct = "offending";
    return addedUp && !penalty.disconnect;
  }
}
