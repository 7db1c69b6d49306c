/**
 * One message per frame: seal and open of `SecureChannel` over a socket, with the codec on both
 * sides. Beside the session, because a session would not do this: its budget for small frames
 * (`smallFramesPerSecondSent`) makes it batch.
 */
import type { Socket } from "node:net";
import { ed25519 } from "../src/crypto/ed25519.ts";
import { CipherState } from "../src/noise/cipher-state.ts";
import { SecureChannel } from "../src/peer/secure-channel.ts";
import { decodePayload, PayloadWriter } from "../src/wire/codec.ts";
import type { Message } from "../src/wire/messages.ts";
import { Load, type LoadReceiver, type LoadShape } from "./load.ts";
import { benchGenesis } from "./wire-end.ts";

const seeds = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
const keys = seeds.map((seed) => ed25519.publicKey(seed));
const framesPerWrite = 32;

function channelOf(isInitiator: boolean): SecureChannel {
  const [own, other] = isInitiator ? [0, 1] : [1, 0];
  return new SecureChannel({
    signatures: ed25519,
    isInitiator,
    genesisHash: benchGenesis,
    handshakeHash: new Uint8Array(32).fill(9),
    nodeSeed: seeds[own]!,
    nodeId: keys[own]!,
    peerNodeId: keys[other]!,
    send: new CipherState(new Uint8Array(32).fill(own)),
    receive: new CipherState(new Uint8Array(32).fill(other)),
  });
}

export function sendSingly(socket: Socket, shape: LoadShape): void {
  const channel = channelOf(true);
  const load = new Load(shape);
  const writer = new PayloadWriter();
  const seal = (message: Message) => {
    writer.begin(shape.bytes + 1024);
    writer.add(message);
    socket.write(channel.seal(0, writer.finish()));
    return true;
  };
  const pump = () => {
    socket.cork();
    load.fill(seal, framesPerWrite);
    socket.uncork();
    if (socket.writableNeedDrain) socket.once("drain", pump);
    else setImmediate(pump);
  };
  pump();
}

export function receiveSingly(socket: Socket, receiver: LoadReceiver): void {
  const channel = channelOf(false);
  socket.on("data", (bytes) => {
    const chunk = bytes as Buffer;
    for (let at = 0; ; ) {
      const read = channel.read(chunk, at);
      at = read.at;
      if (read.step.type === "more") return;
      if (read.step.type !== "frame") continue;
      for (const message of decodePayload(read.step.frame.payload)) receiver.take(message);
    }
  });
  socket.on("error", () => undefined);
}
