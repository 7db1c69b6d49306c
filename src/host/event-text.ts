/**
 * Facts about a node as one line of text, and how loud each is. Strings that a peer chose were made
 * printable in the core; they are cut and escaped again here, where a terminal is at stake.
 */
import type { EvictionCode, NodeEvent } from "../edge/event.ts";

export type EventLevel = "debug" | "info" | "warn" | "error";

/** A new event does not compile until it has a level. */
export const eventLevels = {
  dialling: "debug",
  "dial-failed": "info",
  "peer-ready": "info",
  "connection-refused": "debug",
  "connection-evicted": "debug",
  "peer-discouraged": "warn",
  banned: "warn",
  "ban-lifted": "warn",
  "reach-changed": "error",
  "peer-closed": "info",
  "peer-blamed": "warn",
  "head-moved": "debug",
  sealed: "info",
  "seal-refused": "warn",
  justified: "debug",
  voted: "debug",
  "vote-refused": "warn",
  finalized: "debug",
  "evidence-found": "warn",
  "safety-halt": "error",
  doppelganger: "error",
  "clock-jumped": "warn",
  "clock-compared": "warn",
  "validators-changed": "info",
  "block-rejected": "warn",
  "orphan-resolved": "debug",
  "deep-fork-refused": "warn",
  "transaction-accepted": "debug",
  "transaction-rejected": "debug",
} as const satisfies Record<NodeEvent["type"], EventLevel>;

export function levelOf(event: NodeEvent): EventLevel {
  if (event.type === "clock-compared" && !event.isOff) return "info";
  if (event.type === "reach-changed" && !event.isPartitioned) return "info";
  // A reorg is news; growth is not.
  if (event.type === "head-moved" && event.disconnected > 0) return "info";
  return eventLevels[event.type];
}

export function eventText(event: NodeEvent): string {
  switch (event.type) {
    case "dialling":
      return `dialling ${printable(event.address)}`;
    case "dial-failed":
      return `no connection to ${printable(event.address)}: ${printable(event.reason)}, again in ${Math.ceil(event.retryMs / 1000)} s`;
    case "peer-ready": {
      const way = event.inbound ? "from" : "to";
      return `peer ${short(event.nodeId)} ready, ${way} ${printable(event.address)}, ${printable(event.agent)}, height ${event.height}`;
    }
    case "connection-refused":
      return `connection from ${printable(event.address)} refused: ${cause(event)}`;
    case "connection-evicted": {
      const way = event.inbound ? "from" : "to";
      return `connection ${way} ${printable(event.address)} ended: ${evictionReasons[event.code]}`;
    }
    case "peer-discouraged":
      return `${printable(event.subject)} is turned away for ${minutes(event.forMs)}: ${printable(event.code)}`;
    case "banned": {
      const until = event.forMs === undefined ? "until lifted" : `for ${minutes(event.forMs)}`;
      const why = event.reason === "" ? "" : `: ${printable(event.reason)}`;
      return `${printable(event.subject)} is banned ${until}${why}`;
    }
    case "ban-lifted":
      return `${printable(event.subject)} is banned no more`;
    case "reach-changed":
      return reachText(event);
    case "peer-closed": {
      const who = event.nodeId === undefined ? "connection" : `peer ${short(event.nodeId)}`;
      const by = event.byUs ? "closed by us" : "closed";
      return `${who} ${printable(event.address)} ${by}: ${cause(event)}`;
    }
    case "peer-blamed":
      return `peer ${printable(event.address)} broke a rule: ${cause(event)}`;
    case "head-moved": {
      const undone = event.disconnected === 0 ? "" : `, ${event.disconnected} undone`;
      return `head is block ${event.height} ${short(event.hash)}, slot ${event.slot}, ${event.transactions} transactions${undone}`;
    }
    case "sealed":
      return `sealed block ${event.height} ${short(event.hash)}`;
    case "seal-refused":
      return `slot ${event.slot} not sealed: ${printable(event.reason)}`;
    case "justified":
      return `block ${event.height} ${short(event.hash)}, slot ${event.slot}, is justified`;
    case "voted":
      return `voted for block ${short(event.hash)}, slot ${event.slot}`;
    case "vote-refused":
      return `no vote in slot ${event.slot}: ${printable(event.reason)}`;
    case "finalized":
      return `block ${event.height} ${short(event.hash)}, slot ${event.slot}, is final`;
    case "evidence-found":
      return `validator ${short(event.validator)} cheated in slot ${event.slot}: ${misdeeds[event.kind]}`;
    case "safety-halt":
      return `${haltText} ${printable(event.detail, 512)}`;
    case "doppelganger":
      return `a ${event.what} of slot ${event.slot} by our validator key came from somebody else`;
    case "clock-jumped":
      return `the clock jumped by ${event.byMs} ms: sealing and voting rest; check its synchronisation`;
    case "clock-compared":
      return clockText(event);
    case "validators-changed": {
      const are = event.count === 1 ? "is 1 validator" : `are ${event.count} validators`;
      return `from block ${event.height + 1} on there ${are}`;
    }
    case "block-rejected":
      return `block ${short(event.hash)} rejected: ${event.code}`;
    case "orphan-resolved":
      return `parent of block ${short(event.hash)} has come`;
    case "deep-fork-refused":
      return `a fork at height ${event.height} (${short(event.hash)}) begins too deep to follow`;
    case "transaction-accepted":
      return `transaction ${short(event.id)} accepted`;
    case "transaction-rejected":
      return `transaction ${short(event.id)} rejected: ${printable(event.code)}`;
  }
}

function reachText({ isPartitioned, peers, validators }: EventOf<"reach-changed">): string {
  const seen =
    `${peers.reached} of ${peers.known} known peers are connected, ` +
    `${validators.silent} of ${validators.count} validators are not heard of`;
  return isPartitioned
    ? `THE NETWORK LOOKS PARTITIONED FROM HERE: ${seen}. Check this machine's network`
    : `the network is in reach again: ${seen}`;
}

function clockText({ byMs, peers, isOff }: EventOf<"clock-compared">): string {
  if (!isOff) return `our clock agrees again with those of ${peers} peers`;
  const how = byMs > 0 ? "behind" : "ahead of";
  return `our clock is ${Math.abs(byMs)} ms ${how} those of ${peers} peers: check its synchronisation`;
}

const evictionReasons = {
  "handshakes-full": "too many handshakes, most of them from its netgroup",
  "inbound-full": "it makes room for another peer",
  overload: "this machine is too busy for so many peers",
  "extra-full": "one peer more was tried for a while, and this one brought least",
  rotated: "another peer was tried and proved good: full peers change now and then",
  "extra-block-only": "one block-only peer more was tried for a while, and this one brought less",
  "same-group": "another outbound peer is in the same netgroup",
  lagging: "its best header stays behind ours",
} as const satisfies Record<EvictionCode, string>;

const misdeeds = {
  "double-seal": "it sealed two blocks of one slot",
  "double-vote": "it voted for two blocks of one slot",
  surround: "one of its votes surrounds another",
} as const satisfies Record<Extract<NodeEvent, { type: "evidence-found" }>["kind"], string>;

const haltText =
  "HALTED: TWO FINAL BLOCKS CONTRADICT EACH OTHER. A third of the validators or more signed for " +
  "both sides. This node seals and votes no more and takes no side; keep its data folder as it " +
  "is, it holds the proof. No payment that it calls final since may be relied on. Settle with the " +
  "other operators which side goes on, and remove the validators named by evidence. What is known:";

function cause({ code, detail }: { readonly code: string; readonly detail: string }): string {
  return detail === "" ? printable(code) : `${printable(code)}, ${printable(detail)}`;
}

const minutes = (ms: number) => `${Math.ceil(ms / 60_000)} min`;

type EventOf<T extends NodeEvent["type"]> = Extract<NodeEvent, { type: T }>;

/** First and last digits of an id, enough to recognise it. */
export function short(id: string): string {
  return id.length <= 12 ? id : `${id.slice(0, 8)}..${id.slice(-4)}`;
}

/** At most `max` characters; everything but printable ASCII becomes an escape. */
export function printable(text: string, max = 128): string {
  const escaped = text
    .slice(0, max)
    .replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return text.length > max ? `${escaped.slice(0, max)}...` : escaped;
}
