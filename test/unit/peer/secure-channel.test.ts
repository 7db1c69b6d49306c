import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { concatBytes, copyBytes, writeU24 } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { CipherState } from "../../../src/noise/cipher-state.ts";
import { type OpenedFrame, SecureChannel } from "../../../src/peer/secure-channel.ts";
import { WireError } from "../../../src/wire/errors.ts";
import { recordFrame, verifyRecordedFrame } from "../../../src/wire/recorded-frame.ts";
import { genesisHash, seeded, seedOf } from "../../support/session-pair.ts";

const keyAB = new Uint8Array(32).fill(0xab);
const keyBA = new Uint8Array(32).fill(0xba);
const handshakeHash = new Uint8Array(32).fill(0x44);

function channel(isInitiator: boolean, over: { handshakeHash?: Uint8Array; seed?: number } = {}) {
  const [self, peer] = isInitiator ? [1, 2] : [2, 1];
  return new SecureChannel({
    signatures: ed25519,
    isInitiator,
    genesisHash,
    handshakeHash: over.handshakeHash ?? handshakeHash,
    nodeSeed: seedOf(over.seed ?? self),
    nodeId: ed25519.publicKey(seedOf(self)),
    peerNodeId: ed25519.publicKey(seedOf(peer)),
    send: new CipherState(isInitiator ? keyAB : keyBA),
    receive: new CipherState(isInitiator ? keyBA : keyAB),
  });
}

/** Reads `bytes` in pieces of at most `pieceMax`; returns the frames they completed. */
function readAll(to: SecureChannel, bytes: Uint8Array, cut = () => bytes.length): OpenedFrame[] {
  const frames: OpenedFrame[] = [];
  for (let from = 0; from < bytes.length; ) {
    const piece = bytes.slice(from, from + cut());
    from += piece.length;
    for (let at = 0; at < piece.length; ) {
      const result = to.read(piece, at);
      at = result.at;
      if (result.step.type === "frame") frames.push(result.step.frame);
    }
    piece.fill(0xee);
  }
  return frames;
}

const fails = (code: string) => (error: unknown) =>
  error instanceof WireError && error.code === code;

const payloadOf = (bytes: number, fill = 1): Uint8Array => new Uint8Array(bytes).fill(fill);

describe("a secure channel", () => {
  test("carries payloads of every shape of body, cut anywhere", () => {
    const below = seeded(4);
    const sizes = [3, 64, 65_454, 65_455, 65_456, 65_519, 65_520, 131_000, 524_087, 524_088];
    const from = channel(true);
    const to = channel(false);
    for (const size of sizes) {
      const payload = Uint8Array.from({ length: size }, (_, i) => i * 31);
      const most = size < 1_000 ? 7 : 70_000;
      const [frame] = readAll(to, from.seal(0, payload), () => 1 + below(most));
      assert.deepEqual(frame?.payload, payload, `${size} bytes`);
      assert.equal(to.isReading, false);
    }
    assert.equal(to.openedCount, sizes.length);
  });

  test("opens a payload that shares no memory with what was read", () => {
    const bytes = channel(true).seal(0, payloadOf(50));
    const [frame] = readAll(channel(false), bytes);
    bytes.fill(0);
    assert.deepEqual(frame?.payload, payloadOf(50));
  });

  test("refuses every changed bit of a frame, and opens nothing after it", () => {
    const sealed = channel(true).seal(0, payloadOf(20));
    for (let bit = 0; bit < 8 * sealed.length; bit += 3) {
      const changed = copyBytes(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const to = channel(false);
      let opened = 0;
      try {
        // A length made longer only makes the reader wait, for what then is not authentic.
        opened = readAll(to, concatBytes(changed, new Uint8Array(524_280))).length;
        assert.fail(`bit ${bit} passed`);
      } catch (error) {
        assert.ok(error instanceof WireError, `bit ${bit}: ${error}`);
      }
      assert.equal(opened, 0);
    }
  });

  test("refuses frames that are replayed, dropped, reordered or reflected", () => {
    const from = channel(true);
    const [a, b] = [from.seal(0, payloadOf(9, 1)), from.seal(0, payloadOf(9, 2))];
    assert.throws(() => readAll(channel(false), concatBytes(a, a)), fails("decrypt-failed"));
    assert.throws(() => readAll(channel(false), b), fails("decrypt-failed"));
    assert.throws(() => readAll(channel(false), concatBytes(b, a)), fails("decrypt-failed"));
    assert.throws(() => readAll(channel(true), a), fails("decrypt-failed"));
  });

  test("refuses two full frames joined under one header", () => {
    const from = channel(true);
    const [a, b] = [from.seal(0, payloadOf(65_455)), from.seal(0, payloadOf(65_455))];
    assert.equal(a.length, 8 + 65_535);
    const joined = concatBytes(a, b.subarray(8));
    writeU24(joined, 5, 2 * 65_535);
    assert.throws(() => readAll(channel(false), joined), fails("decrypt-failed"));
  });

  test("refuses a frame of another session or signed by another key", () => {
    const elsewhere = channel(true, { handshakeHash: new Uint8Array(32) }).seal(0, payloadOf(9));
    assert.throws(() => readAll(channel(false), elsewhere), fails("bad-frame-signature"));
    const thief = channel(true, { seed: 3 }).seal(0, payloadOf(9));
    assert.throws(() => readAll(channel(false), thief), fails("bad-frame-signature"));
  });

  test("refuses a header that claims too much, before anything is allocated for it", () => {
    const header = channel(true).seal(0, payloadOf(9)).subarray(0, 8);
    for (const [bytes, code] of [
      [524_281, "frame-too-large"],
      [0xffffff, "frame-too-large"],
      [82, "frame-length-impossible"],
      [65_535 + 16, "frame-length-impossible"],
    ] as const) {
      const wrong = copyBytes(header);
      writeU24(wrong, 5, bytes);
      assert.throws(() => channel(false).read(wrong, 0), fails(code), `${bytes}`);
    }
    const foreign = copyBytes(header);
    foreign[3]! ^= 1;
    assert.throws(() => channel(false).read(foreign, 0), fails("bad-frame-header"));
  });

  test("holds no more than the first Noise message until that is authentic", () => {
    const large = copyBytes(channel(true).seal(0, payloadOf(524_088)));
    large[100]! ^= 1;
    const to = channel(false);
    to.read(large, 0);
    const before = process.memoryUsage().arrayBuffers;
    assert.throws(() => to.read(large, 8), fails("decrypt-failed"));
    assert.ok(process.memoryUsage().arrayBuffers - before < 200_000);
  });

  test("stays in step over the rekeying after 1,024 Noise messages", () => {
    const from = channel(true);
    const to = channel(false);
    const plain = channel(true);
    for (let n = 1; n <= 1_026; n++) {
      const frame = from.seal(0, payloadOf(5, n));
      if (n === 1_024 || n === 1_025) {
        const unrekeyed = new CipherState(keyAB);
        unrekeyed.nonce = n - 1;
        const opens = unrekeyed.decrypt(
          new Uint8Array(frame.length),
          frame.subarray(0, 8),
          frame.subarray(8),
        );
        assert.equal(opens, n === 1_024, `the first key opens message ${n}`);
      }
      const [opened] = readAll(to, frame);
      assert.equal(opened?.sequence, n - 1);
      assert.deepEqual(opened?.payload, payloadOf(5, n));
    }
    // A frame of eight Noise messages may cross the border in its middle.
    const across = channel(false);
    for (let n = 0; n < 1_020; n++) readAll(across, plain.seal(0, payloadOf(5)));
    const [frame] = readAll(across, plain.seal(0, payloadOf(524_088, 7)));
    assert.deepEqual(frame?.payload, payloadOf(524_088, 7));
    assert.equal(readAll(across, plain.seal(0, payloadOf(5))).length, 1);
  });

  test("gives evidence of a frame that a third party can check", () => {
    const from = channel(true);
    const to = channel(false);
    const payload = Uint8Array.of(0x91, 0x92, 5, 9); // [[get_peers, 9]]
    const [frame] = readAll(to, from.seal(0, payload));
    assert.ok(frame);
    const record = recordFrame(to.fieldsOf(frame), frame.payload, frame.signature);
    const verdict = verifyRecordedFrame(record, ed25519);
    assert.ok(verdict.ok);
    assert.deepEqual(verdict.messages, [{ type: "get_peers", count: 9 }]);
    assert.equal(verifyRecordedFrame({ ...record, sequence: 1 }, ed25519).ok, false);
  });

  test("delivers any sequence of payloads in order over any cuts", () => {
    const sizes = fc.array(fc.integer({ min: 3, max: 3_000 }), { minLength: 1, maxLength: 8 });
    const property = fc.property(sizes, fc.integer({ min: 1, max: 500 }), (list, cut) => {
      const from = channel(true);
      const payloads = list.map((size, i) => payloadOf(size, i + 1));
      const stream = concatBytes(...payloads.map((payload) => from.seal(0, payload)));
      const frames = readAll(channel(false), stream, () => cut);
      assert.deepEqual(
        frames.map((frame) => frame.payload),
        payloads,
      );
    });
    fc.assert(property, { seed: 1, numRuns: 40 });
  });
});
