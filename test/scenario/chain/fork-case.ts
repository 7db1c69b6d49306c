/**
 * Chain cases as data. A line builds a block, hands it over, and says what must come of it:
 *
 *   b2 < b1 @7 pays 0 1 => moved b2     block b2 on b1 in slot 7 (default: parent's + 1), with
 *                                       transactions of nonce 0 and 1
 *   make b2 < b1                        built only
 *   b2 < b1 lies stateRoot => …         a header field that lies; `signed`: a bad seal;
 *                                       `pays badly`: a transaction with a bad signature
 *   block b2 => …                       handed over (again)
 *   body b2 => …  |  body b2 of c2 => … the body alone, or another block's in its place
 *   headers b1 b2 => accepted 2         the headers alone
 *   wait 2 => …                         two slots pass
 *   tip b2                              the head, with the state of a replay
 *
 * Results in order, separated by commas; all of them must be named.
 */
import assert from "node:assert/strict";
import { emptyBytes } from "../../../src/base/bytes.ts";
import { encodeBody } from "../../../src/model/block.ts";
import type { HeaderFields } from "../../../src/model/header.ts";
import type { BlockHash } from "../../../src/model/ids.ts";
import type { BlockPlan, Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf, slotMs } from "../../support/chain-network.ts";
import { ChainWorld, spoken } from "../../support/chain-world.ts";

export interface ForkCase {
  readonly title: string;
  /** For readers. */
  readonly picture: string;
  readonly validators?: number;
  /** The slot that the clock shows at first. */
  readonly slot?: number;
  readonly lines: readonly string[];
}

const flipped = new Uint8Array(32).fill(9);
const lies: Record<string, Partial<HeaderFields>> = {
  stateRoot: { stateRoot: flipped },
  receiptsRoot: { receiptsRoot: flipped },
  nextValidatorsHash: { nextValidatorsHash: flipped },
};

export function runForkCase(forkCase: ForkCase): void {
  const builder = new ChainBuilder(networkOf(forkCase.validators ?? 4));
  const world = new ChainWorld(builder, { slot: forkCase.slot ?? 1000 });
  const blocks = new Map<string, Built>([["g", builder.genesis]]);
  const names = new Map<BlockHash, string>([[builder.genesis.hash, "g"]]);
  const named = (name: string | undefined): Built => {
    const block = blocks.get(name ?? "");
    assert.ok(block !== undefined, `no block ${name}`);
    return block;
  };
  for (const line of forkCase.lines) {
    const [action = "", wanted] = line.split("=>").map((part) => part.trim());
    const words = action.split(/\s+/);
    const got = perform(words);
    if (wanted !== undefined) assert.deepEqual(got, wanted.split(/,\s*/), `${line} [${got}]`);
  }

  function perform(words: readonly string[]): string[] {
    if (words[0] === "tip") {
      assert.equal(names.get(world.chain.head.hash), words[1]);
      assert.equal(world.root, builder.rootAt(named(words[1])));
      return [];
    }
    if (words[0] === "wait") return spoken(world.advance(Number(words[1]) * slotMs), names);
    if (words[0] === "block") return spoken(world.block(named(words[1])), names);
    if (words[0] === "body") {
      const { body } = named(words[3] ?? words[1]);
      return spoken(world.body({ ...named(words[1]), body }), names);
    }
    if (words[0] === "headers") {
      const { accepted, missing, isUnready, rejection } = world.headers(words.slice(1).map(named));
      const rest = missing === undefined ? [] : [`wants ${names.get(missing)}`];
      if (isUnready) rest.push("unready");
      return [`accepted ${accepted}`, ...rest, ...(rejection ? [rejection.code] : [])];
    }
    if (words[0] === "make") {
      make(words.slice(1));
      return [];
    }
    return spoken(world.block(make(words)), names);
  }

  function make(words: readonly string[]): Built {
    const [name = "", , parent] = words;
    const slotWord = words.find((word) => word.startsWith("@"));
    const lie = words.includes("lies") ? lies[words[words.indexOf("lies") + 1]!] : undefined;
    const paysAt = words.indexOf("pays");
    const isBad = words.includes("badly");
    const paid = paysAt === -1 ? [] : words.slice(paysAt + 1);
    const nonces = isBad ? [0] : paid.filter((word) => /^\d+$/.test(word)).map(Number);
    const transactions = nonces.map((nonce) => builder.transfer(0, 1, nonce, isBad));
    const plan: BlockPlan = {
      transactions,
      body: encodeBody(emptyBytes, transactions),
      ...(slotWord === undefined ? {} : { slot: Number(slotWord.slice(1)) }),
      ...(lie === undefined ? {} : { lie }),
      ...(words.includes("signed") ? { seal: new Uint8Array(64) } : {}),
    };
    const block = builder.block(named(parent), plan);
    blocks.set(name, block);
    names.set(block.hash, name);
    return block;
  }
}
