/** What operators see of a connection. A copy: nothing inside reads it. */
import type { Conn } from "../../edge/conn.ts";
import type { NodeId } from "../../model/ids.ts";
import type { Admission } from "../conduct/admission.ts";
import type { ConnectionOptions } from "./connection-port.ts";
import type { Connection } from "./connection-table.ts";
import type { DialKind } from "./dialer.ts";

export type LinkKind = "inbound" | DialKind;

export interface PeerView {
  readonly conn: Conn;
  readonly state: Connection["type"];
  /** Undefined until it is proven. */
  readonly nodeId: NodeId | undefined;
  readonly address: string;
  readonly inbound: boolean;
  readonly kind: LinkKind;
  readonly manual: boolean;
  readonly agent: string | undefined;
  /** At HELLO. */
  readonly height: number | undefined;
  /** Wall clock when it became ready. */
  readonly connectedAt: number | undefined;
  /** It proved a registered validator key (04-messages §7). */
  readonly validator: boolean;
  /** Misconduct, fading; 0 is clean. */
  readonly score: number;
  /** `as<N>`, and two letters, as the operator's tables say. */
  readonly asn: string | undefined;
  readonly country: string | undefined;
}

export function peerView(
  connection: Connection,
  score: number,
  admission: Pick<Admission, "isValidator">,
  { asnOf, countryOf }: Pick<ConnectionOptions, "asnOf" | "countryOf">,
): PeerView {
  const ip = connection.type === "dialling" ? undefined : connection.endpoint?.ip;
  const ready = connection.type === "ready" ? connection : undefined;
  return {
    conn: connection.conn,
    state: connection.type,
    nodeId: ready?.nodeId,
    address: connection.type === "dialling" ? connection.target.address : connection.address,
    inbound: connection.target === undefined,
    kind: connection.target?.kind ?? "inbound",
    manual: ready?.manual ?? connection.target?.kind === "manual",
    agent: ready?.claims.agent,
    height: ready?.claims.height,
    connectedAt: ready?.readyWallMs,
    validator: admission.isValidator(ready?.nodeId),
    score,
    asn: ip && asnOf?.(ip),
    country: ip && countryOf?.(ip),
  };
}
