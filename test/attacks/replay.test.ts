/** Threat table 14, 15, 16: what was once good, sent again, elsewhere, or back. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { join, unhex } from "../support/independent-decoder/bytes.ts";
import { RawClient } from "../support/raw-client.ts";
import { payloadOf, say } from "./client.ts";
import { Dialled, type Lie } from "./client-handshake.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

const ping = () => payloadOf(say("ping", randomBytes(8), 1));

test("row 14: a frame sent again, later, or out of its place ends the session", async (t) => {
  await stage.attack(t, async () => {
    for (const between of [0, 1, 10]) {
      await stage.offends(`again after ${between}`, "decrypt-failed", async (client) => {
        const frame = client.frame(0, ping());
        client.raw.write(frame);
        for (let sent = 0; sent < between; sent++) await client.ping();
        client.raw.write(frame);
      });
    }
    await stage.offends("swapped", "decrypt-failed", (client) => {
      const first = client.frame(0, ping());
      client.raw.write(join(client.frame(0, ping()), first));
    });
    await stage.offends("one left out", "decrypt-failed", (client) => {
      client.frame(0, ping());
      client.sendPayload(ping());
    });
  });
});

test("row 15: what is signed for one session is worth nothing in another", async (t) => {
  const other = await stage.connect();
  const captured = other.frame(0, ping());
  await stage.attack(t, async () => {
    await stage.offends("ciphertext of another session", "decrypt-failed", (client) =>
      client.raw.write(captured),
    );
    const bends = [
      { handshakeHash: other.keys.handshakeHash },
      { genesisHash: randomBytes(32) },
      { recipient: randomBytes(32) },
      { fromInitiator: false },
      { sequence: 1_000 },
      { seed: randomBytes(32) },
      { signature: randomBytes(64) },
    ];
    for (const bend of bends) {
      await stage.offends(
        `signed with another ${Object.keys(bend)[0]}`,
        "bad-frame-signature",
        (c) => c.raw.write(c.frame(0, ping(), bend)),
      );
    }
    const lies: readonly Lie[] = [
      { signed: { genesisHash: randomBytes(32) } },
      { signed: { peerNodeId: randomBytes(32) } },
      { signed: { h: other.keys.handshakeHash } },
      { signed: { noiseStatic: randomBytes(32) } },
    ];
    for (const lie of lies) {
      const dialled = await Dialled.begin(stage.target);
      dialled.raw.write(dialled.message3(lie));
      await dialled.raw.closed;
      assert.equal(dialled.raw.received.length, 0, "no frame for who is not proven");
    }
  });
  other.destroy();
});

test("row 15: a whole handshake recorded and played again is no handshake", async (t) => {
  await stage.attack(t, async () => {
    const dialled = await Dialled.begin(stage.target);
    const message3 = dialled.message3();
    dialled.raw.write(message3);
    await dialled.raw.read(91);
    const again = await Dialled.begin(stage.target);
    again.raw.write(message3);
    await again.raw.closed;
    assert.equal(again.raw.received.length, 0);
    dialled.raw.destroy();
  });
});

test("row 16: a mirror gets nowhere, before the handshake and after it", async (t) => {
  await stage.attack(t, async () => {
    for (let at = 0; at < 20; at++) {
      await stage.offends("the node's own frame", /^(decrypt-failed|frame|bad-flags)/, (client) =>
        client.raw.write(client.lastBytes),
      );
    }
    // Message 2 of one connection as message 3 of another, and to itself.
    const dialled = await Dialled.begin(stage.target);
    const other = await RawClient.dial(stage.target.port);
    other.write(dialled.opening);
    const answer = await other.read(16);
    const message2 = await other.read((answer[12]! << 8) | answer[13]!);
    dialled.raw.write(join(Uint8Array.of(message2.length >> 8, message2.length & 255), message2));
    await dialled.raw.closed;
    // Its own opening and ephemeral key back, as a dial to itself would look.
    other.write(join(answer, message2));
    await other.closed;
  });
  const nodeId = unhex(String((await stage.victim.info())["nodeId"]));
  const mirror = await Dialled.begin(stage.target);
  mirror.raw.write(mirror.message3({ nodeId }));
  await mirror.raw.closed;
  await stage.isUnharmed("its own identity");
});
