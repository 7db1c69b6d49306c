/** Mutants of whom we dial, what we believe of addresses, and what a connection may cost us. */
import { edit, type Mutant, unit } from "./mutant.ts";

const kinds = "test/unit/net/outbound-kinds.test.ts";
const diversity = "test/unit/net/outbound-diversity.test.ts";
const dialer = "test/unit/net/dialer.test.ts";
const book = "test/unit/net/address-book.test.ts";
const bounds = "test/unit/net/address-bounds.test.ts";
const exchange = "test/unit/net/peer-exchange.test.ts";
const words = "test/unit/net/address-exchange.test.ts";
const ownAddress = "test/unit/net/own-address.test.ts";
const relay = "test/unit/net/relay.test.ts";
const fetching = "test/unit/net/relay-fetch.test.ts";
const suppression = "test/unit/net/relay-suppression.test.ts";
const gossip = "test/unit/net/gossip.test.ts";
const intake = "test/unit/peer/intake.test.ts";
const link = "test/unit/peer/message-link.test.ts";
const linkRates = "test/unit/peer/link-rates.test.ts";
const flood = "test/unit/node/flood.test.ts";

export const linkMutants: readonly Mutant[] = [
  {
    name: "two-of-one-netgroup",
    breaks: "two outbound peers are of one netgroup (09-connections §2)",
    edits: [
      edit(
        "src/net/connections/dialer.ts",
        "const isTaken = wish.groups.has(entry.group) && !isExempt(entry.group);",
        "const isTaken = wish.groups.has(entry.group) && isExempt(entry.group);",
      ),
    ],
    hunts: [unit(diversity, "no two persistent connections of ours end in one public netgroup")],
  },
  {
    name: "anchors-forgotten",
    breaks: "after a restart the block-only peers of before are not dialled (09-connections §2)",
    edits: [
      edit(
        "src/net/connections/connection-manager.ts",
        "dialer.addAnchors(options.anchors ?? []);",
        "",
      ),
    ],
    hunts: [unit(kinds, "are the anchors of the next run")],
  },
  {
    name: "address-given-up",
    breaks: "an address that failed often is never dialled again (09-connections §2)",
    edits: [
      edit(
        "src/net/connections/dialer.ts",
        "const waitMs = backoffMs(fails, this.env.random);",
        "const waitMs = fails > 9 ? Infinity : backoffMs(fails, this.env.random);",
      ),
    ],
    hunts: [unit(dialer, "never gives an address up")],
  },
  {
    name: "lagging-kept",
    breaks: "outbound peers that stay behind are kept for ever (09-connections §2)",
    edits: [edit("src/net/connections/lagging.ts", 'if (lag.isAsked) return "replace";', "")],
    hunts: [unit(kinds, "whoever stays behind is asked once, then replaced")],
  },
  {
    name: "tried-not-tested",
    breaks: "a newcomer takes a tried place without a test of who is there (09-connections §3)",
    edits: [
      edit(
        "src/net/addresses/address-book.ts",
        "if (!isUseless(standing, this.env.clock.wallMs)) {",
        "if (!isUseless(standing, this.env.clock.wallMs) && standing.fails < 0) {",
      ),
    ],
    hunts: [unit(book, "who is found alive keeps its place")],
  },
  {
    name: "teller-unbounded",
    breaks: "what one netgroup tells may fill the whole book (09-connections §3)",
    edits: [
      edit(
        "src/net/addresses/peer-exchange.ts",
        "...{ source: book.sourceOf(peer.endpoint, peer.nodeId), services, lastSeenMs, word },",
        "...{ source: about.address, services, lastSeenMs, word },",
      ),
    ],
    hunts: [unit(exchange, "10,000 addresses from one peer leave the book")],
  },
  {
    name: "buckets-unkeyed",
    breaks: "anybody can compute who competes with whom in the book (09-connections §3)",
    edits: [
      edit(
        "src/net/addresses/address-book.ts",
        "this.places = new AddressPlaces(this.key);",
        "this.places = new AddressPlaces(new Uint8Array(32));",
      ),
    ],
    hunts: [unit(bounds, "another key makes others compete")],
  },
  {
    name: "unsolicited-addresses",
    breaks: "addresses that nobody asked for are taken (09-connections §3)",
    edits: [
      edit(
        "src/net/addresses/peer-exchange.ts",
        'if (exchange.owed === 0) return "unsolicited";',
        "",
      ),
    ],
    hunts: [unit(exchange, "addresses nobody asked for are unsolicited")],
  },
  {
    name: "others-as-greeting",
    breaks: "one address of anybody may be told unasked (09-connections §3)",
    edits: [
      edit(
        "src/net/addresses/peer-exchange.ts",
        "first?.nodeId === peer.nodeId && first.signature",
        "first?.signature",
      ),
    ],
    hunts: [unit(words, "a peer may tell its own signed address unasked")],
  },
  {
    name: "record-unchecked",
    breaks: "anybody signs address records in another's name (05-objects §9)",
    edits: [
      edit(
        "src/net/addresses/peer-exchange.ts",
        "if (isChecked || records === undefined) return true;",
        "if (isChecked || records?.networkId !== undefined) return true;",
      ),
    ],
    hunts: [unit(words, "an owner's word is kept and told on")],
  },
  {
    name: "records-beyond-budget",
    breaks: "signatures of addresses are checked without end (09-connections §3)",
    edits: [
      edit(
        "src/net/addresses/peer-exchange.ts",
        "if (!exchange.budget.take(now)) return undefined;",
        "exchange.budget.take(now);",
      ),
    ],
    hunts: [unit(words, "what we know already is not checked again")],
  },
  {
    name: "house-scanned",
    breaks: "a stranger makes us dial addresses of our own house (09-connections §3)",
    edits: [
      edit(
        "src/net/addresses/peer-exchange.ts",
        "return dialableOnHearsay(about, teller, this.parts.options.allowPrivate);",
        "return dialableOnHearsay(about, about, teller !== about);",
      ),
    ],
    hunts: [unit(exchange, "private, loopback, low-port and own addresses are not taken")],
  },
  {
    name: "own-address-by-one",
    breaks: "one peer makes us tell a false address as our own (09-connections §3)",
    edits: [
      edit("src/net/addresses/own-address.ts", "connectionLimits.ownAddressPeersMin - 1", "0"),
    ],
    hunts: [unit(ownAddress, "two outbound peers of different netgroups must see us")],
  },
  {
    name: "block-only-shares-addresses",
    breaks: "addresses are told on a block-only link (09-connections §1)",
    edits: [
      edit(
        "src/net/connections/connection-manager.ts",
        'if (peer?.type !== "ready" || this.isBlockOnly(conn)) return;',
        'if (peer?.type !== "ready") return;',
      ),
      edit(
        "src/net/connections/connection-manager.ts",
        "    if (this.isBlockOnly(peer.conn)) return;\n",
        "",
      ),
    ],
    hunts: [unit(kinds, "come after the full ones, say so, and pass no addresses")],
  },
  {
    name: "block-only-shares-transactions",
    breaks: "transactions are announced on a block-only link (09-connections §1)",
    edits: [edit("src/net/relay/relay.ts", " || !peer.takesTransactions ||", " ||")],
    hunts: [unit(relay, "a block-only peer is told of blocks")],
  },
  {
    name: "echo",
    breaks: "a peer is sent what it is known to have (09-connections §4)",
    edits: [edit("src/net/relay/gossip.ts", "if (this.peers.get(conn)?.has(id)) return;", "")],
    hunts: [unit(gossip, "does not go to a peer that sent it to us")],
  },
  {
    name: "all-announcers-asked",
    breaks: "one announced object is asked of several at once (09-connections §4)",
    edits: [edit("src/net/relay/wanted.ts", "if (this.items.has(item.key)) return;", "")],
    hunts: [unit(fetching, "one peer at a time is asked")],
  },
  {
    name: "late-request-kept",
    breaks: "who announces and never delivers keeps us from the object (09-connections §4)",
    edits: [
      edit(
        "src/net/relay/wanted.ts",
        "if (wanted.askedAt + relayLimits.requestMs > now) return;",
        "if (now >= 0) return;",
      ),
    ],
    hunts: [unit(fetching, "one peer at a time is asked")],
  },
  {
    name: "liars-take-room",
    breaks: "who announces most keeps others from announcing (09-connections §4)",
    edits: [
      edit(
        "src/net/relay/wanted.ts",
        "if (fullest === holder) return false;",
        "if (fullest !== undefined) return false;",
      ),
    ],
    hunts: [unit(suppression, "cannot take the room of all peers together")],
  },
  {
    name: "forged-copy-suppresses",
    breaks: "a forged copy that comes first hides the object (09-connections §4)",
    edits: [
      edit(
        "src/net/relay/relay.ts",
        "if (!this.unjudged.delete(item.key)) return;",
        "if (this.unjudged.delete(item.key)) return;",
      ),
    ],
    hunts: [unit(fetching, "a forged copy delivered first does not suppress the object")],
  },
  {
    name: "kind-rate-off",
    breaks: "a kind of message has no rate (08-limits §2)",
    edits: [edit("src/peer/intake.ts", "this.owe(countAt, count, now, kind);", "")],
    hunts: [unit(intake, "takes a burst without a pause"), unit(flood, "reads a peer that sends")],
  },
  {
    name: "rate-after-decoding",
    breaks: "what is beyond its rate is decoded before it is refused (08-limits §2)",
    edits: [
      edit(
        "src/peer/message-link.ts",
        "if (payload !== undefined) this.intake.onPayload(payload, now);",
        "const early = payload === undefined ? [] : this.inbox.decode(frame, payload);\n    if (payload !== undefined && early.length > 0) this.intake.onPayload(payload, now);",
      ),
    ],
    hunts: [unit(linkRates, "a link refuses a flood before it decodes a byte of it")],
  },
  {
    name: "rate-after-decryption",
    breaks: "small frames without end are decrypted first (08-limits §2)",
    edits: [
      edit(
        "src/peer/intake.ts",
        "if (bodyBytes < wireLimits.smallFrameBodyBytes)",
        "if (bodyBytes < 0)",
      ),
    ],
    hunts: [unit(link, "stops reading a peer that floods it with small frames")],
  },
  {
    name: "credit-ignored",
    breaks: "bulk beyond the credit is taken (03-frames §7)",
    edits: [
      edit(
        "src/peer/inbox.ts",
        "if ((flags & frameFlags.bulk) !== 0) this.credit.onHeader(bodyBytes);",
        "",
      ),
    ],
    hunts: [unit(link, "bulk beyond the credit, at its header")],
  },
  {
    name: "verified-again",
    breaks: "an object is verified once for each peer that sends it (09-connections §4)",
    edits: [
      edit(
        "src/node/router.ts",
        "return this.isJudged(conn, id) || !isNews ? undefined : id;",
        "return isNews ? id : undefined;",
      ),
    ],
    hunts: [unit(flood, "verifies an object once, whoever sends it")],
  },
];
