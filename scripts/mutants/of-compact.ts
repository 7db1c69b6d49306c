/** Mutants of compact blocks: how they are put together and given. NOT whom they hang on. */
import { edit, type Mutant, unit } from "./mutant.ts";

const relay = "test/unit/node/compact-relay.test.ts";
const faults = "test/unit/node/compact-faults.test.ts";
const partial = "test/unit/net/compact/partial-block.test.ts";
const prefilled = "test/unit/net/compact/prefilled.test.ts";
const rare = "test/unit/net/compact/rare.test.ts";
const index = "test/unit/net/compact/transaction-index.test.ts";

const relayFile = "src/node/compact-relay.ts";
const serverFile = "src/node/compact-server.ts";
const partialFile = "src/net/compact/partial-block.ts";
const indexFile = "src/net/compact/transaction-index.ts";
const layoutFile = "src/model/compact-block.ts";

const madeWhole: readonly Mutant[] = [
  {
    name: "compact-work-before-seal",
    breaks: "transactions are asked for under a forged seal (04-messages §8)",
    edits: [
      edit(
        relayFile,
        'case "rejected": {',
        'case "rejected": {\n        if (judged.rejection.code === "header-seal") return this.begin(conn, sealed, message, false);',
      ),
    ],
    hunts: [unit(faults, "a forged seal costs neither a question nor a copy")],
  },
  {
    name: "short-id-first-come",
    breaks: "of two transactions with one short id the first is taken (04-messages §8)",
    edits: [edit(partialFile, "else twice.add(place);", "else twice.delete(place);")],
    hunts: [unit(partial, "takes neither of two transactions that fit one short id")],
  },
  {
    name: "short-id-twins-asked",
    breaks: "a block with two short ids alike is not fetched whole (04-messages §8)",
    edits: [edit(relayFile, " || partial.hasTwins) {", ") {")],
    hunts: [unit(relay, "fetches the block whole when two of its short ids are alike")],
  },
  {
    name: "short-ids-unsalted",
    breaks: "short ids collide for all peers alike (05-objects §12)",
    edits: [edit(layoutFile, "keyHash(idBytes(hash), salt)", "keyHash(idBytes(hash))")],
    hunts: [unit(partial, "short ids are another under another salt")],
  },
  {
    name: "collision-blamed",
    breaks: "the giver pays for a short id that names another transaction (04-messages §8)",
    edits: [edit(relayFile, "if (!results.some(isCollision)) {", "if (results.length >= 0) {")],
    hunts: [
      unit(relay, "fetches the block whole, of the same peer, when a short id names another"),
    ],
  },
  {
    name: "collision-gives-up",
    breaks: "what cannot be put together is not fetched whole (04-messages §8)",
    edits: [
      edit(
        relayFile,
        "this.blameless.delete(giver);\n    relay.fetchWhole(conn, hash);",
        "this.blameless.delete(giver);",
      ),
    ],
    hunts: [
      unit(relay, "fetches the block whole, of the same peer, when a short id names another"),
    ],
  },
  {
    name: "collision-excuses-whole",
    breaks: "after a compact copy the giver answers for no whole one (09-connections §4)",
    edits: [edit(relayFile, "    this.blameless.delete(giver);\n", "")],
    hunts: [unit(faults, "of a block that it gives whole after all a peer answers for every byte")],
  },
  {
    name: "wrong-length-joined",
    breaks: "what does not add up to the body is given to the chain (05-objects §12)",
    edits: [edit(layoutFile, "if (length !== bytes) return undefined;", "")],
    hunts: [unit(partial, "does not add up when a transaction is not the one of the block")],
  },
  {
    name: "missing-unasked",
    breaks: "what is missing of a compact block is not asked for (04-messages §8)",
    edits: [
      edit(
        relayFile,
        'port.send(conn, { type: "get_block_txs", hash: idBytes(hash), indexes });',
        "void [port, indexes];",
      ),
    ],
    hunts: [unit(relay, "asks for what it lacks")],
  },
  {
    name: "missing-asked-in-part",
    breaks: "only the first of the missing transactions is asked for (04-messages §8)",
    edits: [edit(relayFile, "encodeIndexes(missing)", "encodeIndexes(missing.slice(0, 1))")],
    hunts: [unit(relay, "asks for what it lacks")],
  },
  {
    name: "other-transactions-taken",
    breaks: "transactions are not compared with their short ids (04-messages §8)",
    edits: [
      edit(
        partialFile,
        "shortIdOf(this.key, transaction) !== readShortId(this.shortIds, id)",
        "transaction.length === 0",
      ),
    ],
    hunts: [
      unit(partial, "refuses an answer that is not what was asked for"),
      unit(relay, "blames it for transactions that are not those"),
    ],
  },
  {
    name: "other-count-taken",
    breaks: "more or fewer transactions than were asked for are taken (04-messages §8)",
    edits: [
      edit(
        partialFile,
        "if (found?.length !== this.missing.length) {",
        "if (found === undefined || found.length < this.missing.length) {",
      ),
    ],
    hunts: [unit(partial, "refuses an answer that is not what was asked for")],
  },
  {
    name: "prefilled-beyond-block",
    breaks: "a prefilled transaction may stand beyond the block (04-messages §8)",
    edits: [edit(partialFile, " || last >= txCount)", ")")],
    hunts: [unit(partial, "needs as many transactions as its header says")],
  },
  {
    name: "prefilled-count-unchecked",
    breaks: "a compact block may tell of any number of transactions (04-messages §8)",
    edits: [edit(partialFile, "count + prefilled.length !== txCount || ", "")],
    hunts: [unit(relay, "blames it for a count that is not the header's")],
  },
  {
    name: "prefilled-twice",
    breaks: "one place may be prefilled twice (05-objects §12)",
    edits: [
      edit(
        layoutFile,
        'return "an index is cut";\n    const index = readU16(prefilled, at);\n    if (index <= last || ',
        'return "an index is cut";\n    const index = readU16(prefilled, at);\n    if (',
      ),
    ],
    hunts: [unit(prefilled, "a list of prefilled transactions names places that rise")],
  },
];

const atHand: readonly Mutant[] = [
  {
    name: "index-unbounded",
    breaks: "transactions at hand take any room (08-limits)",
    edits: [
      edit(
        indexFile,
        "    if (this.entries.length >= entriesMax || this.totalBytes + bytes > bytesMax) return;\n",
        "",
      ),
    ],
    hunts: [unit(index, "of bytes it holds no more than its limit")],
  },
  {
    name: "index-forgets-pending",
    breaks: "what is pending makes room for what was (04-messages §8)",
    edits: [edit(indexFile, "if (this.isPending(id)) keep[i] = 1;\n      else if", "if")],
    hunts: [unit(index, "full, it lets go of the oldest that are not pending")],
  },
  {
    name: "rare-not-told",
    breaks: "what we lacked of a block is not told whole to the next (04-messages §8)",
    edits: [edit(relayFile, "if (rare.length > 0) this.server.onRare(hash, rare);", "")],
    hunts: [unit(relay, "asks for what it lacks, and tells it whole")],
  },
  {
    name: "rare-without-end",
    breaks: "what was prefilled for nothing is prefilled by everybody (04-messages §8)",
    edits: [
      edit(
        partialFile,
        "if (this.missing.length === 0 && this.isPrefilledAtHand) return [];",
        "if (this.places.length === 0) return [];",
      ),
    ],
    hunts: [unit(rare, "nothing, when we lacked nothing")],
  },
  {
    name: "rare-in-step",
    breaks: "mempools are taken to be in step whatever is lacked (04-messages §8)",
    edits: [edit(partialFile, "if (!this.isOutOfStep || ", "if (this.isOutOfStep || ")],
    hunts: [
      unit(rare, "all, when we lacked one in eight"),
      unit(rare, "all, when we lacked others than whoever gave it"),
    ],
  },
  {
    name: "rare-beyond-budget",
    breaks: "more is held to be rare than can be prefilled (04-messages §8)",
    edits: [edit(partialFile, " || this.bytesPrefilled > relayLimits.prefilledBytesMax", "")],
    hunts: [unit(rare, "only what is known to be lacked")],
  },
  {
    name: "own-block-pushed-early",
    breaks: "an own block is given compact before it is durable (09-connections §5)",
    edits: [edit(serverFile, "if (this.shown.bodyOf(hash) === undefined) return false;", "")],
    hunts: [unit(faults, "of a block of our own nothing is given before it is durable")],
  },
  {
    name: "own-transactions-early",
    breaks: "transactions of an own block are given before it is durable (09-connections §5)",
    edits: [
      edit(
        serverFile,
        "const node = this.shown.node(hash);",
        "const node = this.chain.node(hash);",
      ),
    ],
    hunts: [unit(faults, "of a block of our own nothing is given before it is durable")],
  },
  {
    name: "index-beyond-block-served",
    breaks: "a question beyond the block costs nothing (04-messages §8)",
    edits: [edit(serverFile, "if (found.length !== asked.length) {", "if (asked.length < 0) {")],
    hunts: [unit(relay, "blames it for a question beyond the block")],
  },
  {
    name: "old-block-served-compact",
    breaks: "old blocks are encoded compact for whoever asks (04-messages §8)",
    edits: [
      edit(serverFile, "if (!this.isWithin(hash, relayLimits.compactDepthMax)) return false;", ""),
    ],
    hunts: [unit(faults, "an old block is given whole, and nothing of a still older one")],
  },
  {
    name: "old-transactions-served",
    breaks: "transactions of old blocks are cut out for whoever asks (04-messages §8)",
    edits: [
      edit(
        serverFile,
        "if (!this.isWithin(hash, relayLimits.blockTxsDepthMax)) return undefined;",
        "",
      ),
    ],
    hunts: [unit(faults, "an old block is given whole, and nothing of a still older one")],
  },
];

export const compactMutants: readonly Mutant[] = [...madeWhole, ...atHand];
