import { strict as assert } from "node:assert";
import { test } from "node:test";
import { concatBytes, equalBytes } from "../../../src/base/bytes.ts";
import type { Conn } from "../../../src/edge/conn.ts";
import type { BlameCode } from "../../../src/edge/port.ts";
import { encodeSealedHeader } from "../../../src/model/header.ts";
import { blockHashOf, idBytes } from "../../../src/model/ids.ts";
import { chainLimits, syncLimits } from "../../../src/params/limits.ts";
import { ChainServer } from "../../../src/sync/server.ts";
import { Synchronizer } from "../../../src/sync/synchronizer.ts";
import type { Message, MessageOf } from "../../../src/wire/messages.ts";
import {
  type MadeBlock,
  MiniChain,
  MiniStore,
  makeChain,
  miniKeys,
  VirtualTime,
} from "../../support/sync-world.ts";

/** What a peer does with a question; it answers with `say`. */
type Behaviour = (message: Message, say: (message: Message) => void) => void;

interface LinkedPeer {
  readonly conn: Conn;
  readonly behaviour: Behaviour;
  readonly latencyMs: number;
  isOpen: boolean;
  questionCount: number;
  openHeaders: Set<number>;
  openBlocks: Map<number, number>;
}

class World {
  readonly time: VirtualTime;
  readonly chain: MiniChain;
  readonly sync: Synchronizer;
  readonly peers = new Map<Conn, LinkedPeer>();
  readonly blamed: { readonly conn: Conn; readonly code: BlameCode }[] = [];
  private readonly gave = new Map<string, Conn[]>();

  constructor(seed: number, own: readonly MadeBlock[], solo = false) {
    this.time = new VirtualTime(seed);
    this.chain = new MiniChain(own);
    const port = {
      send: (conn: Conn, message: Message) => this.toPeer(conn, message),
      blame: (conn: Conn, code: BlameCode) => {
        this.blamed.push({ conn, code });
        if (code !== "unsolicited") this.close(conn);
      },
    };
    this.sync = new Synchronizer(this.time.env, port, this.chain, { solo });
  }

  join(behaviour: Behaviour, claims: MadeBlock, latencyMs = 20, height?: number): Conn {
    const conn = (this.peers.size + 1) as Conn;
    this.peers.set(conn, {
      conn,
      behaviour,
      latencyMs,
      isOpen: true,
      questionCount: 0,
      openHeaders: new Set(),
      openBlocks: new Map(),
    });
    const { header } = claims.sealed;
    this.sync.onReady(conn, { height: height ?? header.height, headHash: idBytes(header.hash) });
    return conn;
  }

  close(conn: Conn): void {
    const peer = this.peers.get(conn)!;
    if (!peer.isOpen) return;
    peer.isOpen = false;
    this.sync.onClosed(conn);
  }

  /** Until `isDone`; the virtual seconds it took. */
  run(isDone: () => boolean, secondsMax: number): number {
    const from = this.time.clock.monotonicMs;
    const until = from + secondsMax * 1_000;
    while (!isDone()) {
      assert.ok(this.time.step(this.sync, until), `not done in ${secondsMax} s`);
      this.checkBounds();
    }
    return (this.time.clock.monotonicMs - from) / 1_000;
  }

  blamesOf(conn: Conn): BlameCode[] {
    return this.blamed.filter((b) => b.conn === conn).map((b) => b.code);
  }

  private checkBounds(): void {
    const { blocks, bytes } = this.sync["bodies"].load;
    assert.ok(blocks <= syncLimits.bodyWindowBlocks + 1);
    assert.ok(bytes <= syncLimits.bodyWindowBytes + chainLimits.blockBodyBytesMax);
    const ahead = this.chain.bestHeader.height - this.chain.head.height;
    assert.ok(ahead <= syncLimits.headersAheadMax + syncLimits.headersPerMessageMax * 3);
  }

  private toPeer(conn: Conn, message: Message): boolean {
    const peer = this.peers.get(conn)!;
    assert.ok(peer.isOpen, "nothing is sent to who is gone");
    peer.questionCount++;
    if (message.type === "get_headers") {
      assert.ok(message.locator.length / 32 <= syncLimits.locatorMax);
      assert.ok(message.count <= syncLimits.headersPerMessageMax);
    } else if (message.type === "get_blocks") {
      const count = message.hashes.length / 32;
      assert.ok(count >= 1 && count <= syncLimits.blocksPerRequestMax);
      peer.openBlocks.set(message.request, count);
    }
    this.time.after(peer.latencyMs, () => {
      if (!peer.isOpen) return;
      peer.behaviour(message, (answer) => this.fromPeer(peer, answer));
    });
    return true;
  }

  private fromPeer(peer: LinkedPeer, message: Message): void {
    this.time.after(peer.latencyMs, () => {
      if (!peer.isOpen) return;
      if (message.type === "headers") this.sync.onHeaders(peer.conn, message);
      else if (message.type === "block_body") this.onBody(peer.conn, message);
    });
  }

  private onBody(conn: Conn, message: MessageOf<"block_body">): void {
    const key = blockHashOf(message.hash);
    this.gave.set(key, [...(this.gave.get(key) ?? []), conn]);
    // As the node does: it blames the source of what comes back rejected.
    for (const result of this.sync.onBlockBody(conn, message)) {
      if (result.type !== "rejected" || result.source === undefined) continue;
      this.blamed.push({ conn: result.source, code: result.rejection.code });
      this.close(result.source);
    }
  }
}

/** Serves `blocks` as the real server does. */
function honest(blocks: readonly MadeBlock[]): Behaviour {
  const time = new VirtualTime(1);
  const chain = new MiniChain(blocks);
  const store = new MiniStore();
  let say: (message: Message) => void = () => {};
  const port = {
    send: (_: Conn, message: Message) => {
      say(message);
      return true;
    },
    blame: () => assert.fail("an honest server blames nobody here"),
  };
  const server = new ChainServer(time.env, port, chain, store, miniKeys);
  return (message, answer) => {
    say = answer;
    if (message.type === "get_headers") server.onGetHeaders(1 as Conn, message);
    if (message.type === "get_blocks") server.onGetBlocks(1 as Conn, message);
    while (store.asked.length > 0) store.answer(server);
  };
}

const silent: Behaviour = () => {};

/** Honest with headers; `bodies` does what it likes with the rest. */
function withBodies(
  blocks: readonly MadeBlock[],
  bodies: (message: MessageOf<"get_blocks">, say: (message: Message) => void) => void,
): Behaviour {
  const rest = honest(blocks);
  return (message, say) =>
    message.type === "get_blocks" ? bodies(message, say) : rest(message, say);
}

function answersWith(body: (hash: Uint8Array) => Uint8Array | undefined) {
  return ({ request, hashes }: MessageOf<"get_blocks">, say: (message: Message) => void) => {
    for (let at = 0; at < hashes.length; at += 32) {
      const hash = hashes.slice(at, at + 32);
      say({ type: "block_body", request, hash, body: body(hash) });
    }
  };
}

const genesis = makeChain(0);
const long = makeChain(1_500);
const top = long.at(-1)!;
const isAt = (world: World, block: MadeBlock) => () =>
  world.chain.head.hash === block.sealed.header.hash;

test("one honest peer brings the chain to its head, and nobody is blamed", () => {
  const world = new World(1, genesis);
  world.join(honest(long), top);
  assert.equal(world.sync.progress().state, "syncing");
  assert.ok(world.run(isAt(world, top), 60) < 10);
  assert.deepEqual(world.blamed, []);
  assert.equal(world.sync.progress().state, "synced");
});

test("several peers share the bodies", () => {
  const world = new World(2, genesis);
  const conns = [150, 40, 5].map((latencyMs) => world.join(honest(long), top, latencyMs));
  world.run(() => world.sync["bodies"].load.blocks > 300, 10);
  world.run(isAt(world, top), 60);
  for (const conn of conns) {
    const asked = [...world.peers.get(conn)!.openBlocks.values()].reduce((a, b) => a + b, 0);
    assert.ok(asked > 200, `${asked} of 1,500 asked of one of three`);
  }
  assert.throws(() => world.run(() => false, 40));
  assert.deepEqual(world.sync["bodies"].load, { blocks: 0, bytes: 0 });
});

test("two silent liars who claim the most do not stop one honest peer", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World(seed, genesis);
    world.join(silent, top, 20, 1_000_000);
    const honestConn = world.join(honest(long), top);
    world.join(
      withBodies(long, () => {}),
      top,
      1,
      Number.MAX_SAFE_INTEGER,
    );
    assert.ok(world.run(isAt(world, top), 240) < 120, `seed ${seed}`);
    assert.deepEqual(world.blamesOf(honestConn), []);
  }
});

test("a peer that lowers its height or lacks every body only costs one question each", () => {
  const world = new World(3, genesis);
  const liar = world.join(
    withBodies(
      long,
      answersWith(() => undefined),
    ),
    top,
  );
  world.join(honest(long), top);
  assert.ok(world.run(isAt(world, top), 120) < 30);
  assert.deepEqual(world.blamesOf(liar), []);
});

test("a junk body is blamed on its sender and fetched elsewhere", () => {
  const world = new World(4, genesis);
  const liar = world.join(
    withBodies(
      long,
      answersWith(() => new Uint8Array(100)),
    ),
    top,
  );
  const good = world.join(honest(long), top);
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.blamesOf(liar), ["body-mismatch"]);
  assert.deepEqual(world.blamesOf(good), []);
});

test("a peer lost in mid-window is made up for at once", () => {
  const world = new World(5, genesis);
  const first = world.join(
    withBodies(long, () => {}),
    top,
  );
  world.run(() => world.peers.get(first)!.openBlocks.size > 0, 10);
  world.join(honest(long), top);
  world.close(first);
  // Sooner than any timer would have mended it.
  assert.ok(world.run(isAt(world, top), 60) < syncLimits.stallMinMs / 1_000);
});

test("bodies of one answer may come in any order", () => {
  const world = new World(6, genesis);
  const backwards = withBodies(long, ({ request, hashes }, say) => {
    for (let at = hashes.length - 32; at >= 0; at -= 32) {
      const hash = hashes.slice(at, at + 32);
      const block = long.find((b) => equalBytes(idBytes(b.sealed.header.hash), hash))!;
      say({ type: "block_body", request, hash, body: block.body });
    }
  });
  world.join(backwards, top);
  world.run(isAt(world, top), 60);
  assert.deepEqual(world.blamed, []);
});

test("the only peer is asked again with growing waits, and its late answers count", () => {
  const short = makeChain(40);
  const world = new World(7, genesis);
  const serve = honest(short);
  let isAwake = false;
  const sleepy = world.join((message, say) => {
    if (message.type !== "get_blocks" || isAwake) serve(message, say);
  }, short.at(-1)!);
  const peer = world.peers.get(sleepy)!;
  assert.throws(() => world.run(isAt(world, short.at(-1)!), 600));
  assert.ok(peer.openBlocks.size >= 6 && peer.openBlocks.size <= 30, `${peer.openBlocks.size}`);
  isAwake = true;
  world.run(isAt(world, short.at(-1)!), 300);
  assert.deepEqual(world.blamed, []);
});

test("a peer that drips bodies is taken over by an idle one", () => {
  const world = new World(8, genesis);
  const drip = withBodies(long, (message, say) => {
    const one = message.hashes.slice(0, 32);
    const block = long.find((b) => equalBytes(idBytes(b.sealed.header.hash), one))!;
    say({ type: "block_body", request: message.request, hash: one, body: block.body });
  });
  world.join(drip, top, 5);
  world.join(honest(long), top, 30);
  assert.ok(world.run(isAt(world, top), 200) < 60);
});

test("answers that nobody asked for are blamed and change nothing", () => {
  const world = new World(9, genesis);
  const conn = world.join(silent, genesis[0]!);
  world.sync.onHeaders(conn, { type: "headers", request: 77, headers: new Uint8Array(0) });
  const hash = idBytes(top.sealed.header.hash);
  world.sync.onBlockBody(conn, { type: "block_body", request: 5, hash, body: top.body });
  assert.deepEqual(world.blamesOf(conn), ["unsolicited", "unsolicited"]);
  assert.equal(world.chain.head.height, 0);
});

test("headers that break a rule are blamed with its code, unlinked and excess ones as bad fields", () => {
  const bad = long.slice(1, 4).map((b) => encodeSealedHeader(b.sealed));
  const cases: [BlameCode, (count: number) => Uint8Array][] = [
    [
      "header-seal",
      () => {
        const bytes = bad[0]!.slice();
        bytes[356] = 99;
        return bytes;
      },
    ],
    ["bad-field", () => new Uint8Array([...bad[0]!, ...bad[2]!])],
    ["bad-field", () => new Uint8Array(419)],
    ["header-malformed", () => new Uint8Array(420).fill(255)],
    [
      "bad-field",
      (count) =>
        new Uint8Array(
          makeChain(count + 1, 3)
            .slice(1)
            .flatMap((b) => [...encodeSealedHeader(b.sealed)]),
        ),
    ],
  ];
  for (const [code, answer] of cases) {
    const world = new World(10, genesis);
    const conn = world.join((message, say) => {
      if (message.type !== "get_headers") return;
      say({ type: "headers", request: message.request, headers: answer(message.count) });
    }, top);
    world.run(() => world.blamed.length > 0, 5);
    assert.deepEqual(world.blamesOf(conn), [code]);
  }
});

test("a peer that announces what nobody has is asked ever more rarely", () => {
  const world = new World(11, genesis);
  const conn = world.join(honest(genesis), genesis[0]!);
  const peer = world.peers.get(conn)!;
  for (let i = 0; i < 2_000; i++) {
    world.sync.onAnnounced(conn, blockHashOf(new Uint8Array(32).fill(1 + (i % 250))));
    assert.throws(() => world.run(() => false, 0.05));
  }
  assert.ok(peer.questionCount <= 12, `${peer.questionCount} questions in 100 s`);
});

test("headers stay a bounded way ahead while bodies cannot be had, and go on with them", () => {
  const far = makeChain(6_000, 1, undefined, 40);
  const world = new World(12, genesis);
  const conn = world.join(
    withBodies(far, () => {}),
    far.at(-1)!,
  );
  assert.throws(() => world.run(() => false, 120));
  assert.ok(world.chain.bestHeader.height <= syncLimits.headersAheadMax);
  world.close(conn);
  world.join(honest(far), far.at(-1)!);
  assert.ok(world.run(isAt(world, far.at(-1)!), 60) < 20);
});

test("large bodies keep to the byte window", () => {
  const large = makeChain(80, 1, undefined, 1_000_000);
  const world = new World(13, genesis);
  world.join(honest(large), large.at(-1)!);
  world.join(honest(large), large.at(-1)!);
  world.run(isAt(world, large.at(-1)!), 60);
  const counts = [...world.peers.values()].flatMap((peer) => [...peer.openBlocks.values()]);
  assert.ok(Math.max(...counts) <= 1, "one MiB a request");
});

test("a longer branch of another peer is found at the interval and taken", () => {
  const common = makeChain(50);
  const ours = makeChain(5, 2, common);
  const theirs = makeChain(9, 3, common);
  const world = new World(14, ours);
  // It shows a head that we know, and has more.
  world.join(honest(theirs), common.at(-1)!);
  assert.equal(world.sync.progress().state, "synced");
  assert.ok(world.run(isAt(world, theirs.at(-1)!), 60) <= 32);
});

test("progress: lonely without peers unless none are expected; claims do not make it syncing for ever", () => {
  const lonely = new World(15, genesis);
  assert.equal(lonely.sync.progress().state, "lonely");
  assert.equal(new World(15, genesis, true).sync.progress().state, "synced");
  lonely.join(silent, top, 20, 5_000);
  assert.equal(lonely.sync.progress().state, "syncing");
  lonely.run(() => lonely.sync.progress().state === "synced", 25);
  assert.equal(lonely.sync.progress().targetHeight, 5_000);
});

test("blocks per second are those of the last ten seconds", () => {
  const world = new World(16, genesis);
  world.join(honest(long), top, 200);
  world.run(isAt(world, top), 60);
  const rate = world.sync.progress().blocksPerSecond;
  assert.ok(rate > 50 && rate < 10_000, String(rate));
  assert.throws(() => world.run(() => false, 60));
  assert.equal(world.sync.progress().blocksPerSecond, 0);
});

test("random peers that leave, lie and delay never stop one honest peer, nor is it blamed", () => {
  const blocks = makeChain(700, 5);
  const last = blocks.at(-1)!;
  for (let seed = 1; seed <= 25; seed++) {
    const world = new World(seed, genesis);
    const { random } = world.time.env;
    const behaviours: Behaviour[] = [
      silent,
      withBodies(blocks, () => {}),
      withBodies(
        blocks,
        answersWith(() => undefined),
      ),
      withBodies(
        blocks,
        answersWith(() => new Uint8Array(random.below(200))),
      ),
      honest(blocks.slice(0, 300)),
    ];
    const good = world.join(honest(blocks), last, 1 + random.below(300));
    for (let i = 0; i < 5; i++) {
      const conn = world.join(
        behaviours[random.below(5)]!,
        last,
        random.below(500),
        random.below(2_000),
      );
      if (random.below(2) === 0) world.time.after(random.below(20_000), () => world.close(conn));
    }
    world.run(isAt(world, last), 300);
    assert.deepEqual(world.blamesOf(good), [], `seed ${seed}`);
  }
});

test("a peer that repeats headers which we know is not asked for ever", () => {
  const known = makeChain(600);
  const world = new World(17, known);
  const headers = (count: number) =>
    concatBytes(...known.slice(1, count + 1).map((b) => encodeSealedHeader(b.sealed)));
  const conn = world.join(
    (message, say) => {
      if (message.type !== "get_headers") return;
      say({ type: "headers", request: message.request, headers: headers(message.count) });
    },
    top,
    20,
    Number.MAX_SAFE_INTEGER,
  );
  assert.throws(() => world.run(() => false, 25));
  const { questionCount } = world.peers.get(conn)!;
  assert.ok(questionCount <= 3, `${questionCount} questions`);
});

test("headers that come after their time are taken and not blamed", () => {
  const world = new World(18, genesis);
  const serve = honest(long);
  let isFirst = true;
  const conn = world.join((message, say) => {
    const wasFirst = isFirst;
    isFirst = false;
    const late = syncLimits.requestMs + 500;
    if (wasFirst) world.time.after(late, () => serve(message, say));
    else if (message.type === "get_blocks") serve(message, say);
  }, top);
  world.run(() => world.chain.head.height >= 512, 30);
  assert.deepEqual(world.blamesOf(conn), []);
});

test("who claims nothing is asked when those who claim do not deliver", () => {
  const world = new World(19, genesis);
  const serve = honest(long);
  world.join(
    withBodies(long, () => {}),
    top,
  );
  world.join((message, say) => message.type === "get_blocks" && serve(message, say), genesis[0]!);
  assert.ok(world.run(isAt(world, top), 200) < 120);
});
