/**
 * A validator that seals what breaks the rules, against a real node of its network: each block is
 * refused with its code, and the right one at the end is taken.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { concatBytes } from "../../src/base/bytes.ts";
import { buildBlock } from "../../src/chain/block-builder.ts";
import { genesisBlock } from "../../src/chain/genesis.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { encodeBody } from "../../src/model/block.ts";
import { encodeHeader, type Header, type HeaderFields } from "../../src/model/header.ts";
import { addressOf, idBytes, publicKeyOf } from "../../src/model/ids.ts";
import { merkleRoot } from "../../src/model/merkle.ts";
import { formatNetworkFile, type NetworkFile } from "../../src/model/network-file.ts";
import { addressOfKey, signTransaction, type Transaction } from "../../src/model/transaction.ts";
import { Peer } from "../support/attacker.ts";
import { deliverBlock, sealedBy } from "../support/hostile-blocks.ts";
import { NodeProcess } from "../support/node-process.ts";
import { until } from "../support/program.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

const slotMs = 1_000;
const seed = randomBytes(32);
const sealer = publicKeyOf(ed25519.publicKey(seed));
const payer = randomBytes(32);
const payerKey = publicKeyOf(ed25519.publicKey(payer));
const file: NetworkFile = {
  name: "cheated",
  genesisTimeMs: Date.now() - 1_000 * slotMs,
  slotMs,
  engine: "poa",
  validators: [sealer],
  accounts: [{ address: addressOfKey(payerKey), balance: 1_000n }],
  blockReward: 50n,
  minFee: 1n,
};
const ledger = new Ledger(file);
const genesis = genesisBlock(file, ledger).header;
const genesisHash = idBytes(genesis.hash);

function transfer(nonce: bigint, amount: bigint, fee = 1n): Transaction {
  const to = addressOf(new Uint8Array(32).fill(7));
  const fields = { type: 0, sender: payerKey, nonce, fee, validUntilSlot: 0, to, amount };
  const payload = new Uint8Array(0);
  return signTransaction({ ...fields, payload }, genesisHash, (p) => ed25519.sign(payer, p));
}

/** A right block in `slot`, with `good` in it. */
const build = (slot: number, good: readonly Transaction[] = []) =>
  buildBlock(ledger, file, genesis, {
    slot,
    sealer,
    candidates: good,
    certificate: undefined,
    voters: [],
    finalHeight: 0,
  });

interface Cheat {
  readonly name: string;
  readonly code: string;
  readonly header: Header;
  readonly body: Uint8Array;
}

function cheats(): Cheat[] {
  let slot = 10;
  const random = randomBytes(32);
  const header = (name: string, code: string, changes: Partial<HeaderFields>): Cheat => {
    const { header, body } = build(slot++);
    return { name, code, header: encodeHeader({ ...header, ...changes }), body };
  };
  /** The header commits to the bad body, so that the block itself is at fault. */
  const block = (name: string, code: string, transactions: readonly Transaction[]): Cheat => {
    const body = encodeBody(new Uint8Array(0), transactions);
    const txRoot = merkleRoot(transactions.map(({ bytes }) => bytes));
    const commits = { txRoot, txCount: transactions.length, bodyBytes: body.length };
    return { ...header(name, code, commits), body };
  };
  /** The body is not what the header committed to. */
  const body = (name: string, code: string, bend: (body: Uint8Array) => Uint8Array): Cheat => {
    const made = build(slot++, [transfer(0n, 1n)]);
    return { name, code, header: made.header, body: bend(made.body.slice()) };
  };
  const forged = transfer(0n, 1n);
  forged.bytes.set(randomBytes(64), forged.bytes.length - 64);
  const set = (at: number, value: number) => (bytes: Uint8Array) => {
    bytes[at] = value;
    return bytes;
  };
  return [
    header("another state", "block-state-root", { stateRoot: random }),
    header("other receipts", "block-receipts-root", { receiptsRoot: random }),
    header("other next validators", "block-next-validators", { nextValidatorsHash: random }),
    block("a nonce gap", "block-transaction-invalid", [transfer(1n, 1n)]),
    block("more than the balance", "block-transaction-invalid", [transfer(0n, 1_000n)]),
    block("the same transfer twice", "block-transaction-invalid", [
      transfer(0n, 1n),
      transfer(0n, 1n),
    ]),
    block("no fee", "block-transaction-invalid", [transfer(0n, 1n, 0n)]),
    block("a forged signature", "block-transaction-signature", [forged]),
    body("an amount changed", "body-mismatch", set(4 + 99, 9)),
    body("a byte more", "body-mismatch", (b) => concatBytes(b, Uint8Array.of(0))),
    body("no transactions", "body-mismatch", () => new Uint8Array(4)),
    body("a certificate beyond the end", "body-malformed", set(0, 0xff)),
    body("a certificate of one byte", "body-mal|body-mismatch|transaction-mal", set(3, 1)),
    body("reserved bytes", "transaction-malformed|body-malformed", set(4 + 3, 1)),
    header("parent that is invalid", "header-parent-invalid", {}),
  ];
}

test("whatever a validator cheats with, its block is refused, and a right one is taken", () =>
  inFolder(async (folder) => {
    const path = join(folder, "network.json");
    writeFileSync(path, formatNetworkFile(file));
    const node = await NodeProcess.start({
      dataDir: join(folder, "node"),
      more: ["--network", path],
    });
    try {
      const target = { port: node.listen, genesisHash };
      assert.deepEqual(await node.genesisHash(), genesisHash);
      const honest = await Peer.connect(target);
      let invalid: Header | undefined;
      for (const cheat of cheats()) {
        let { header } = cheat;
        if (cheat.code === "header-parent-invalid") {
          const parent = invalid!;
          const later = { height: parent.height + 1, parentHash: parent.hash };
          header = encodeHeader({ ...header, ...later });
        }
        invalid ??= header;
        const peer = await Peer.connect(target);
        const sealed = sealedBy(seed, genesisHash, header);
        await deliverBlock(peer, idBytes(header.hash), sealed, cheat.body);
        const reason = await peer.goodbye().catch((error: Error) => error.message);
        assert.match(reason, new RegExp(`^(${cheat.code})`), cheat.name);
        await honest.ping();
      }
      // Two of a slot are kept as evidence of a cheat; a third is dropped, and nobody is blamed.
      const twins = [1, 2, 3].map((n) => {
        const { header, body } = build(500);
        return { header: encodeHeader({ ...header, stateRoot: new Uint8Array(32).fill(n) }), body };
      });
      for (const [index, { header, body }] of twins.entries()) {
        const peer = await Peer.connect(target);
        await deliverBlock(peer, idBytes(header.hash), sealedBy(seed, genesisHash, header), body);
        if (index < 2) assert.match(await peer.goodbye(), /^block-state-root/);
        else await peer.ping();
        peer.destroy();
      }
      assert.equal((await node.info())["height"], 0);
      // Of a cheat's own body the real copy is still taken.
      const good = build(600, [transfer(0n, 5n)]);
      const sealed = sealedBy(seed, genesisHash, good.header);
      await deliverBlock(honest, idBytes(good.header.hash), sealed, good.body);
      await until("the right block is taken", async () => {
        const { headHash } = await node.info();
        return headHash === good.header.hash ? true : undefined;
      }, [node.program]);
      await honest.ping();
      honest.destroy();
      assert.equal(await node.program.end(), 0);
    } finally {
      await node.program.end();
    }
  }));
