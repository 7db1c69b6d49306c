import assert from "node:assert/strict";
import { test } from "node:test";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import { type HandshakeResult, HandshakeXX } from "../../../src/noise/handshake-xx.ts";
import { readVectors } from "../crypto/read-vectors.ts";

interface Vector {
  readonly source: string;
  readonly init_prologue: string;
  readonly init_static: string;
  readonly init_ephemeral: string;
  readonly resp_prologue: string;
  readonly resp_static: string;
  readonly resp_ephemeral: string;
  readonly handshake_hash?: string;
  readonly messages: readonly { payload: string; ciphertext: string }[];
}

const { vectors } = readVectors<{ vectors: Vector[] }>(
  "noise/noise-xx-25519-chachapoly-sha256.json",
);

function ends(v: Vector): { initiator: HandshakeXX; responder: HandshakeXX } {
  return {
    initiator: new HandshakeXX({
      role: "initiator",
      prologue: hexBytes(v.init_prologue),
      staticSecret: hexBytes(v.init_static),
      ephemeralSecret: hexBytes(v.init_ephemeral),
      firstPayload: true,
    }),
    responder: new HandshakeXX({
      role: "responder",
      prologue: hexBytes(v.resp_prologue),
      staticSecret: hexBytes(v.resp_static),
      ephemeralSecret: hexBytes(v.resp_ephemeral),
      firstPayload: true,
    }),
  };
}

function checkTransport(
  message: Vector["messages"][number],
  writer: HandshakeResult,
  reader: HandshakeResult,
): void {
  const payload = hexBytes(message.payload);
  const ad = new Uint8Array(0);
  const sealed = new Uint8Array(payload.length + 16);
  writer.send.encrypt(sealed, ad, payload);
  assert.equal(toHex(sealed), message.ciphertext);
  const opened = new Uint8Array(payload.length);
  assert.equal(reader.receive.decrypt(opened, ad, sealed), true);
  assert.equal(toHex(opened), message.payload);
}

for (const v of vectors) {
  test(`the XX vector of ${v.source} is reproduced: handshake, transport and hash`, () => {
    const { initiator, responder } = ends(v);
    v.messages.slice(0, 3).forEach((message, index) => {
      const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator];
      let signed: Uint8Array | undefined;
      const bytes = writer.writeMessage((h) => {
        signed = h;
        return hexBytes(message.payload);
      });
      assert.equal(toHex(bytes), message.ciphertext);
      const read = reader.readMessage(bytes);
      assert.ok(read !== undefined && signed !== undefined);
      assert.equal(toHex(read.payload), message.payload);
      assert.equal(toHex(read.h), toHex(signed), "both ends see one hash before the payload");
    });
    const [ours, theirs] = [initiator.split(), responder.split()];
    assert.equal(toHex(ours.handshakeHash), toHex(theirs.handshakeHash));
    if (v.handshake_hash !== undefined) {
      assert.equal(toHex(ours.handshakeHash), v.handshake_hash);
    }
    v.messages.slice(3).forEach((message, index) => {
      // The writers keep taking turns: message 4 is the responder's.
      if (index % 2 === 0) checkTransport(message, theirs, ours);
      else checkTransport(message, ours, theirs);
    });
  });
}

test("all four public vectors of this protocol are there, two with the final hash", () => {
  assert.equal(vectors.length, 4);
  assert.equal(vectors.filter((v) => v.handshake_hash !== undefined).length, 2);
  assert.ok(vectors.every((v) => v.messages.length >= 5));
});
