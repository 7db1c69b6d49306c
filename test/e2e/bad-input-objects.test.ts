/**
 * Transactions, blocks and headers that break a rule, from peers without the sealer's key: refused
 * with that rule's code; what honest peers may send by bad luck is blamed on nobody.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { concatBytes } from "../../src/base/bytes.ts";
import { decodeSealedHeader } from "../../src/model/header.ts";
import { idBytes } from "../../src/model/ids.ts";
import type { RuleCode } from "../../src/model/rule-code.ts";
import { decodeTransaction, type Transaction } from "../../src/model/transaction.ts";
import { Peer } from "../support/attacker.ts";
import { deliverBlock, deliverTransaction, outsiderBlocks } from "../support/hostile-blocks.ts";
import {
  type Code,
  chainGoesOn,
  flipped,
  folder,
  honest,
  node,
  offends,
  slotMs,
  startWorld,
  stopWorld,
  target,
  transfer,
  unharmed,
  untilAllAgree,
} from "../support/hostile-world.ts";
import { NodeProcess } from "../support/node-process.ts";
import { until } from "../support/program.ts";

before(startWorld);
after(stopWorld);

const idOf = (transaction: Transaction) => idBytes(transaction.id);

test("transactions that break a rule are refused; those that honest peers may send cost nothing", async () => {
  const good = transfer(0);
  const bytesWith = (at: number, values: readonly number[]) => {
    const out = good.bytes.slice();
    out.set(values, at);
    return out;
  };
  const violations: readonly (readonly [string, Code, Uint8Array])[] = [
    ["a bad signature", "transaction-signature", flipped(good.bytes, good.bytes.length - 1)],
    [
      "signed for another network",
      "transaction-signature",
      transfer(0, { amount: 2n }, randomBytes(32)).bytes,
    ],
    ["an amount changed", "transaction-signature", bytesWith(99, [77])],
    ["an unknown type", "transaction-type", transfer(0, { type: 7 }).bytes],
    [
      "amount and fee above 64 bits",
      "transaction-overflow",
      transfer(0, { amount: 2n ** 64n - 1n }).bytes,
    ],
    ["reserved bytes", "transaction-malformed", bytesWith(2, [0, 1])],
    ["a payload longer than the rest", "transaction-malformed", bytesWith(100, [0, 0, 1, 0])],
    ["a validity beyond 2^53", "transaction-malformed", bytesWith(52, [0, 0x20, 0, 0, 0, 0, 0, 0])],
  ];
  for (const [name, code, bytes] of violations) {
    const decoded = decodeTransaction(bytes);
    const id = "code" in decoded ? randomBytes(32) : idOf(decoded);
    await offends(name, code, (peer) => deliverTransaction(peer, id, bytes));
  }
  // Slot 1 must lie behind for what was valid until then.
  while (honest.head.header.slot < 2) await honest.nextBlock();
  const overdraft = { amount: 1_000_000_000n };
  const innocent: readonly (readonly [string, RuleCode, Transaction])[] = [
    ["a nonce gap", "transaction-nonce-high", transfer(0, { nonce: 17n })],
    ["more than the balance", "transaction-balance", transfer(0, overdraft)],
    ["expired", "transaction-expired", transfer(0, { validUntilSlot: 1 })],
    ["no fee", "transaction-fee-low", transfer(0, { fee: 0n })],
  ];
  const peer = await Peer.connect(target);
  const rejected = async (name: string, code: RuleCode, transaction: Transaction) => {
    const from = node.events.items.length;
    await deliverTransaction(peer, idOf(transaction), transaction.bytes);
    const event = await node.event("transaction-rejected", (e) => e["id"] === transaction.id, from);
    assert.deepEqual([name, event["code"]], [name, code]);
    await unharmed(name);
  };
  for (const [name, code, transaction] of innocent) await rejected(name, code, transaction);
  // Two that together cost more than there is: the second is refused.
  const half = { amount: 600_000_000n };
  const first = transfer(1, half);
  // At the beginning of a slot, so that it stays pending for the next two.
  await honest.nextBlock();
  await deliverTransaction(peer, idOf(first), first.bytes);
  await node.event("transaction-accepted", (e) => e["id"] === first.id);
  await rejected("overdraft by two", "transaction-balance", transfer(1, { ...half, nonce: 1n }));
  await rejected(
    "a cheap replacement",
    "transaction-underpriced",
    transfer(1, { ...half, amount: 5n }),
  );
  await until("it is in a block", async () => {
    const found = await node.get(`/api/transactions/${first.id}`);
    return found["status"] === "confirmed" ? true : undefined;
  }, [node.program]);
  await rejected("a nonce used before", "transaction-nonce-low", transfer(1, { amount: 9n }));
  // The forged copies of it have not kept the real one out.
  await deliverTransaction(peer, idOf(good), good.bytes);
  await node.event("transaction-accepted", (e) => e["id"] === good.id);
  await peer.ping();
  peer.destroy();
  await chainGoesOn();
});

test("blocks that an outsider can make are refused, each with its rule", async () => {
  const count = outsiderBlocks(honest.head.header, slotMs, target.genesisHash).length;
  for (let index = 0; index < count; index++) {
    // Made anew each time: the head moves on meanwhile.
    const { name } = outsiderBlocks(honest.head.header, slotMs, target.genesisHash)[index]!;
    const make = () => outsiderBlocks(honest.head.header, slotMs, target.genesisHash)[index]!;
    await offends(name, make().code, async (peer) => {
      const { sealed, body } = make();
      await deliverBlock(peer, hashOfSealed(sealed), sealed, body);
    });
  }
  await chainGoesOn();
});

function hashOfSealed(sealed: Uint8Array): Uint8Array {
  const decoded = decodeSealedHeader(sealed);
  return "code" in decoded ? randomBytes(32) : idBytes(decoded.header.hash);
}

test("headers that were asked for are held to the rules, too", async () => {
  const head = honest.head.header;
  const block = (code: string) =>
    outsiderBlocks(head, slotMs, target.genesisHash).find((each) => each.code === code)!.sealed;
  const answers: readonly (readonly [string, Code, Uint8Array])[] = [
    ["a forged seal", "header-seal", block("header-seal")],
    ["an outsider's seal", "header-sealer", block("header-sealer")],
    ["a header that is none", "header-malformed", block("header-malformed")],
    [
      "headers that do not link",
      "bad-field",
      concatBytes(block("header-seal"), block("header-seal")),
    ],
  ];
  for (const [name, code, headers] of answers) {
    const hello = { height: head.height + 50, headHash: randomBytes(32) };
    await offends(
      name,
      code,
      async (peer) => {
        const { request } = await peer.next("get_headers");
        peer.sendBulk({ type: "headers", request, headers });
      },
      { hello },
    );
  }
  await chainGoesOn();
});

test("a peer that claims a longer chain and says nothing does not stop the sealing", async () => {
  const alone = await NodeProcess.start({
    dataDir: join(folder, "alone"),
    more: ["--slot-ms", "300"],
  });
  try {
    const genesisHash = await alone.genesisHash();
    const hello = { height: 1e9, headHash: randomBytes(32) };
    await alone.event("sealed", () => true);
    const liar = await Peer.connect({ port: alone.listen, genesisHash }, { hello });
    await liar.next("get_headers");
    const from = alone.events.items.length;
    const { height } = await alone.event("sealed", () => true, from);
    await alone.event("sealed", (e) => (e["height"] as number) > (height as number) + 3, from);
    liar.destroy();
  } finally {
    await alone.program.end();
  }
});

test(
  "in the end the chain goes on, nobody honest was cut off, the log stayed small",
  untilAllAgree,
);
