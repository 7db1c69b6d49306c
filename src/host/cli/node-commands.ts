/** `status`, `peers`, `peers show ID`, `account ADDRESS`, `block HASH|HEIGHT`: what a running node says. */
import { printable, short } from "../event-text.ts";
import { grouped, statusLine } from "../status-line.ts";
import { stateTint } from "../terminal/paint.ts";
import { fieldsText, tableText } from "../terminal/table.ts";
import {
  accountAnswer,
  blockAnswer,
  infoAnswer,
  peerAnswer,
  peersAnswer,
  syncAnswer,
} from "./answers.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { blockRefOf, type Given, hex32Of, neededText } from "./values.ts";

export async function status(client: NodeClient, { paint, wallMs }: CliWorld): Promise<Reply> {
  const info = await client.get("/api/blockchain/info", infoAnswer);
  const sync = await client.get("/api/sync", syncAnswer);
  const reasons = "see the log of the node for why";
  const line = statusLine({ info, sync }, { wallMs: wallMs(), reasons, durableHeight: 0 });
  const fields = fieldsText(
    [
      [
        "node",
        `${info.nodeId}, ${printable(info.name)} ${printable(info.version)}, ${printable(info.role)}`,
      ],
      ["network", printable(info.network)],
      ["genesis", info.genesisHash],
      // Those who adopted the same recoveries have the same.
      ...(info.networkId === info.genesisHash
        ? []
        : ([["network id", info.networkId]] satisfies [string, string][])),
      ["head", `${grouped(info.height)}  ${info.headHash}`],
      ["final", `${grouped(info.finalizedHeight)}  ${info.finalizedHash}`],
    ],
    paint,
  );
  const word = sync.state.toUpperCase();
  const painted = line.replace(word, paint(stateTint(sync.state), word));
  return { text: `${painted}\n${fields}`, json: { ...info, sync } };
}

export async function peers(client: NodeClient, { paint }: CliWorld): Promise<Reply> {
  const answer = await client.get("/api/peers", peersAnswer);
  if (answer.peers.length === 0) return { text: "no peers", json: answer };
  const rows = answer.peers.map((peer) => [
    peer.nodeId === null ? "-" : short(peer.nodeId),
    printable(peer.address, 64),
    peer.direction === "inbound" ? "in" : "out",
    printable(peer.state, 16),
    peer.height === null ? "-" : grouped(peer.height),
    peer.pingMs === null ? "-" : `${Math.round(peer.pingMs)} ms`,
    grouped(peer.bytesReceived),
    grouped(peer.bytesSent),
    String(Math.round(peer.score)),
    peer.agent === null ? "-" : printable(peer.agent, 40),
  ]);
  const right = (title: string) => ({ title, align: "right" }) as const;
  const columns = [
    { title: "node" },
    { title: "address" },
    { title: "way" },
    { title: "state" },
    right("height then"),
    right("ping"),
    right("received"),
    right("sent"),
    right("score"),
    { title: "agent" },
  ];
  const counts = `${answer.outbound} out, ${answer.inbound} in`;
  return { text: `${tableText(columns, rows, paint)}\n${counts}`, json: answer };
}

/** One peer: how good it has been, and why. */
export async function showPeer(
  given: Given,
  client: NodeClient,
  { paint }: CliWorld,
): Promise<Reply> {
  const nodeId = hex32Of(neededText(given, "nodeId", "NODEID"), "NODEID", "a node id");
  const answer = await client.get(`/api/peers/${nodeId}`, peerAnswer);
  const { connection, ban } = answer;
  const way = connection === null ? "not connected" : `${printable(connection.direction, 16)}, `;
  const text = fieldsText(
    [
      ["node", nodeId],
      ["connection", connection === null ? way : `${way}${printable(connection.address, 64)}`],
      ["value", String(answer.value)],
      ...answer.reasons.map(({ reason, points }): [string, string] => [
        `  ${printable(reason, 40)}`,
        points > 0 ? `+${points}` : String(points),
      ]),
      ["banned", ban === null ? "no" : `by ${ban.by}: ${printable(ban.reason)}`],
    ],
    paint,
  );
  return { text, json: answer };
}

export async function account(
  given: Given,
  client: NodeClient,
  { paint }: CliWorld,
): Promise<Reply> {
  const address = hex32Of(neededText(given, "address", "ADDRESS"), "ADDRESS", "an address");
  const answer = await client.get(`/api/accounts/${address}`, accountAnswer);
  const text = fieldsText(
    [
      ["address", address],
      ["balance", grouped(BigInt(answer.balance))],
      ["nonce", answer.nonce],
      ["pending", `${answer.pending}, next nonce ${answer.nextNonce}`],
    ],
    paint,
  );
  return { text, json: answer };
}

export async function block(given: Given, client: NodeClient, { paint }: CliWorld): Promise<Reply> {
  const answer = await client.get(`/api/blockchain/blocks/${blockRefOf(given)}`, blockAnswer);
  const fields = fieldsText(
    [
      ["block", `${grouped(answer.height)}  ${answer.hash}`],
      ["status", `${answer.status}, ${grouped(answer.confirmations)} confirmations`],
      ["parent", answer.parentHash],
      ["slot", `${grouped(answer.slot)}, ${new Date(answer.timestampMs).toISOString()}`],
      ["sealer", answer.sealer],
      ["state", answer.stateRoot],
      ["body", `${grouped(answer.bodyBytes)} bytes`],
    ],
    paint,
  );
  const { transactions } = answer;
  if (transactions === null) return { text: `${fields}\nits body has not come yet`, json: answer };
  const rows = transactions.map(({ id, from, to, amount, fee }) => [
    id,
    short(from),
    short(to),
    grouped(BigInt(amount)),
    grouped(BigInt(fee)),
  ]);
  const right = (title: string) => ({ title, align: "right" }) as const;
  const columns = [
    { title: "transaction" },
    { title: "from" },
    { title: "to" },
    right("amount"),
    right("fee"),
  ];
  const list = rows.length === 0 ? "no transactions" : tableText(columns, rows, paint);
  return { text: `${fields}\n${list}`, json: answer };
}
