import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { decodeOpening, networkMagic, noMagic, type Opening } from "../../../src/wire/opening.ts";
import { genesisHash, networkFile, SessionPair } from "../../support/session-pair.ts";
import { dialler, listener, opening } from "./opening-fixture.ts";

describe("an opening", () => {
  test("of another network is refused on the first byte that differs", () => {
    const magic = networkMagic(genesisHash);
    for (let at = 0; at < 4; at++) {
      const side = listener();
      const wrong = magic.slice(0, at + 1);
      wrong[at]! ^= 1;
      for (const [i, byte] of wrong.entries()) {
        assert.equal(side.failure, undefined, `byte ${i}`);
        side.receive(Uint8Array.of(byte));
      }
      assert.equal(side.failure, "wrong-network");
      assert.equal(side.session.take(65_536), undefined, "a stranger gets no answer");
    }
    const side = listener();
    side.receive(new TextEncoder().encode("G"));
    assert.equal(side.failure, "wrong-network");
    const other = new SessionPair({ dialler: { genesisHash: new Uint8Array(32) } });
    other.run();
    assert.equal(other.listener.failure, "wrong-network");
  });

  test("without a common version is answered with ours and none", () => {
    const side = listener();
    const range = { versionMin: 2, versionMax: 3, version: 2 };
    side.receive(concatBytes(opening(range), new Uint8Array(32)));
    assert.equal(side.failure, "no-common-version");
    const answer = decodeOpening(side.session.take(65_536)!);
    assert.deepEqual([answer.version, answer.flightBytes], [0, 0]);
    assert.equal(side.session.hasOutput, false);
    const initiator = dialler();
    initiator.session.take(65_536);
    initiator.receive(opening({ role: "responder", version: 0, flightBytes: 0 }));
    assert.equal(initiator.failure, "no-common-version");
  });

  test("with a flight of a later version is passed over and may begin again in ours", () => {
    for (const flightBytes of [0, 1, 1_000, 2_048]) {
      const side = listener();
      const first = opening({ versionMax: 2, version: 2, flightBytes });
      side.receive(concatBytes(first, new Uint8Array(flightBytes).fill(0xaa)));
      const answer = decodeOpening(side.session.take(65_536)!);
      assert.deepEqual([answer.version, answer.flightBytes, side.failure], [1, 0, undefined]);
      assert.equal(side.session.phase, "opening");
      side.receive(dialler().session.take(65_536)!);
      assert.equal(side.session.take(65_536)!.length > 200, true);
    }
    const twice = listener();
    const other = opening({ versionMax: 2, version: 2, flightBytes: 0 });
    twice.receive(concatBytes(other, other));
    assert.equal(twice.failure, "handshake-failed");
  });

  test("with a range beyond ours is still spoken to in our version", () => {
    const side = listener();
    side.receive(concatBytes(opening({ versionMax: 0x1a1a }), new Uint8Array(32).fill(9)));
    assert.equal(side.failure, undefined);
    assert.equal(decodeOpening(side.session.take(65_536)!.subarray(0, 16)).version, 1);
  });

  test("of the wrong role or with a wrong flight is refused", () => {
    const wrong: Partial<Opening>[] = [
      { role: "responder" },
      { flightBytes: 31 },
      { flightBytes: 33 },
      { flightBytes: 0 },
    ];
    for (const fields of wrong) {
      const side = listener();
      side.receive(opening(fields));
      assert.equal(side.failure, "bad-opening", JSON.stringify(fields));
    }
    const crossed = dialler();
    crossed.receive(dialler().session.take(65_536)!);
    assert.equal(crossed.failure, "bad-opening", "both sides dialled");
    for (const flightBytes of [0, 192, 96 + 1_025]) {
      const initiator = dialler();
      initiator.receive(opening({ role: "responder", flightBytes }));
      assert.equal(initiator.failure, "bad-opening", `message 2 of ${flightBytes}`);
    }
    const zeros = listener();
    const initiatorWithoutNetwork = opening({});
    initiatorWithoutNetwork.set(noMagic);
    zeros.receive(initiatorWithoutNetwork);
    assert.equal(zeros.failure, "bad-opening");
  });

  test("that asks for the genesis gets the network file and the end", () => {
    const side = listener();
    const request = opening({ magic: noMagic, role: "genesis-request", flightBytes: 0 });
    for (const byte of request) side.receive(Uint8Array.of(byte));
    assert.deepEqual(side.types, ["ended"]);
    assert.equal(side.session.phase, "closing");
    const answer = side.session.take(65_536)!;
    assert.deepEqual(answer.subarray(0, 4), Uint8Array.of(0, 0, 0, networkFile.length));
    assert.deepEqual(answer.subarray(4), networkFile);
    side.receive(request);
    assert.equal(side.session.take(65_536), undefined);
    assert.deepEqual(side.types, ["ended"]);
  });
});

test("whatever a stranger sends, a session fails once and throws nothing", () => {
  for (let first = 0; first < 256; first++) {
    const side = listener();
    for (let n = 0; n < 3; n++) side.receive(new Uint8Array(97).fill(first));
    assert.deepEqual(side.types, ["failed"]);
  }
});
