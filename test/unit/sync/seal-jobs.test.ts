/**
 * Headers whose seals are checked by jobs beside headers that are judged at once: whatever happens
 * between question and verdict, both nodes know the same, ask the same and blame the same.
 */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { firstBad } from "../../../src/chain/first-bad.ts";
import type { Conn, Job } from "../../../src/edge/conn.ts";
import { encodeSealedHeader, type SealedHeader } from "../../../src/model/header.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import { Synchronizer } from "../../../src/sync/synchronizer.ts";
import type { Message } from "../../../src/wire/messages.ts";
import type { Built } from "../../support/built.ts";
import { cheapSignatures } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";
import { builder, decided } from "../../support/joining-validator.ts";

/** 120 blocks, a set that changes on the way, a branch of 12; the last are of slots to come. */
const start = builder.certified(builder.genesis, 40);
const decision = builder.block(start.at(-1)!, {
  transactions: decided(),
  certificate: builder.certificateFor(start.at(-1)!),
});
const main = [...start, decision, ...builder.certified(decision, 79)];
const fork = main[20]!;
const branch = [builder.block(fork, { slot: fork.slot + 2 })];
while (branch.length < 12) branch.push(builder.block(branch.at(-1)!));
const nowSlot = main.at(-4)!.slot;
const conns = [1, 2, 3, 4, 5].map(sourceOf);

class SealedNode {
  world: ChainWorld;
  sync: Synchronizer;
  /** What it said to peers and of them. */
  readonly said: string[] = [];
  readonly ready = new Set<Conn>();
  readonly open = new Map<Conn, number>();
  /** Seals that it checked itself. */
  checked = 0;
  private readonly sealJobMin: number;

  constructor(sealJobMin: number) {
    this.sealJobMin = sealJobMin;
    this.world = new ChainWorld(builder, this.options);
    this.sync = this.linked();
  }

  join(conn: Conn): void {
    this.ready.add(conn);
    this.sync.onReady(conn, { height: main.length, headHash: idBytes(main.at(-1)!.hash) });
  }

  close(conn: Conn): void {
    this.ready.delete(conn);
    this.open.delete(conn);
    this.sync.onClosed(conn);
  }

  /** Returns the job that the answer waits for, if it does. */
  answer(conn: Conn, headers: readonly SealedHeader[]): Job | undefined {
    const request = this.open.get(conn);
    if (request === undefined) return undefined;
    const before = this.sealJobs();
    this.open.delete(conn);
    const bytes = concatBytes(...headers.map(encodeSealedHeader));
    const height = this.sync.onHeaders(conn, { type: "headers", request, headers: bytes });
    const job = this.sealJobs().find((other) => !before.includes(other));
    if (job === undefined) this.said.push(`${conn} shows ${height}`);
    return job;
  }

  /** The verdict on seals. */
  verify(job: Job): void {
    const at = this.world.jobs.findIndex((other) => other.job === job);
    const [asked] = this.world.jobs.splice(at, 1);
    const results = this.world.chain.onVerified(job, firstBad(cheapSignatures, asked!.check));
    assert.deepEqual(results, []);
    const shown = this.sync.onVerified(job);
    if (shown !== undefined) this.said.push(`${shown.conn} shows ${shown.height}`);
  }

  /** The next bodies of the main chain. */
  execute(count: number): void {
    const { height } = this.world.chain.head;
    for (const block of main.slice(height, height + count)) this.world.body(block);
    this.verifyBodies();
    this.pass(20);
  }

  pass(ms: number): void {
    for (const until = this.world.clock.monotonicMs + ms; ; ) {
      this.world.advance(1);
      this.verifyBodies();
      if (this.sync.deadline <= this.world.clock.monotonicMs) this.sync.tick();
      if (this.world.clock.monotonicMs >= until) return;
    }
  }

  restart(): void {
    this.world.persisted();
    this.world = this.world.restarted(undefined, this.options);
    this.open.clear();
    this.ready.clear();
    this.sync = this.linked();
  }

  knows(): string[] {
    return [...main, ...branch].map(({ hash }) => this.world.chain.node(hash)?.status ?? "-");
  }

  sealJobs(): Job[] {
    return this.world.jobs.filter(({ check }) => check.of === "seals").map(({ job }) => job);
  }

  private get options() {
    return { autoVerify: false, slot: nowSlot, trust: { sealJobMin: this.sealJobMin } };
  }

  private verifyBodies(): void {
    for (let at = 0; at < this.world.jobs.length; ) {
      if (this.world.jobs[at]!.check.of === "body") this.world.verify(at);
      else at++;
    }
  }

  private linked(): Synchronizer {
    const { env, chain } = this.world;
    const { verify } = env.signatures;
    const counting: typeof verify = (...args) => {
      this.checked++;
      return verify(...args);
    };
    Object.assign(env, { signatures: { ...env.signatures, verify: counting } });
    const port = {
      send: (conn: Conn, message: Message) => {
        if (message.type !== "get_headers") return true;
        this.open.set(conn, message.request);
        this.said.push(`${conn} asked from ${Buffer.from(message.locator).toString("hex")}`);
        return true;
      },
      blame: (conn: Conn, code: string) => {
        this.said.push(`${conn} ${code}`);
        if (code !== "unsolicited") this.close(conn);
      },
    };
    return new Synchronizer(env, port, chain, { solo: false });
  }
}

function withBadSeals(run: readonly Built[], bad: readonly number[]): SealedHeader[] {
  return run.map(({ sealed }, index) => {
    if (!bad.includes(index)) return sealed;
    const seal = sealed.seal.slice();
    seal[index % 64]! ^= 1;
    return { ...sealed, seal };
  });
}

const step = fc.record({
  how: fc.constantFrom(...words("answer 6 verdict 6 execute 2 join 2 wait 2 close 1 restart 1")),
  pick: fc.nat(1_000),
  from: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.nat(main.length)),
  count: fc.oneof(fc.constant(main.length), fc.integer({ min: 0, max: 60 })),
  isBranch: fc.nat(9).map((n) => n === 0),
  bad: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(fc.nat(60), { maxLength: 2 })),
});

/** "a 2 b 1": a, a, b. */
function words(weights: string): string[] {
  const each = weights.matchAll(/(\w+) (\d+)/g);
  return [...each].flatMap(([, word, count]) => Array<string>(Number(count)).fill(word!));
}

test("jobs and the import itself make the same tree, questions and blame of any answers", () => {
  let waited = 0;
  const seen = new Set<string>();
  const property = fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
    const byJobs = new SealedNode(1);
    const atOnce = new SealedNode(Number.POSITIVE_INFINITY);
    const both = [byJobs, atOnce];
    /** What `atOnce` is given when the verdict comes. */
    const pending = new Map<Job, { readonly conn: Conn; readonly headers: SealedHeader[] }>();
    for (const node of both) for (const conn of conns.slice(0, 3)) node.join(conn);
    let joined = 3;
    let isRestarted = false;
    for (const { how, pick, from, count, isBranch, bad } of steps) {
      if (how === "join" && byJobs.ready.size < 5) {
        const conn = sourceOf(++joined);
        for (const node of both) node.join(conn);
      } else if (how === "answer") {
        const to = [...byJobs.open.keys()][pick % byJobs.open.size];
        if (to === undefined) continue;
        // Where honest peers begin, or anywhere.
        const at = from ?? Math.min(byJobs.world.chain.bestHeader.height, main.length);
        const run = isBranch ? branch.slice(0, count) : main.slice(at, at + count);
        const headers = withBadSeals(run, bad);
        const job = byJobs.answer(to, headers);
        if (job === undefined) atOnce.answer(to, headers);
        else pending.set(job, { conn: to, headers });
        assert.ok(byJobs.sealJobs().length <= syncLimits.headerPeersMax);
      } else if (how === "verdict") {
        const jobs = byJobs.sealJobs();
        const job = jobs[pick % jobs.length];
        if (job === undefined) continue;
        byJobs.verify(job);
        const given = pending.get(job);
        pending.delete(job);
        if (given === undefined) continue;
        waited++;
        atOnce.answer(given.conn, given.headers);
      } else if (how === "close") {
        const conn = [...byJobs.ready][pick % byJobs.ready.size];
        if (conn === undefined) continue;
        for (const node of both) node.close(conn);
        for (const [job, given] of pending) if (given.conn === conn) pending.delete(job);
      } else if (how === "restart" && !isRestarted) {
        isRestarted = true;
        for (const node of both) node.restart();
        pending.clear();
      } else if (how === "execute") for (const node of both) node.execute(pick % 50);
      else if (how === "wait") for (const node of both) node.pass(pick);
      assert.deepEqual(byJobs.knows(), atOnce.knows());
      assert.deepEqual(byJobs.said, atOnce.said);
    }
    for (const said of byJobs.said) seen.add(said.split(" ")[1]!);
    for (const status of byJobs.knows()) seen.add(status);
  });
  fc.assert(property, { seed: 11, numRuns: 150, includeErrorInReport: true, endOnFailure: true });
  assert.ok(waited > 200, `${waited} runs waited`);
  for (const what of ["asked", "shows", "header-seal", "header", "executed"]) {
    assert.ok(seen.has(what), `${what} occurred, among ${[...seen]}`);
  }
});

test("a seal that a job found good is not checked again, one behind a bad one is not believed", () => {
  const node = new SealedNode(1);
  node.join(conns[0]!);
  const job = node.answer(conns[0]!, withBadSeals(main.slice(0, 30), [12, 20]));
  node.verify(job!);
  assert.equal(node.checked, 1, "the bad one alone");
  assert.ok(node.said.includes(`${conns[0]} header-seal`));
  assert.equal(node.world.chain.bestHeader.height, 12);
});

test("a good seal vouches for no other seal of the same header", () => {
  const node = new SealedNode(1);
  for (const conn of conns.slice(0, 2)) node.join(conn);
  const job = node.answer(conns[0]!, withBadSeals(main.slice(0, 30), []));
  node.close(conns[0]!);
  node.verify(job!);
  assert.equal(node.world.chain.bestHeader.height, 0, "nobody waits for them any more");
  node.verify(node.answer(conns[1]!, withBadSeals(main.slice(0, 30), [0]))!);
  assert.ok(node.said.includes(`${conns[1]} header-seal`));
  assert.equal(node.world.chain.bestHeader.height, 0);
});

test("jobs of connections that were closed count: more headers are judged at once", () => {
  const node = new SealedNode(1);
  for (const conn of conns) {
    node.join(conn);
    node.answer(conn, withBadSeals(main.slice(0, 10), []));
    if (node.world.chain.bestHeader.height === 0) node.close(conn);
  }
  assert.equal(node.sealJobs().length, syncLimits.headerPeersMax);
  assert.equal(node.world.chain.bestHeader.height, 10);
});

test("headers that only a stranger could have sealed are judged without a job", () => {
  const node = new SealedNode(1);
  node.join(conns[0]!);
  const lie = { sealer: main[1]!.sealed.header.sealer };
  const run = [builder.block(builder.genesis, { lie })];
  while (run.length < 20) run.push(builder.block(run.at(-1)!));
  assert.equal(node.answer(conns[0]!, withBadSeals(run, [])), undefined);
  assert.equal(node.checked, 0);
  assert.ok(node.said.includes(`${conns[0]} header-sealer`));
});

test("a node whose first headers wait for their seals does not think itself in step", () => {
  const node = new SealedNode(1);
  node.join(conns[0]!);
  const job = node.answer(conns[0]!, withBadSeals(main.slice(0, 30), []));
  assert.equal(node.sync.progress().state, "syncing");
  node.verify(job!);
  assert.equal(node.sync.progress().state, "syncing");
  assert.equal(node.world.chain.bestHeader.height, 30);
});
