/**
 * The checkers of finality can fail: each sees a bug that was planted in the real code, or an
 * observation that no correct node gives. Bugs of other parts: `planted-bugs.test.ts`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Duties } from "../../src/chain/duties.ts";
import { Finality } from "../../src/chain/finality.ts";
import { Ledger } from "../../src/chain/ledger.ts";
import { canonicalKey, finalityKey, stateKey } from "../../src/chain/records.ts";
import type { Ticket } from "../../src/edge/conn.ts";
import { decodeCertificate, encodeCertificate } from "../../src/model/certificate.ts";
import type { Recovery } from "../../src/model/recovery.ts";
import { LightClientChecker } from "../../src/sim/checkers/light-client-checker.ts";
import { ReplayChecker } from "../../src/sim/checkers/replay-checker.ts";
import type { ToldBlock } from "../../src/sim/chronicle.ts";
import { insidesOf } from "../../src/sim/insides.ts";
import type { SimNode } from "../../src/sim/sim-node.ts";
import type { StagedSwarm } from "../../src/sim/swarm.ts";
import type { World } from "../../src/sim/world.ts";
import { atSlot, crash, minute, run, staged } from "../scenario/finality/staged-network.ts";
import { planted } from "./planted.ts";

const four: StagedSwarm = { validators: 4 };

/** A healthy network after its run, and what its first node reports final, lowest first. */
function healthy(): { readonly world: World; readonly node: SimNode; readonly final: ToldBlock[] } {
  const world = run("checkers", 4, minute, four);
  const node = world.nodes[0]!;
  const final: ToldBlock[] = [];
  const { blocks } = world.chronicle;
  let at = [...blocks.values()].find(({ hash }) => hash === node.reportedFinal.hash);
  for (; at !== undefined && at.height > 0; at = blocks.get(at.parent)) final.push(at);
  return { world, node, final: final.reverse() };
}

/** Whether the cheat is found out in time is chance: the first of twenty seeds that notices. */
function seen(expected: RegExp, body: (seed: number) => unknown): void {
  for (let seed = 1; seed <= 20; seed++) {
    try {
      body(seed);
    } catch (error) {
      assert.match((error as Error).message, expected);
      return;
    }
  }
  assert.fail("twenty seeds did not notice");
}

test("finality that counts before it is durable is seen", () => {
  const begin = Finality.prototype.begin;
  planted(
    Finality,
    "begin",
    function (this: Finality, ...[block, ticket]: Parameters<Finality["begin"]>) {
      begin.call(this, block, ticket);
      const { height, slot, hash } = block;
      (this as unknown as { durable: object }).durable = { height, slot, hash };
    },
    () => assert.throws(() => run("early", 4, minute, four), /before that is durable/),
  );
});

test("a chain that stands still below a quorum, far from the cap, is seen (L3)", () => {
  const { buildBlock, preparedBlock } = Duties.prototype;
  const faults = [atSlot(40, crash(1, 150)), atSlot(40, crash(3, 150))];
  const lost = () => run("lazy", 4, 1.5 * minute, { ...four, faults });
  lost();
  planted(
    Duties,
    "buildBlock",
    function (this: Duties, ...args: Parameters<Duties["buildBlock"]>) {
      return args[0] > 60 ? undefined : buildBlock.apply(this, args);
    },
    () =>
      planted(
        Duties,
        "preparedBlock",
        function (this: Duties, ...args: Parameters<Duties["preparedBlock"]>) {
          return args[0] > 60 ? undefined : preparedBlock.apply(this, args);
        },
        () => assert.throws(lost, /the chain stands still/),
      ),
  );
});

test("a sealer that was convicted and seals on is seen", () => {
  const swarm: StagedSwarm = {
    ...four,
    byzantineMode: "under",
    cheats: [{ node: 1, kinds: ["equivocating"], clone: undefined }],
    // Nothing is final meanwhile, so it is not removed.
    faults: [atSlot(30, crash(2, 100)), atSlot(30, crash(3, 100))],
  };
  planted(
    Ledger,
    "isSealerJailed",
    () => false,
    () => seen(/of a convicted sealer/, (seed) => run(`jailed-${seed}`, 6, minute, swarm)),
  );
});

test("state that is not what the blocks make of genesis is seen, in memory and on disk (I10)", () => {
  const { world, node } = healthy();
  const checker = new ReplayChecker(world);
  checker.check(node);
  const { state, chain } = insidesOf(node.node!);
  const entries = [...state.entries()].map(([key, value]) => [key, value.slice()] as const);
  const [key, value] = entries[0]!;
  const other = value.slice();
  other[0]! ^= 1;
  const ticket = Number.MAX_SAFE_INTEGER as Ticket;
  node.store.write(ticket, [{ key: stateKey(key), value: other }]);
  assert.throws(() => checker.check(node), /the stored state differs/);
  node.store.write(ticket, [{ key: stateKey(key), value }]);
  checker.check(node);

  const richer = entries.map(([k, v]) => [k, k === key ? other : v] as const);
  state.load(richer);
  assert.throws(() => checker.check(node), /its state is not that of its chain/);
  state.load(entries);

  const told = world.chronicle.blocks.get(chain.head.hash)!;
  const header = { ...told.sealed.header, stateRoot: new Uint8Array(32) };
  world.chronicle.blocks.set(told.hash, { ...told, sealed: { ...told.sealed, header } });
  assert.throws(() => checker.check(node), /replayed leads to another state/);
});

test("a light client notices a final block without a proof, and a proof that is none (I12)", () => {
  const { world, node, final } = healthy();
  const client = new LightClientChecker(world);
  const proven = final.filter(({ height }) => node.store.get(finalityKey(height)) !== undefined);
  const [first, second, third] = proven as [ToldBlock, ToldBlock, ToldBlock];
  client.onFinalized(node, first);
  const key = finalityKey(second.height);
  const good = decodeCertificate(node.store.get(key)!);
  assert.ok(!("code" in good));
  const write = (value: Uint8Array | undefined) =>
    node.store.write(Number.MAX_SAFE_INTEGER as Ticket, [{ key, value }]);
  const fewer = encodeCertificate({ ...good, signers: good.signers.slice(0, 2) });
  for (const [value, problem] of [
    [undefined, /has no proof/],
    [fewer.bytes, /certificate-quorum/],
    [node.store.get(finalityKey(third.height)), /header-certificate/],
  ] as const) {
    write(value);
    assert.throws(() => client.onFinalized(node, second), problem);
  }
  write(good.bytes);
  client.onFinalized(node, second);
  assert.ok(node.store.get(canonicalKey(first.height)) !== undefined, "it is buried by now");
});

test("a light client that accepted a block beside the final one is seen (I12)", () => {
  const { world, node, final } = healthy();
  const client = new LightClientChecker(world);
  const [first] = final as [ToldBlock];
  const proven = final.find(({ height }) => node.store.get(finalityKey(height)) !== undefined)!;
  (client as unknown as { accepted: Map<number, string> }).accepted.set(
    proven.height,
    first.parent,
  );
  assert.throws(() => client.onFinalized(node, proven), /beside the final block/);
});

test("a recovery that would undo what a node reported final is seen", () => {
  const { world, final } = healthy();
  const { height, hash } = final.at(-2)!;
  const recovery: Recovery = {
    network: world.genesisHash,
    block: { height, hash },
    validators: [],
    minSlot: world.slot() + 1,
    recoveryId: "00".repeat(32),
  };
  assert.throws(() => world.checkers.onRecovered(recovery), /finality fell/);
});

test("a recovery that people decide on makes blocks final again, and nothing final is undone", () => {
  const world = staged("recovers", 6, 2 * minute, {
    validators: 4,
    spares: 1,
    changesPerMinute: 4,
    faults: [
      atSlot(60, crash(1, 900)),
      atSlot(60, crash(3, 900)),
      atSlot(100, { type: "recovery" }),
    ],
  });
  world.run();
  assert.equal(world.rare.of("recovery adopted"), 1);
  assert.ok(world.rare.of("final after a recovery") > 100);
});

test("people decide nothing while only the lost have what was reported final", () => {
  const world = staged("lost-with-finality", 3, 2 * minute, {
    validators: 3,
    faults: [
      atSlot(30, crash(2, 90)),
      atSlot(80, crash(0, 900)),
      atSlot(80, crash(1, 900)),
      atSlot(160, { type: "recovery" }),
    ],
  });
  world.run();
  assert.equal(world.rare.of("recovery adopted"), 0);
  // All came back in the end, and went on from there.
  assert.ok(world.rare.of("block finalized") > 300);
});
