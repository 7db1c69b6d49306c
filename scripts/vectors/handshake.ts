/** A whole handshake with fixed keys, its first frames, and handshakes that must fail. */
import { concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import type { Env } from "../../src/edge/env.ts";
import { type NodeId, nodeIdOf } from "../../src/model/ids.ts";
import { Handshake } from "../../src/peer/handshake.ts";
import { SecureChannel } from "../../src/peer/secure-channel.ts";
import { encodePayload } from "../../src/wire/codec.ts";
import { encodeHello } from "../../src/wire/hello.ts";
import { noisePrologue } from "../../src/wire/opening.ts";
import { hello, nobody } from "./hello.ts";
import {
  fill,
  flipped,
  genesisHash,
  hex,
  initiatorId,
  responderId,
  seeds,
  type VectorCase,
  type VectorFile,
  wireCodeOf,
  withByte,
} from "./inputs.ts";

type Role = "initiator" | "responder";

function envOf(ephemeral: Uint8Array): Env {
  return {
    clock: { monotonicMs: 0, wallMs: 1_800_000_000_000 },
    random: { below: () => 0, bytes: () => ephemeral.slice() },
    signatures: ed25519,
  };
}

interface Changes {
  readonly expected?: NodeId;
  readonly nodeSeed?: Uint8Array;
  readonly genesisHash?: Uint8Array;
}

const helloOf = (role: Role) => ({ ...hello, listenPort: role === "initiator" ? 4_321 : 4_322 });

function sideOf(role: Role, changes: Changes = {}): Handshake {
  const initiates = role === "initiator";
  const nodeSeed = changes.nodeSeed ?? (initiates ? seeds.initiatorNode : seeds.responderNode);
  return new Handshake(envOf(initiates ? seeds.initiatorEphemeral : seeds.responderEphemeral), {
    signatures: ed25519,
    genesisHash: changes.genesisHash ?? genesisHash,
    role,
    nodeSeed,
    nodeId: nodeIdOf(ed25519.publicKey(nodeSeed)),
    expectedNodeId: changes.expected,
    staticSecret: initiates ? seeds.initiatorStatic : seeds.responderStatic,
    hello: () => helloOf(role),
    networkFile: () => new Uint8Array(0),
  });
}

const take = (side: Handshake): Uint8Array => concatBytes(...side.output.splice(0));

interface Transcript {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly third: Uint8Array;
  readonly initiator: Handshake;
  readonly responder: Handshake;
}

function run(): Transcript {
  const initiator = sideOf("initiator", { expected: nodeIdOf(responderId) });
  const responder = sideOf("responder");
  const first = take(initiator);
  responder.receive(first, 0);
  const second = take(responder);
  initiator.receive(second, 0);
  const third = take(initiator);
  responder.receive(third, 0);
  return { first, second, third, initiator, responder };
}

function channelOf(side: Handshake, role: Role): SecureChannel {
  const { send, receive, handshakeHash, peer } = side.established;
  const initiates = role === "initiator";
  return new SecureChannel({
    signatures: ed25519,
    isInitiator: initiates,
    genesisHash,
    handshakeHash,
    nodeSeed: initiates ? seeds.initiatorNode : seeds.responderNode,
    nodeId: initiates ? initiatorId : responderId,
    peerNodeId: Uint8Array.from(Buffer.from(peer.nodeId, "hex")),
    send,
    receive,
  });
}

const keys = {
  genesisHash: hex(genesisHash),
  initiatorNodeSeed: hex(seeds.initiatorNode),
  responderNodeSeed: hex(seeds.responderNode),
  initiatorStaticSecret: hex(seeds.initiatorStatic),
  responderStaticSecret: hex(seeds.responderStatic),
  initiatorEphemeralSecret: hex(seeds.initiatorEphemeral),
  responderEphemeralSecret: hex(seeds.responderEphemeral),
};

function transcript(): VectorCase {
  const { first, second, third, initiator, responder } = run();
  const handshakeHash = hex(initiator.established.handshakeHash);
  const ping = encodePayload([{ type: "ping", nonce: fill(7, 8), sentAtMs: 1_800_000_000_000 }]);
  const pong = encodePayload([{ type: "pong", nonce: fill(7, 8), sentAtMs: 1_800_000_000_001 }]);
  return {
    name: "transcript",
    kind: "transcript",
    ...keys,
    initiatorNodeId: hex(initiatorId),
    responderNodeId: hex(responderId),
    initiatorSends1: hex(first),
    responderSends: hex(second),
    initiatorSends2: hex(third),
    prologue: hex(noisePrologue(genesisHash, first.subarray(0, 16), second.subarray(0, 16))),
    handshakeHash,
    firstPayloadOfInitiator: hex(ping),
    firstFrameOfInitiator: hex(channelOf(initiator, "initiator").seal(0, ping)),
    firstPayloadOfResponder: hex(pong),
    firstFrameOfResponder: hex(channelOf(responder, "responder").seal(0, pong)),
  };
}

/** `reader` keeps the keys of the transcript, has sent its first bytes, and reads `bytes`. */
function refusal(name: string, reader: Role, bytes: Uint8Array, changes: Changes = {}): VectorCase {
  const side = sideOf(reader, changes);
  const { first, second } = run();
  take(side);
  const error = wireCodeOf(() => side.receive(bytes, 0));
  const said =
    reader === "initiator"
      ? { own: hex(first), expected: changes.expected ?? null }
      : { ownOpening: hex(second.subarray(0, 16)), ownHello: hex(encodeHello(helloOf(reader))) };
  return { name, kind: "refusal", ...keys, reader, ...said, received: hex(bytes), error };
}

function refusals(): VectorCase[] {
  const { first, second, third } = run();
  const shifted = withByte(second, 9, 2);
  const small = concatBytes(first.subarray(0, 16), fill(0));
  const order8 = concatBytes(
    first.subarray(0, 16),
    Uint8Array.from(
      Buffer.from("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "hex"),
    ),
  );
  const ownE = concatBytes(second.subarray(0, 16), first.subarray(16), second.subarray(48));
  const answerOf = (changes: Changes): Uint8Array => {
    const side = sideOf("responder", changes);
    side.receive(first, 0);
    return take(side);
  };
  return [
    refusal("message 1 is a key of all zeros", "responder", small),
    refusal("message 1 is a key of order 8", "responder", order8),
    refusal("another network by the first byte", "responder", flipped(first, 0)),
    refusal("the responder's range was edited on the way", "initiator", shifted),
    refusal("message 2: e is our own", "initiator", ownE),
    refusal("message 2: s changed", "initiator", flipped(second, 50)),
    refusal("message 2: payload changed", "initiator", flipped(second, -20)),
    refusal("message 2: tag changed", "initiator", flipped(second, -1)),
    refusal("message 2 by another than the one dialled", "initiator", second, {
      expected: nodeIdOf(nobody),
    }),
    refusal("message 2 by ourselves", "initiator", answerOf({ nodeSeed: seeds.initiatorNode })),
    refusal("message 3 of 160 bytes", "responder", concatBytes(first, Uint8Array.of(0, 160))),
    refusal("message 3 of 1,089 bytes", "responder", concatBytes(first, Uint8Array.of(4, 65))),
    refusal("message 3: s changed", "responder", concatBytes(first, flipped(third, 10))),
    refusal("message 3: payload changed", "responder", concatBytes(first, flipped(third, -20))),
  ];
}

export function handshakeFile(): VectorFile {
  return {
    name: "handshake",
    description: "A whole handshake with fixed keys, and handshakes that must fail.",
    spec: "protocol-spec/02-handshake §1 to §3",
    cases: [transcript(), ...refusals()],
  };
}
