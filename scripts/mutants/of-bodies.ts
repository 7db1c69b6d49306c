/** Mutants of synchronization: whom to ask for bodies, and which body is a block's. */
import { edit, type Mutant, unit } from "./mutant.ts";

const faults = "test/unit/sync/synchronizer-faults.test.ts";
const restore = "test/unit/chain/restore.test.ts";
const rules = "test/unit/chain/rules.test.ts";
const liars = "test/scenario/sync/liars.test.ts";
const asking = "test/unit/sync/asking.test.ts";
const charged = "test/unit/node/sync-charges.test.ts";

const download = "src/sync/block-download.ts";
const bodyPeer = "src/sync/body-peer.ts";
const bodyWindow = "src/sync/body-window.ts";
const withheld = "src/sync/withheld.ts";

const ofBodies: readonly Mutant[] = [
  {
    name: "silent-body-peer-kept",
    breaks: "bodies that do not come are waited for, for ever (09-connections §5)",
    edits: [
      edit(bodyPeer, "if (first === undefined) return Number", "if (first !== null) return Number"),
    ],
    hunts: [unit(faults, "who claims nothing is asked when those who claim do not deliver")],
  },
  {
    name: "stall-not-broken",
    breaks: "one slow peer holds up the window while others are idle (09-connections §5)",
    edits: [
      edit(download, "this.stallAt = Math.max(request.sentAt", "void Math.max(request.sentAt"),
    ],
    hunts: [
      unit(asking, "an idle peer takes over the front of the window before a question is given up"),
    ],
  },
  {
    name: "gone-peer-still-owes",
    breaks: "what a peer that went was asked for is not asked again (09-connections §5)",
    edits: [
      edit(
        download,
        "for (const request of peer.requests.values()) this.releaseAll(request);\n    this.assign();",
        "this.assign();",
      ),
    ],
    hunts: [unit(faults, "a peer lost in mid-window is made up for at once")],
  },
  {
    name: "bodies-unsolicited",
    breaks: "bodies that nobody asked for are taken (09-connections §5)",
    edits: [
      edit(
        download,
        "} else if (!peer.takeLate(message.request, hash)) {",
        "} else if (message.request < 0) {",
      ),
    ],
    hunts: [
      unit(faults, "answers that nobody asked for are blamed and change nothing"),
      unit(liars, "a peer that sends bodies that nobody asked for"),
    ],
  },
  {
    name: "late-bodies-blamed",
    breaks: "bodies that come after their time are held against the peer (09-connections §5)",
    edits: [
      edit(
        bodyPeer,
        "if (request.owed.size > 0) this.late.set",
        "if (request.owed.size < 0) this.late.set",
      ),
    ],
    hunts: [unit(faults, "the only peer is asked again with growing waits")],
  },
  {
    name: "silent-never-rests",
    breaks: "who never answers is asked as often as others (09-connections §5)",
    edits: [
      edit(bodyPeer, "if (this.failureCount < 2) return;", "if (this.failureCount > 0) return;"),
    ],
    hunts: [unit(faults, "the only peer is asked again with growing waits")],
  },
  {
    name: "lacking-asked-again",
    breaks: "who said that it lacks a body is asked for it at once (09-connections §5)",
    edits: [edit(bodyPeer, "if (until > now) return true;", "if (until < 0) return true;")],
    hunts: [unit(asking, "a body that a peer lacks is not asked of it again")],
  },
  {
    name: "bad-body-asked-again",
    breaks: "a body that failed is asked of the same peer again (09-connections §5)",
    edits: [
      edit(
        download,
        'if (status === "header") {\n      peer.lack(hash, now + syncLimits.lackingMs);\n      peer.fail(now);',
        'if (status === "header") {\n      void now;',
      ),
    ],
    hunts: [unit(asking, "a body that failed is asked elsewhere, though its giver is still there")],
  },
  {
    name: "low-peers-never-asked",
    breaks: "who claims less than it has is never asked (09-connections §5)",
    edits: [
      edit(
        bodyPeer,
        "if (this.height < node.height && node.height <= highest) return false;",
        "if (this.height < node.height && highest >= 0) return false;",
      ),
    ],
    hunts: [unit(faults, "who claims nothing is asked when those who claim do not deliver")],
  },
  {
    name: "withheld-waited-for",
    breaks: "a branch without bodies keeps us from the honest one (09-connections §5)",
    edits: [
      edit(
        withheld,
        "if (!allLackIt && now < this.front.since + syncLimits.withheldMs) return false;",
        "if (now >= 0 || allLackIt) return false;",
      ),
    ],
    hunts: [
      unit(faults, "bodies that came but for the first do not crowd out those of the honest"),
    ],
  },
  {
    name: "withheld-for-good",
    breaks: "what was given up is not asked for again when it is announced (09-connections §5)",
    edits: [edit(download, "    this.withheld.revoke(hash);\n", "")],
    hunts: [unit(faults, "a body that all lacked at first is asked for again as soon as")],
  },
  {
    name: "progress-forgotten",
    breaks: "a restart in the midst of a sync begins behind what was executed (06-validation §6)",
    edits: [
      edit(
        "src/chain/branch-switch.ts",
        '[...writes, { key: metaKey("head"), value: encodeRef(head) }];',
        "[...writes, ...[metaKey, encodeRef].slice(2)] as Write[];",
      ),
    ],
    hunts: [unit(restore, "a restart gives the same head")],
  },
  {
    name: "window-unbounded",
    breaks: "bodies on their way take any room (08-limits)",
    edits: [
      edit(
        bodyWindow,
        "this.reservedBytes + bytes <= syncLimits.bodyWindowBytes",
        "this.reservedBytes + bytes >= 0",
      ),
    ],
    hunts: [unit(asking, "no more bytes of bodies are on their way than the window holds")],
  },
  {
    name: "window-blocks-unbounded",
    breaks: "any number of bodies is on its way (08-limits)",
    edits: [
      edit(
        bodyWindow,
        "this.count + count <= syncLimits.bodyWindowBlocks &&",
        "this.count + count >= 0 &&",
      ),
    ],
    hunts: [unit(asking, "no more bodies are on their way than the window holds")],
  },
  {
    name: "one-peer-does-all",
    breaks: "bodies are asked of one peer while others are idle (09-connections §5)",
    edits: [
      edit(
        download,
        "const countMax = Math.min(Math.ceil(wanted.length / shares), syncLimits.blocksPerRequestMax);",
        "const countMax = shares > 0 ? syncLimits.blocksPerRequestMax : 0;",
      ),
    ],
    hunts: [unit(asking, "few bodies are shared among all who have them")],
  },
];

/** A body that is not the header's; whoever gave it. */
const ofMatching: readonly Mutant[] = [
  {
    name: "body-length-unchecked",
    breaks: "a body may be longer than its header says (06-validation §2)",
    edits: [
      edit(
        "src/chain/rules.ts",
        "if (bytes.length !== header.bodyBytes) {",
        "if (bytes.length < 4) {",
      ),
    ],
    hunts: [
      unit("test/unit/chain/body-length.test.ts", "a body of another length is not looked at"),
    ],
  },
  {
    name: "body-of-another-block",
    breaks: "a body with other transactions than the header's is taken (06-validation §2)",
    edits: [
      edit(
        "src/chain/rules.ts",
        "if (!equalBytes(merkleRoot(body.transactions), header.txRoot)) {",
        "if (merkleRoot(body.transactions).length === 0) {",
      ),
    ],
    hunts: [unit(rules, "the body that the header commits to matches, every other is refused")],
  },
  {
    name: "body-of-another-certificate",
    breaks: "a body with another certificate than the header's is taken (06-validation §2)",
    edits: [
      edit(
        "src/chain/rules.ts",
        "if (certHash === undefined ? !isZero(header.certHash) : !equalBytes(certHash, header.certHash)) {",
        "if (certHash === undefined && !isZero(header.certHash)) {",
      ),
    ],
    hunts: [unit(rules, "a body with another count or certificate than the header's")],
  },
  {
    name: "bad-body-convicts-block",
    breaks: "a body that does not match makes the block invalid (06-validation §2)",
    edits: [
      edit(
        "src/chain/body-intake.ts",
        'if ("code" in body) return { type: "rejected", rejection: body };',
        'if ("code" in body) return { type: "invalid", rejection: body };',
      ),
    ],
    hunts: [
      unit("test/scenario/chain/fork-cases.test.ts", "a mutated body convicts its sender only"),
    ],
  },
  {
    name: "body-liar-uncharged",
    breaks: "who gives a body that does not match pays nothing (07-errors)",
    edits: [
      edit(
        "src/node/news.ts",
        "this.parts.port.blame(source, code, detail);\n  }\n}",
        "void [code, detail];\n  }\n}",
      ),
    ],
    hunts: [unit(charged, "who gives a body that is not the header's is charged")],
  },
];

export const bodyMutants: readonly Mutant[] = [...ofBodies, ...ofMatching];
