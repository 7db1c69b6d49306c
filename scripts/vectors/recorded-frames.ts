import { ed25519 } from "../../src/crypto/ed25519.ts";
import { encodePayload } from "../../src/wire/codec.ts";
import { frameFlags } from "../../src/wire/frame.ts";
import { recordFrame, verifyRecordedFrame } from "../../src/wire/recorded-frame.ts";
import { made } from "./deflated-frames.ts";
import { batch, channel } from "./frames.ts";
import { flipped, hex, pattern, type VectorFile } from "./inputs.ts";

const { bulk, more, deflated } = frameFlags;

export function recordedFramesFile(): VectorFile {
  const record = (payload: Uint8Array, flags: number) => {
    const sender = channel("initiator");
    const reader = channel("responder");
    const frame = sender.seal(flags, payload);
    const { at } = reader.read(frame, 0);
    const { step } = reader.read(frame, at);
    if (step.type !== "frame") throw new Error("a whole frame was given");
    return recordFrame(reader.fieldsOf(step.frame), step.frame.payload, step.frame.signature);
  };
  const good = record(encodePayload(batch), 0);
  const flippedHex = (text: string) => hex(flipped(Uint8Array.from(Buffer.from(text, "hex")), 0));
  const tried: readonly (readonly [string, object])[] = [
    ["three messages", good],
    ["a piece of a MORE chain", record(pattern(50), bulk | more)],
    ["a payload that breaks the protocol", record(Uint8Array.of(0x91, 0x92, 0x63, 0x00), 0)],
    ["a DEFLATED payload", record(made(300, 4).whole, bulk | deflated)],
    ["a DEFLATED payload cut short", record(made(300, 4).whole.slice(0, -1), bulk | deflated)],
    ["payload changed", { ...good, payload: flippedHex(good.payload) }],
    ["sequence changed", { ...good, sequence: 1 }],
    ["sender and recipient exchanged", { ...good, sender: good.recipient, recipient: good.sender }],
    ["direction changed", { ...good, fromInitiator: false }],
    ["another session", { ...good, handshakeHash: flippedHex(good.handshakeHash) }],
    ["signature of 63 bytes", { ...good, signature: good.signature.slice(2) }],
    ["no genesis hash", { ...good, genesisHash: undefined }],
  ];
  return {
    name: "recorded-frames",
    description: "Frames as evidence for a third party.",
    spec: "protocol-spec/03-frames §6",
    cases: tried.map(([name, recorded]) => {
      const verdict = verifyRecordedFrame(recorded, ed25519);
      const fault = verdict.ok ? (verdict.fault?.code ?? null) : null;
      return { name, kind: "record", record: recorded, ok: verdict.ok, fault };
    }),
  };
}
