/** Two ends of a handshake with fixed keys, and a look at the bytes that an object holds. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../../src/base/bytes.ts";
import { HandshakeXX } from "../../../src/noise/handshake-xx.ts";

const fill = (value: number): Uint8Array => new Uint8Array(32).fill(value);

export const noPayload = (): Uint8Array => new Uint8Array(0);

export function xxPair(prologues = ["p", "p"]): { initiator: HandshakeXX; responder: HandshakeXX } {
  const [ours, theirs] = prologues.map(asciiBytes) as [Uint8Array, Uint8Array];
  return {
    initiator: new HandshakeXX({
      role: "initiator",
      prologue: ours,
      staticSecret: fill(11),
      ephemeralSecret: fill(12),
    }),
    responder: new HandshakeXX({
      role: "responder",
      prologue: theirs,
      staticSecret: fill(21),
      ephemeralSecret: fill(22),
    }),
  };
}

/** Passes messages with payloads "two" and "three" until `count` are through. */
export function exchange(pair: ReturnType<typeof xxPair>, count: 0 | 1 | 2 | 3): void {
  const { initiator, responder } = pair;
  if (count > 0) assert.ok(responder.readMessage(initiator.writeMessage(noPayload)));
  if (count > 1) {
    assert.ok(initiator.readMessage(responder.writeMessage(() => asciiBytes("two"))));
  }
  if (count > 2) {
    assert.ok(responder.readMessage(initiator.writeMessage(() => asciiBytes("three"))));
  }
}

/** Every byte array inside `holder`, private fields too, by its path. */
export function heldBytes(holder: object, path = ""): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(holder)) {
    const here = path === "" ? name : `${path}.${name}`;
    if (value instanceof Uint8Array) found.set(here, value);
    else if (typeof value === "object" && value !== null) {
      for (const [inner, bytes] of heldBytes(value, here)) found.set(inner, bytes);
    }
  }
  return found;
}
