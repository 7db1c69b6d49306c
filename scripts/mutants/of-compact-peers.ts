/** Mutants of compact blocks: of whom they come, who is asked, who pays, and who pushes. */
import { edit, type Mutant, unit } from "./mutant.ts";

const relay = "test/unit/node/compact-relay.test.ts";
const faults = "test/unit/node/compact-faults.test.ts";
const waiting = "test/unit/net/compact/reconstructions.test.ts";
const push = "test/unit/net/compact/push-peers.test.ts";

const relayFile = "src/node/compact-relay.ts";
const waitingFile = "src/net/compact/reconstructions.ts";
const pushFile = "src/net/compact/push-peers.ts";

export const compactPeerMutants: readonly Mutant[] = [
  {
    name: "answer-of-anybody",
    breaks: "one peer's transactions are taken for another's (04-messages §8)",
    edits: [
      edit(
        waitingFile,
        "const keyOf = (conn: Conn, hash: BlockHash): string =>",
        "const keyOf = (_: Conn, hash: BlockHash): string => hash;\nexport const unused = (conn: Conn, hash: BlockHash): string =>",
      ),
    ],
    hunts: [unit(waiting, "a question is open until its answer came")],
  },
  {
    name: "answer-unasked",
    breaks: "transactions that nobody asked for cost nothing (04-messages §8)",
    edits: [edit(relayFile, "if (!this.waiting.excuse(conn, hash)) {", "if (conn < 0) {")],
    hunts: [unit(relay, "blames it for a question beyond the block, and for an answer without")],
  },
  {
    name: "asked-twice",
    breaks: "a peer is asked again while it still owes the answer (04-messages §8)",
    edits: [edit(relayFile, 'question === "forgotten" || ', "")],
    hunts: [unit(faults, "a peer that owes an answer is asked for the block whole")],
  },
  {
    name: "too-much-missing-asked",
    breaks: "more is asked for than one answer may hold (04-messages §8)",
    edits: [
      edit(relayFile, "missingBytes > relayLimits.blockTxsBytesMax", "missingBytes > 2 ** 40"),
    ],
    hunts: [unit(faults, "a block of which too much is missing is fetched whole")],
  },
  {
    name: "compact-unsolicited",
    breaks: "any peer may push any block (09-connections §4)",
    edits: [edit(relayFile, "this.pushPeers.mayPush(conn)", "true")],
    hunts: [unit(relay, "blames it for a second block of a slot that nobody asked for")],
  },
  {
    name: "compact-without-feature",
    breaks: "a compact block of a peer that does not list the feature passes (04-messages §8)",
    edits: [edit(relayFile, "if (!relay.takesCompact(conn)) {", "if (conn < 0) {")],
    hunts: [unit(relay, "asks who does not list the feature for the whole block")],
  },
  {
    name: "copies-unbounded",
    breaks: "any number of copies of a block wait for transactions (09-connections §4)",
    edits: [edit(waitingFile, "return copies < reconstructionsPerBlockMax", "return copies < 99")],
    hunts: [unit(waiting, "of a block three copies wait at most")],
  },
  {
    name: "last-copy-by-anybody",
    breaks: "peers that chose us take all places of a block (09-connections §4)",
    edits: [edit(waitingFile, "(isOutbound ? 0 : 1)", "(isOutbound ? 0 : 0)")],
    hunts: [unit(waiting, "of a block three copies wait at most")],
  },
  {
    name: "reconstructions-unbounded",
    breaks: "blocks that wait for transactions take any room (08-limits)",
    edits: [
      edit(
        waitingFile,
        "if (this.waiting.size >= reconstructionsMax) {",
        "if (this.waiting.size < 0) {",
      ),
    ],
    hunts: [unit(waiting, "no number of blocks makes more wait than there is room for")],
  },
  {
    name: "silent-not-replaced",
    breaks: "who lets us wait for transactions is waited for (09-connections §4)",
    edits: [edit(waitingFile, "late.push(waiting.partial.sealed.header.hash);", "")],
    hunts: [unit(relay, "asks the next when transactions do not come")],
  },
  {
    name: "late-transactions-refused",
    breaks: "what comes after its time is not taken (09-connections §4)",
    edits: [
      edit(
        waitingFile,
        "waiting.since + requestMs <= now) this.forget",
        "waiting.since + blockTxsMs <= now) this.forget",
      ),
    ],
    hunts: [unit(waiting, "a late answer has others asked, is still taken")],
  },
  {
    name: "gone-not-replaced",
    breaks: "a block hangs on a peer that went (09-connections §4)",
    edits: [
      edit(
        relayFile,
        "for (const hash of this.waiting.onClosed(conn)) this.askOthers(hash);",
        "this.waiting.onClosed(conn);",
      ),
    ],
    hunts: [unit(relay, "asks the next when transactions are not to be had")],
  },
  {
    name: "lacking-not-replaced",
    breaks: "who says that it has no transactions is waited for (09-connections §4)",
    edits: [
      edit(
        relayFile,
        "if (this.waiting.take(conn, hash) !== undefined) this.askOthers(hash);",
        "this.waiting.take(conn, hash);",
      ),
    ],
    hunts: [unit(relay, "asks the next when transactions are not to be had")],
  },
  {
    name: "liar-not-replaced",
    breaks: "after wrong transactions nobody else is asked (09-connections §4)",
    edits: [
      edit(
        relayFile,
        'port.blame(conn, "bad-field", fault);\n    this.askOthers(hash);',
        'port.blame(conn, "bad-field", fault);',
      ),
    ],
    hunts: [
      unit(faults, "after transactions that are not those that were asked for the next is asked"),
    ],
  },
  {
    name: "compact-relayer-blamed",
    breaks: "who passes on a block before it is executed pays for its state (09-connections §4)",
    edits: [edit(relayFile, "this.blameless.add(giver);", "")],
    hunts: [unit(relay, "blames nobody for an invalid block with a valid header")],
  },
  {
    name: "whole-relayer-excused",
    breaks: "who gives an invalid block whole pays nothing (09-connections §4)",
    edits: [
      edit(relayFile, "return this.blameless.has(", "return conn >= 0 || this.blameless.has("),
    ],
    hunts: [unit(relay, "blames nobody for an invalid block with a valid header")],
  },
  {
    name: "push-peers-unbounded",
    breaks: "any number of peers is told to push blocks (09-connections §4)",
    edits: [edit(pushFile, "this.chosen.size >= relayLimits.pushPeersMax", "this.chosen.size < 0")],
    hunts: [unit(push, "the three that were first with a block push")],
  },
  {
    name: "push-peers-all-inbound",
    breaks: "those who chose us are all that push (09-connections §4)",
    edits: [
      edit(pushFile, "outbound.length === 1 && outbound[0] === each", "outbound.length === 99"),
    ],
    hunts: [unit(push, "the last that we chose stays for one that chose us")],
  },
];
