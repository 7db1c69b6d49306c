/** Threat table 19, 20, 59: who is who: ourselves, doubles, thieves, and whom a ban may hit. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { hex, unhex } from "../support/independent-decoder/bytes.ts";
import { edPublic } from "../support/independent-decoder/crypto.ts";
import { until } from "../support/program.ts";
import { Client, say } from "./client.ts";
import { Dialled, type Target } from "./client-handshake.ts";
import { Listener } from "./client-listener.ts";
import { HonestClient } from "./honest-client.ts";
import { Stage } from "./stage.ts";

const crossings = 12;
interface Double {
  readonly listener: Listener;
  readonly seed: Uint8Array;
  readonly own: Client[];
}
const doubles: Double[] = [];
let stage: Stage;

/** Peers that the victim dials at its start, and that dial it in the same moment. */
before(async () => {
  stage = await Stage.start({
    dials: async (target) => {
      for (let at = 0; at < crossings; at++) doubles.push(await doubleOf(target));
      return doubles.map(({ listener }) => `127.0.0.1:${listener.port}`);
    },
  });
});

async function doubleOf(target: Target): Promise<Double> {
  const [seed, bootId] = [randomBytes(32), randomBytes(8)];
  const own: Client[] = [];
  const onDialled = () => {
    const crossed = Client.greet(target, { seed, hello: { bootId } });
    // Turned away in the middle of it: the other connection stays, then.
    crossed.then((client) => own.push(client)).catch(() => {});
  };
  const { genesisHash } = target;
  const options = { genesisHash, seed, hello: { bootId }, host: "127.0.0.1", onDialled };
  return { listener: await Listener.open(options), seed, own };
}

after(async () => {
  for (const { listener } of doubles) listener.close();
  await stage?.end();
});

interface PeerView {
  readonly nodeId: string | null;
  readonly address: string;
  readonly direction: string;
}

async function peers(): Promise<readonly PeerView[]> {
  return (await stage.victim.get("/api/peers"))["peers"] as readonly PeerView[];
}

test("row 20: two who dial each other at once keep one connection", async (t) => {
  const victimId = String((await stage.victim.info())["nodeId"]);
  const isSettled = async () => {
    const all = await peers();
    // The second node hears of them too, and dials them.
    const isWithVictim = ({ isOpen, keys }: Client) => isOpen && hex(keys.peerNodeId) === victimId;
    const counts = doubles.map(({ own, listener }) => {
      const all = [...own, ...listener.open().map(({ client }) => client)];
      return all.filter(isWithVictim).length;
    });
    const views = doubles.map(
      (_, at) => all.filter(({ nodeId }) => nodeId === hex(idOf(at))).length,
    );
    return (counts.every((n) => n === 1) && views.every((n) => n === 1)) || undefined;
  };
  await until("each pair has one connection", isSettled, [stage.victim.program]);
  const inbound = (await peers()).filter(({ direction, nodeId }) => {
    const isDouble = doubles.some((_, at) => hex(idOf(at)) === nodeId);
    return isDouble && direction === "inbound";
  }).length;
  const kept = `the smaller id's dial stayed: ${crossings - inbound} by the node, ${inbound} by them`;
  t.diagnostic(`${t.name}: ${crossings} crossed dials, ${kept}`);
  await stage.isUnharmed(t.name);
});

const idOf = (at: number) => edPublic(doubles[at]!.seed);

test("row 20: a stolen id without its key displaces nobody", async (t) => {
  const { client } = stage.honest;
  await stage.attack(t, async () => {
    for (let at = 0; at < 50; at++) {
      const dialled = await Dialled.begin(stage.target);
      dialled.raw.write(dialled.message3({ nodeId: client.keys.nodeId }));
      await dialled.raw.closed;
    }
    assert.ok(client.isOpen, "the one whose id it is stays");
  });
});

test("row 20: an identity that dials 200 times holds one connection, also as a restarted process", async (t) => {
  const seed = randomBytes(32);
  const bootId = randomBytes(8);
  await stage.attack(t, async () => {
    const first = await stage.connect({ seed, hello: { bootId } });
    for (let at = 0; at < 150; at++) {
      const again = await Client.greet(stage.target, { seed, hello: { bootId } });
      assert.equal((await again.next("disconnect"))["code"], "duplicate");
      again.destroy();
    }
    assert.ok(first.isOpen, "the standing one stays");
    const name = hex(first.keys.nodeId);
    let last = first;
    for (let at = 0; at < 50; at++) {
      const restarted = await stage.connect({ seed });
      assert.equal((await last.next("disconnect"))["code"], "duplicate");
      last = restarted;
    }
    await last.ping();
    const mine = (await peers()).filter(({ nodeId }) => nodeId === name);
    assert.equal(mine.length, 1);
    last.destroy();
  });
});

test("row 19: 1,000 who claim to be the node itself cost neither log nor slots", async (t) => {
  const nodeId = unhex(String((await stage.victim.info())["nodeId"]));
  const logged = () => stage.victim.program.err.length;
  const loggedBefore = logged();
  const peersBefore = (await peers()).length;
  await stage.attack(
    t,
    async () => {
      const lane = async () => {
        for (let at = 0; at < 125; at++) {
          const dialled = await Dialled.begin(stage.target);
          dialled.raw.write(dialled.message3({ nodeId }));
          await dialled.raw.closed;
        }
      };
      await Promise.all(Array.from({ length: 8 }, lane));
    },
    { told: () => `${logged() - loggedBefore} bytes of log` },
  );
  assert.ok(logged() - loggedBefore < 2_000_000, "1 MiB for a kind of line, at level debug too");
  assert.ok((await peers()).length <= peersBefore, "no slot is held");
});

test("row 59: an address is not banned for what somebody behind it does", async (t) => {
  const localAddress = "127.59.1.1";
  // Two handshakes each, within the burst that one address has.
  const villains = 12;
  const neighbour = await HonestClient.connect(stage.target, { localAddress });
  let banned = 0;
  await stage.attack(
    t,
    async () => {
      for (let at = 0; at < villains; at++) {
        const villain = await stage.connect({ localAddress });
        villain.sendPayload(Uint8Array.of(0xc1, 0xc1, 0xc1));
        assert.match(await villain.goodbye(), /^malformed-message/);
        const again = await Client.greet(stage.target, { localAddress, seed: villain.keys.seed });
        if ((await again.next("disconnect"))["code"] === "banned") banned++;
        again.destroy();
      }
      await neighbour.client.ping();
      const newcomer = await HonestClient.connect(stage.target, { localAddress });
      await newcomer.client.ping();
      newcomer.client.destroy();
    },
    { told: () => `${banned} identities turned away, neighbours at the same address served` },
  );
  assert.equal(banned, villains, "the identity is turned away");
  neighbour.client.destroy();
});

test("row 59: 1,200 banned identities are no burden, and the list forgets", async (t) => {
  await stage.attack(t, async () => {
    let at = 0;
    const lane = async () => {
      while (at++ < 1_200) {
        // Loopback itself is under no rate, so that it can be done in seconds.
        const villain = await Client.greet(stage.target);
        villain.send(say("get_peers", 0));
        await villain.raw.closed;
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
  });
});
