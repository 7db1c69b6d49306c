/**
 * What the independent decoder says of each kind of vector case. A judge throws an AssertionError
 * when it disagrees with a case; there is a judge for every kind of every file.
 */
import assert from "node:assert/strict";
import { hex, join, pattern, same, u16, unhex, zeros } from "./bytes.ts";
import { edPublic, edSign, edVerify, sha256, tag16, tagged } from "./crypto.ts";
import { faultOf } from "./fault.ts";
import { Direction, readHeader, verifyRecord } from "./frames.ts";
import { readHello } from "./hello.ts";
import { authPreimage, Handshake, type Side } from "./noise.ts";
import { judgeAsInitiator, judgeAsResponder, magicOf, readOpening, roles } from "./opening.ts";
import { type Message, messageRules, readPayload, writePayload } from "./payload.ts";

/** Values of a case by name; each judge knows which it has. */
// biome-ignore lint/suspicious/noExplicitAny: a case is what a JSON file says
export type Case = Readonly<Record<string, any>>;
export type Judge = (c: Case) => void;

/** The case gives either what `read` makes of it, or the code of a fault. */
export function orFault(c: Case, read: () => void): void {
  if (c["error"] === undefined) read();
  else assert.equal(faultOf(read), c["error"], c["name"]);
}

export const hashing: Readonly<Record<string, Judge>> = {
  tag: (c) => assert.equal(hex(tag16(c["tag"])), c["bytes"]),
  hash: (c) => assert.equal(hex(tagged(c["tag"], unhex(c["input"]))), c["digest"]),
  signature: (c) => {
    const good = edVerify(unhex(c["publicKey"]), unhex(c["message"]), unhex(c["signature"]));
    assert.equal(good, c["valid"]);
  },
};

function openingCase(c: Case): void {
  orFault(c, () => {
    const { magic, role, ...rest } = readOpening(unhex(c["bytes"]));
    assert.equal(hex(magic), c["magic"]);
    assert.equal(roles[role], c["role"]);
    for (const [name, value] of Object.entries(rest)) assert.equal(value, c[name], name);
  });
}

export const openings: Readonly<Record<string, Judge>> = {
  magic: (c) => assert.equal(hex(magicOf(unhex(c["genesisHash"]))), c["magic"]),
  opening: openingCase,
  read: openingCase,
  judged: (c) => {
    const judge = c["by"] === "responder" ? judgeAsResponder : judgeAsInitiator;
    orFault(c, () => assert.equal(judge(unhex(c["bytes"])), c["verdict"]));
  },
};

export const hello: Readonly<Record<string, Judge>> = {
  hello: (c) => orFault(c, () => assert.deepEqual(readHello(unhex(c["bytes"])), c["hello"])),
};

export const auth: Readonly<Record<string, Judge>> = {
  auth: (c) => {
    const preimage = authPreimage({
      genesisHash: unhex(c["genesisHash"]),
      role: roles.indexOf(c["role"]),
      h: unhex(c["h"]),
      noiseStatic: unhex(c["noiseStatic"]),
      nodeId: unhex(c["nodeId"]),
      peerNodeId: c["peerNodeId"] === null ? zeros(32) : unhex(c["peerNodeId"]),
      hello: unhex(c["hello"]),
    });
    assert.equal(preimage.length, 212);
    assert.equal(hex(preimage), c["preimage"]);
    assert.equal(hex(edSign(unhex(c["nodeSeed"]), preimage)), c["signature"]);
    assert.equal(c["nodeId"] + c["signature"] + c["hello"], c["payload"]);
  },
};

function sideOf(c: Case, role: "initiator" | "responder", expected?: string): Side {
  const nodeSeed = unhex(c[`${role}NodeSeed`]);
  return {
    initiates: role === "initiator",
    genesisHash: unhex(c["genesisHash"]),
    nodeSeed,
    nodeId: edPublic(nodeSeed),
    staticSecret: unhex(c[`${role}StaticSecret`]),
    ephemeralSecret: unhex(c[`${role}EphemeralSecret`]),
    expected: expected === undefined ? undefined : unhex(expected),
  };
}

/** HELLO as the transcript has it, after 96 bytes of the payload that a reader decrypts. */
function transcript(c: Case): void {
  const [first, second, third] = ["initiatorSends1", "responderSends", "initiatorSends2"].map(
    (name) => unhex(c[name]),
  ) as [Uint8Array, Uint8Array, Uint8Array];
  const openings = [first.slice(0, 16), second.slice(0, 16)] as const;
  assert.equal(judgeAsResponder(openings[0]), "flight");
  assert.equal(judgeAsInitiator(openings[1]), "flight");
  assert.equal(readOpening(openings[1]).flightBytes, second.length - 16);
  const prologue = join(tag16("windlass/wire"), unhex(c["genesisHash"]), ...openings);
  assert.equal(hex(prologue), c["prologue"]);
  const initiator = new Handshake(sideOf(c, "initiator", c["responderNodeId"]), ...openings);
  const responder = new Handshake(sideOf(c, "responder"), ...openings);
  assert.equal(hex(initiator.writeFirst()), hex(first.slice(16)));
  responder.readFirst(first.slice(16));
  // The HELLOs are known only by decrypting: read with one side, write again with the other.
  const hello2 = initiator.readSecond(second.slice(16));
  assert.equal(hex(responder.writeSecond(hello2)), hex(second.slice(16)));
  assert.equal(hex(third.slice(0, 2)), hex(u16(third.length - 2)));
  const hello3 = responder.readThird(third.slice(2));
  assert.equal(hex(initiator.writeThird(hello3)), hex(third.slice(2)));
  const [a, b] = [initiator.split(), responder.split()];
  assert.equal(hex(a.h), c["handshakeHash"]);
  assert.deepEqual(
    [a.h, a.keyToResponder, a.keyToInitiator],
    [b.h, b.keyToResponder, b.keyToInitiator],
  );
  assert.equal(hex(a.peerNodeId), c["responderNodeId"]);
  assert.equal(hex(b.peerNodeId), c["initiatorNodeId"]);
  const session = {
    genesisHash: unhex(c["genesisHash"]),
    handshakeHash: a.h,
    initiatorNodeId: b.peerNodeId,
    responderNodeId: a.peerNodeId,
  };
  const forth = new Direction(session, true, a.keyToResponder);
  const back = new Direction(session, false, a.keyToInitiator);
  const frames = [
    [forth, "Initiator"],
    [back, "Responder"],
  ] as const;
  for (const [direction, name] of frames) {
    const { payload } = direction.open(unhex(c[`firstFrameOf${name}`]));
    assert.equal(hex(payload), c[`firstPayloadOf${name}`]);
    assert.equal(readPayload(payload).length, 1);
  }
}

/** Follows 01-opening §2 and 02-handshake §3 as the reader of `received`. */
function handshakeRefusal(c: Case): void {
  const received = unhex(c["received"]);
  const magic = magicOf(unhex(c["genesisHash"]));
  const isInitiator = c["reader"] === "initiator";
  const read = (): void => {
    if (!same(received.slice(0, 4), magic)) assert.equal("wrong-network", c["error"]);
    const opening = received.slice(0, 16);
    if (isInitiator) {
      judgeAsInitiator(opening);
      const own = unhex(c["own"]);
      const side = sideOf(c, "initiator", c["expected"] ?? undefined);
      const handshake = new Handshake(side, own.slice(0, 16), opening);
      handshake.writeFirst();
      handshake.readSecond(received.slice(16));
      return;
    }
    judgeAsResponder(opening);
    const own = unhex(c["ownOpening"] ?? "");
    const handshake = new Handshake(sideOf(c, "responder"), opening, own.slice(0, 16));
    handshake.readFirst(received.slice(16, 48));
    if (received.length === 48) return;
    handshake.writeSecond(unhex(c["ownHello"]));
    const length = received[48]! * 256 + received[49]!;
    Handshake.checkThirdLength(length);
    handshake.readThird(received.slice(50));
  };
  if (c["error"] === "wrong-network") assert.notEqual(received[0], magic[0]);
  else assert.equal(faultOf(read), c["error"]);
}

export const handshake: Readonly<Record<string, Judge>> = {
  transcript,
  refusal: handshakeRefusal,
};

const sessionOf = (c: Case) => ({
  genesisHash: unhex(c["genesisHash"]),
  handshakeHash: unhex(c["handshakeHash"]),
  initiatorNodeId: edPublic(unhex(c["initiatorNodeSeed"])),
  responderNodeId: edPublic(unhex(c["responderNodeSeed"])),
});

export function directionOf(c: Case, from = c["from"]): Direction {
  const isInitiator = from === "initiator";
  const key = unhex(isInitiator ? c["keyToResponder"] : c["keyToInitiator"]);
  return new Direction(sessionOf(c), isInitiator, key, c["creditBytes"], c["deflates"]);
}

export const seedOf = (c: Case): Uint8Array => unhex(c[`${c["from"]}NodeSeed`]);

export const frames: Readonly<Record<string, Judge>> = {
  header: (c) => {
    orFault(c, () => {
      const { flags, body } = readHeader(unhex(c["header"]), unhex(c["magic"]));
      assert.deepEqual([flags, body], [c["flags"], c["bodyBytes"]]);
    });
  },
  session: (c) => {
    const [opening, sealing] = [directionOf(c), directionOf(c)];
    for (const { flags, payload, frame } of c["frames"]) {
      const opened = opening.open(unhex(frame));
      assert.deepEqual([opened.flags, hex(opened.payload)], [flags, payload]);
      assert.equal(hex(sealing.seal(flags, unhex(payload), seedOf(c))), frame);
    }
  },
  chain: (c) => {
    const whole = join(unhex(c["prefix"]), pattern(c["patternBytes"]));
    const [opening, sealing] = [directionOf(c), directionOf(c)];
    const said: Message[] = [];
    for (const each of c["frames"]) {
      const payload = each.payload ? unhex(each.payload) : whole.slice(each.from, each.to);
      const frame = sealing.seal(each.flags, payload, seedOf(c));
      assert.equal(hex(sha256(frame)), each.frameDigest);
      const opened = opening.open(frame);
      said.push(...opening.messages(opened.flags, opened.payload));
    }
    assert.deepEqual(
      said.map(({ type }) => type),
      ["ping", "block_body"],
    );
    assert.equal(said[1]?.["body"], hex(pattern(c["patternBytes"])));
  },
  sized: (c) => {
    const frame = directionOf(c).seal(c["flags"], pattern(c["payloadBytes"]), seedOf(c));
    assert.equal(hex(frame.slice(0, 8)), c["header"]);
    assert.equal(frame.length - 8, c["bodyBytes"]);
    assert.equal(hex(sha256(frame)), c["frameDigest"]);
    assert.equal(directionOf(c).open(frame).payload.length, c["payloadBytes"]);
  },
  rekey: (c) => {
    const sealing = directionOf(c);
    const payload = unhex(c["payload"]);
    const sealed = Array.from({ length: c["count"] }, () =>
      sealing.seal(c["flags"], payload, seedOf(c)),
    );
    for (const at of [1_023, 1_024, 1_025]) assert.equal(hex(sealed[at]!), c[`frame${at}`]);
    assert.equal(hex(sha256(...sealed)), c["framesDigest"]);
  },
  refusal: (c) => {
    const reading = directionOf(c, c["reader"] === "responder" ? "initiator" : "responder");
    const read = (): void => {
      if (c["header"] !== undefined) reading.admit(unhex(c["header"]));
      for (const frame of c["frames"] ?? []) {
        const { flags, payload } = reading.open(unhex(frame));
        reading.messages(flags, payload);
      }
    };
    assert.equal(faultOf(read), c["error"]);
  },
};

export const recordedFrames: Readonly<Record<string, Judge>> = {
  record: (c) => assert.deepEqual(verifyRecord(c["record"]), { ok: c["ok"], fault: c["fault"] }),
};

/** A message of a vector, its long bins written out. */
function whole(message: Case): Message {
  const entries = Object.entries(message).map(([name, value]) => {
    const isLong = typeof value === "object" && value !== null;
    return [name, isLong ? value.unit.repeat(value.times) : value];
  });
  return Object.fromEntries(entries) as Message;
}

export const messages: Readonly<Record<string, Judge>> = {
  type: (c) => {
    const { name, cap, lane } = messageRules[c["number"]]!;
    assert.deepEqual([name, cap, lane], [c["type"], c["cap"], c["lane"]]);
  },
  most: (c) => assert.equal(c["count"], 16_384),
  payload: (c) => {
    if (c["error"] !== undefined) return orFault(c, () => readPayload(unhex(c["payload"])));
    const said: Message[] = c["messages"].map(whole);
    const shortest = writePayload(said);
    const payload = c["payload"] === undefined ? shortest : unhex(c["payload"]);
    assert.deepEqual(readPayload(payload), said);
    assert.equal(hex(shortest), c["shortest"] ?? hex(payload));
    if (c["payload"] !== undefined) return;
    assert.equal(payload.length, c["payloadBytes"]);
    assert.equal(hex(sha256(payload)), c["payloadDigest"]);
  },
  repeated: (c) => {
    const payload = unhex(c["prefix"] + c["unit"].repeat(c["times"]));
    assert.equal(
      faultOf(() => readPayload(payload)),
      c["error"],
    );
  },
};
