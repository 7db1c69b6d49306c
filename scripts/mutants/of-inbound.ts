/** Mutants of strangers and newcomers: handshakes, caps, eviction, duplicates, feelers. */
import { edit, type Mutant, unit } from "./mutant.ts";

const manager = "test/unit/net/connection-manager.test.ts";
const inbound = "test/unit/net/inbound.test.ts";
const spared = "test/unit/net/spared-peers.test.ts";
const eviction = "test/unit/net/eviction.test.ts";
const duplicate = "test/unit/net/duplicate.test.ts";
const kinds = "test/unit/net/outbound-kinds.test.ts";

export const inboundMutants: readonly Mutant[] = [
  {
    name: "spared-are-evicted",
    breaks: "who is spared for its merits makes room for a newcomer (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/eviction.ts",
        "let left = unprotected(candidates, key);",
        "let left = candidates.filter(() => key.length > 0);",
      ),
    ],
    hunts: [unit(eviction, "names one of those who are not spared")],
  },
  {
    name: "oldest-is-evicted",
    breaks: "of the largest netgroup the oldest goes (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/eviction.ts",
        "peer.readyAt >= victim.readyAt ? peer",
        "peer.readyAt < victim.readyAt ? peer",
      ),
    ],
    hunts: [unit(eviction, "takes the youngest of the netgroup")],
  },
  {
    name: "named-are-evicted",
    breaks: "whom the operator spares is evicted like anybody (09-connections §8)",
    edits: [
      edit(
        "src/net/connections/doorkeeper.ts",
        "if (admission.isSpared(peer.endpoint, nodeId)) return undefined;",
        "",
      ),
    ],
    hunts: [unit(spared, "of a full node nobody goes whom the operator spares")],
  },
  {
    name: "group-cap-off",
    breaks: "one netgroup takes all inbound slots (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/doorkeeper.ts",
        "table.inboundOfGroup(peer.group) >= slots.perGroupMax",
        "table.inboundOfGroup(peer.group) >= slots.peersMax",
      ),
    ],
    hunts: [unit(inbound, "one address, and one netgroup, take only their share")],
  },
  {
    name: "address-cap-off",
    breaks: "one address takes all inbound slots of its netgroup (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/doorkeeper.ts",
        "table.inboundFrom(originOf(peer)) >= slots.perAddressMax",
        "table.inboundFrom(originOf(peer)) >= slots.peersMax",
      ),
    ],
    hunts: [unit(inbound, "one address, and one netgroup, take only their share")],
  },
  {
    name: "handshake-gate-open",
    breaks: "strangers make us do handshakes without end (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/handshake-gate.ts",
        'if (!this.perAddress.has(origin, now)) return "handshake-rate-of-address";',
        "",
      ),
    ],
    hunts: [unit(inbound, "one address cannot make us do handshakes without end")],
  },
  {
    name: "handshake-gate-by-address",
    breaks: "a netgroup of many addresses has no rate of its own (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/handshake-gate.ts",
        "const countsGroup = !isExempt(group);",
        'const countsGroup = isExempt(group) && group === "";',
      ),
    ],
    hunts: [unit(inbound, "a netgroup of many addresses has a rate of its own")],
  },
  {
    name: "pending-handshakes-free",
    breaks: "a handshake too many ends the newcomer's instead of the crowd's (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/handshake-gate.ts",
        "standing.count > most.count) most = standing;",
        "standing.count < most.count) most = standing;",
      ),
    ],
    hunts: [unit(inbound, "a handshake too many ends the oldest of the netgroup with most")],
  },
  {
    name: "tie-break-wrong-side",
    breaks: "of crossed dials the one by the larger id stays (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/duplicate.ts",
        "newcomer.inbound ? peer < self : self < peer",
        "newcomer.inbound ? peer > self : self > peer",
      ),
    ],
    hunts: [unit(manager, "of crossed dials the one by the smaller id stays")],
  },
  {
    name: "tie-break-own-dial",
    breaks: "of crossed dials each end keeps its own, so both go (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/duplicate.ts",
        "newcomer.inbound ? peer < self : self < peer",
        "newcomer.inbound ? peer === self : self !== peer",
      ),
    ],
    hunts: [unit(duplicate, "of two crossed dials both ends keep the same one")],
  },
  {
    name: "feeler-kept",
    breaks: "a feeler that was answered stays and takes a slot (09-connections §2)",
    edits: [
      edit(
        "src/net/connections/doorkeeper.ts",
        'peer.target?.kind === "feeler" || (inbound && isFeeler(peer))',
        "inbound && isFeeler(peer)",
      ),
    ],
    hunts: [unit(kinds, "feelers try addresses again and again")],
  },
  {
    name: "feeler-takes-slot",
    breaks: "a feeler that comes to us drives out a peer (09-connections §2)",
    edits: [
      edit(
        "src/net/connections/doorkeeper.ts",
        '"feeler" || (inbound && isFeeler(peer))',
        '"feeler" || (!inbound && isFeeler(peer))',
      ),
    ],
    hunts: [unit(kinds, "a feeler that comes to us is told goodbye")],
  },
];
