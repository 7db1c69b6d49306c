/** A local network on the screen: a table for a terminal, a line for a file, JSON for a program. */
import { short } from "../event-text.ts";
import { grouped } from "../status-line.ts";
import { type Paint, stateTint } from "../terminal/paint.ts";
import { tableText } from "../terminal/table.ts";
import type { NodeInfo } from "./agreement.ts";

export interface NodeRow {
  readonly name: string;
  readonly listen: number;
  readonly http: number;
  readonly isValidator: boolean;
  /** Undefined while the node does not answer. */
  readonly info: NodeInfo | undefined;
  /** How it ended, if it did. */
  readonly exit: string | undefined;
}

export interface TestnetView {
  readonly network: string;
  readonly wallMs: number;
  readonly runSeconds: number;
  readonly sent: number;
  readonly refused: number;
  readonly rows: readonly NodeRow[];
}

export function stateOf({ info, exit }: NodeRow): string {
  if (exit !== undefined) return `ended: ${exit}`;
  return info?.state ?? "starting";
}

export function viewTable(view: TestnetView, paint: Paint): string {
  const right = (title: string) => ({ title, align: "right" }) as const;
  const columns = [
    { title: "node" },
    right("listen"),
    right("http"),
    right("height"),
    { title: "head" },
    right("final"),
    right("peers"),
    right("mempool"),
    { title: "state" },
  ];
  const rows = view.rows.map((row) => {
    const { info } = row;
    const state = stateOf(row);
    return [
      `${row.name}${row.isValidator ? " *" : ""}`,
      String(row.listen),
      String(row.http),
      info === undefined ? "-" : grouped(info.height),
      info === undefined ? "-" : short(info.headHash),
      info === undefined ? "-" : grouped(info.finalizedHeight),
      info === undefined ? "-" : String(info.peers.inbound + info.peers.outbound),
      info === undefined ? "-" : grouped(info.mempool),
      paint(stateTint(state), state.toUpperCase()),
    ];
  });
  const head = `${paint("bold", view.network)}  ${clock(view)}  ${view.runSeconds} s  ${load(view)}`;
  return `${head}\n${tableText(columns, rows, paint)}\n${paint("dim", "* seals   Ctrl-C ends")}`;
}

/** `12:04:10 height 9 9 9 8 9  final 0 0 0 0 0  peers 4 4 4 4 4  mempool 1 1 1 1 1  ...`. */
export function viewLine(view: TestnetView): string {
  const of = (pick: (info: NodeInfo) => number) =>
    view.rows.map(({ info }) => (info === undefined ? "-" : pick(info))).join(" ");
  const states = new Set(view.rows.map(stateOf));
  return [
    `${clock(view)} height ${of((info) => info.height)}`,
    `final ${of((info) => info.finalizedHeight)}`,
    `peers ${of(({ peers }) => peers.inbound + peers.outbound)}`,
    `mempool ${of((info) => info.mempool)}`,
    load(view),
    [...states].join(", "),
  ].join("  ");
}

/** The nodes as `status` and `summary` tell of them. */
export function nodesJson(view: TestnetView) {
  return view.rows.map((row) => ({
    name: row.name,
    listen: row.listen,
    http: row.http,
    validator: row.isValidator,
    state: stateOf(row),
    height: row.info?.height ?? null,
    headHash: row.info?.headHash ?? null,
    finalizedHeight: row.info?.finalizedHeight ?? null,
    finalizedHash: row.info?.finalizedHash ?? null,
    peers: row.info?.peers ?? null,
    mempool: row.info?.mempool ?? null,
  }));
}

const clock = ({ wallMs }: TestnetView) => new Date(wallMs).toTimeString().slice(0, 8);

function load({ sent, refused }: TestnetView): string {
  return `sent ${grouped(sent)}${refused === 0 ? "" : `, refused ${grouped(refused)}`}`;
}
