/** Mutants of synchronization: whom to ask for headers, and what is taken as an answer. */
import { edit, type Mutant, unit } from "./mutant.ts";

const sync = "test/unit/sync/synchronizer.test.ts";
const faults = "test/unit/sync/synchronizer-faults.test.ts";
const asking = "test/unit/sync/asking.test.ts";

const headerSync = "src/sync/header-sync.ts";
const headerPeer = "src/sync/header-peer.ts";

export const syncMutants: readonly Mutant[] = [
  {
    name: "headers-unlinked",
    breaks: "headers of an answer need not follow each other (04-messages §4)",
    edits: [
      edit(
        "src/sync/decode-headers.ts",
        "sealed.header.parentHash !== parent.header.hash) return",
        "sealed.header.parentHash.length === 0) return",
      ),
    ],
    hunts: [unit(faults, "headers that break a rule are blamed with its code, unlinked")],
  },
  {
    name: "headers-beyond-count",
    breaks: "an answer holds more headers than were asked for (04-messages §4)",
    edits: [edit("src/sync/decode-headers.ts", " || count > countMax)", ")")],
    hunts: [unit(faults, "headers that break a rule are blamed with its code, unlinked")],
  },
  {
    name: "headers-unsolicited",
    breaks: "headers that nobody asked for are taken (09-connections §5)",
    edits: [
      edit(
        headerPeer,
        "  return late;\n",
        "  return late ?? { request, count: 512, deadline: 0, fromHeight: -1 };\n",
      ),
    ],
    hunts: [unit(faults, "answers that nobody asked for are blamed and change nothing")],
  },
  {
    name: "header-liar-uncharged",
    breaks: "headers that break a rule cost their giver nothing (07-errors)",
    edits: [edit(headerSync, "this.port.blame(peer.conn, code, detail);", "void [code, detail];")],
    hunts: [unit(faults, "headers that break a rule are blamed with its code, unlinked")],
  },
  {
    name: "silent-header-peer-kept",
    breaks: "a question for headers waits for its answer for ever (09-connections §5)",
    edits: [
      edit(
        headerSync,
        "deadline: now + syncLimits.requestMs, fromHeight",
        "deadline: never, fromHeight",
      ),
    ],
    hunts: [unit(asking, "when all that are asked for headers are silent, others are asked")],
  },
  {
    name: "late-headers-blamed",
    breaks: "headers that come after their time are held against the peer (09-connections §5)",
    edits: [edit(headerSync, "peer.late.set(String(question.request), question);", "")],
    hunts: [unit(sync, "headers that come after their time are taken and not blamed")],
  },
  {
    name: "fruitless-not-put-off",
    breaks: "who does not have what it claims is asked on and on (09-connections §5)",
    edits: [edit(headerPeer, "peer.askAt = nowMs + waitMs;", "void (nowMs + waitMs);")],
    hunts: [unit(faults, "a peer that announces what nobody has is asked ever more rarely")],
  },
  {
    name: "fruitless-not-longer-each-time",
    breaks: "who does not have what it claims is put off no longer each time (09-connections §5)",
    edits: [edit(headerPeer, "2 ** Math.min(peer.fruitlessCount, 16)", "1")],
    hunts: [unit(asking, "who never has what it claims is put off longer each time")],
  },
  {
    name: "hand-over-not-waited-for",
    breaks: "headers beyond a hand-over are not asked for again (06-validation §1 line 9)",
    edits: [
      edit(
        headerSync,
        "Object.assign(peer, { last, isWanted: true });\n    putOff(",
        "Object.assign(peer, { last, isWanted: false });\n    putOff(",
      ),
    ],
    hunts: [unit(sync, "headers that wait for a hand-over stop nobody")],
  },
  {
    name: "no-look-around",
    breaks: "a better branch that nobody announces is never found (09-connections §5)",
    edits: [
      edit(
        headerSync,
        "slice(0, syncLimits.intervalPeersMax)) {\n        peer.isWanted = true;",
        "slice(0, syncLimits.intervalPeersMax)) {\n        peer.isWanted ||= false;",
      ),
    ],
    hunts: [unit(sync, "a longer branch of another peer is found at the interval and taken")],
  },
  {
    name: "headers-run-ahead",
    breaks: "headers are fetched without end while bodies cannot be had (08-limits)",
    edits: [
      edit("src/sync/header-room.ts", "syncLimits.headersAheadMax - ahead", "2 ** 30 - ahead"),
    ],
    hunts: [unit(sync, "headers stay a bounded way ahead while bodies cannot be had")],
  },
  {
    name: "headers-fill-the-tree",
    breaks: "more headers are asked for than the tree surely takes (08-limits)",
    edits: [edit("src/sync/header-room.ts", "syncLimits.headersHeldMax - held", "2 ** 30 - held")],
    hunts: [unit(sync, "while finality lags, headers wait for room in the tree")],
  },
  {
    name: "claims-are-believed",
    breaks: "one peer's claim is the height to reach (09-connections §5)",
    edits: [
      edit(
        "src/sync/synchronizer.ts",
        "heights[(heights.length - 1) >> 1] ?? 0",
        "heights.at(-1) ?? 0",
      ),
    ],
    hunts: [unit(asking, "the height to reach is what half of the peers claim at most")],
  },
];
