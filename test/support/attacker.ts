/**
 * A peer over a real socket that may say anything: raw bytes before the handshake, frames with any
 * header, payload and signature after it. The honest parts are made with the code's own classes, so
 * that exactly what a test bends is wrong.
 */
import { randomBytes } from "node:crypto";
import { concatBytes, emptyBytes, readU16, u16Bytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { x25519PublicKey } from "../../src/crypto/x25519.ts";
import { type HandshakeResult, HandshakeXX } from "../../src/noise/handshake-xx.ts";
import { wireLimits } from "../../src/params/limits.ts";
import { SecureChannel } from "../../src/peer/secure-channel.ts";
import { decodePayload, encodePayload } from "../../src/wire/codec.ts";
import { bodyBytesOf, framePreimage, noiseMessageSizes } from "../../src/wire/frame.ts";
import { authPreimage, encodeHandshakePayload } from "../../src/wire/handshake-payload.ts";
import { encodeHello } from "../../src/wire/hello.ts";
import type { Hello, Message, MessageOf, MessageType } from "../../src/wire/messages.ts";
import {
  encodeOpening,
  networkMagic,
  noisePrologue,
  type Opening,
} from "../../src/wire/opening.ts";
import { Mailbox } from "./mailbox.ts";
import { RawClient } from "./raw-client.ts";

export interface Target {
  readonly port: number;
  readonly genesisHash: Uint8Array;
}

export const versionOne = { versionMin: 1, versionMax: 1, version: 1 } as const;

export function initiatorOpening(genesisHash: Uint8Array, more: Partial<Opening> = {}): Uint8Array {
  const magic = networkMagic(genesisHash);
  return encodeOpening({ magic, role: "initiator", ...versionOne, flightBytes: 32, ...more });
}

/** The dialling side of a handshake up to message 2, where it may begin to lie. */
export class Dialling {
  readonly raw: RawClient;
  readonly genesisHash: Uint8Array;
  readonly noise: HandshakeXX;
  readonly peerNodeId: Uint8Array;

  private constructor(raw: RawClient, genesisHash: Uint8Array, noise: HandshakeXX, id: Uint8Array) {
    this.raw = raw;
    this.genesisHash = genesisHash;
    this.noise = noise;
    this.peerNodeId = id;
  }

  static async begin({ port, genesisHash }: Target, localAddress?: string): Promise<Dialling> {
    const raw = await RawClient.dial(port, localAddress);
    return await Dialling.over(raw, genesisHash, initiatorOpening(genesisHash));
  }

  static async over(
    raw: RawClient,
    genesisHash: Uint8Array,
    opening: Uint8Array,
  ): Promise<Dialling> {
    const ephemeralSecret = randomBytes(32);
    raw.write(concatBytes(opening, x25519PublicKey(ephemeralSecret)));
    const answer = await raw.read(wireLimits.openingBytes);
    const noise = new HandshakeXX({
      role: "initiator",
      prologue: noisePrologue(genesisHash, opening, answer),
      staticSecret: randomBytes(32),
      ephemeralSecret,
    });
    noise.writeMessage(() => emptyBytes);
    const message2 = noise.readMessage(await raw.read(readU16(answer, 12)));
    if (message2 === undefined) throw new Error("message 2 of the node is not authentic");
    return new Dialling(raw, genesisHash, noise, message2.payload.slice(0, 32));
  }

  /** The payload that proves `seed`; `lie` bends it. */
  message3(seed: Uint8Array, lie: Lie = {}): Uint8Array {
    const { noise, genesisHash, peerNodeId } = this;
    const nodeId = lie.nodeId ?? ed25519.publicKey(seed);
    const helloBytes = lie.helloBytes ?? encodeHello({ ...defaultHello(), ...lie.hello });
    return noise.writeMessage((h) => {
      const fields = { genesisHash, role: "initiator", version: 1, h } as const;
      const keys = { noiseStatic: noise.staticPublic, nodeId, peerNodeId, helloBytes };
      const preimage = authPreimage({ ...fields, ...keys, ...lie.signed });
      const signature = ed25519.sign(seed, preimage);
      return encodeHandshakePayload({ nodeId, signature, helloBytes });
    });
  }

  sendMessage3(message3: Uint8Array): void {
    this.raw.write(concatBytes(u16Bytes(message3.length), message3));
  }
}

export interface Lie {
  readonly nodeId?: Uint8Array;
  readonly helloBytes?: Uint8Array;
  readonly hello?: Partial<Hello>;
  /** What is signed instead. */
  readonly signed?: { readonly genesisHash?: Uint8Array; readonly peerNodeId?: Uint8Array };
}

export function defaultHello(): Hello {
  return {
    versionMin: 1,
    versionMax: 1,
    agent: "attacker/1",
    bootId: randomBytes(8),
    services: 0,
    role: "full",
    listenPort: 0,
    height: 0,
    headHash: new Uint8Array(32),
    finalizedHeight: 0,
    finalizedHash: new Uint8Array(32),
    wallTimeMs: Date.now(),
    seenAddress: "127.0.0.1:1",
    bulkCredit: 0xffffffff,
    features: [],
  };
}

export interface PeerOptions extends Lie {
  readonly seed?: Uint8Array;
  /** Answers no ping, so that its first frame is what a test sends. */
  readonly silent?: boolean;
  readonly localAddress?: string;
}

/** What a frame may have wrong. */
export interface Bend {
  readonly magic?: Uint8Array;
  readonly sequence?: number;
  /** Signs the frame instead of the session's identity. */
  readonly seed?: Uint8Array;
  readonly handshakeHash?: Uint8Array;
  readonly fromInitiator?: boolean;
}

/** A peer whose handshake is done. */
export class Peer {
  readonly raw: RawClient;
  readonly seed: Uint8Array;
  readonly nodeId: Uint8Array;
  readonly inbox = new Mailbox<Message>();
  /** For honest behaviour of a test's own. */
  onMessage: ((message: Message) => void) | undefined;
  /** The node's last frame as it came, for mirrors. */
  lastFrame: Uint8Array = emptyBytes;
  /** Answers no ping. */
  silent: boolean;
  private readonly dialling: Dialling;
  private readonly keys: HandshakeResult;
  private readonly channel: SecureChannel;
  private sentFrames = 0;

  private constructor(
    dialling: Dialling,
    seed: Uint8Array,
    keys: HandshakeResult,
    silent: boolean,
  ) {
    this.dialling = dialling;
    this.silent = silent;
    this.raw = dialling.raw;
    this.seed = seed;
    this.keys = keys;
    this.nodeId = ed25519.publicKey(seed);
    this.channel = new SecureChannel({
      signatures: ed25519,
      isInitiator: true,
      genesisHash: dialling.genesisHash,
      handshakeHash: keys.handshakeHash,
      nodeSeed: seed,
      nodeId: this.nodeId,
      peerNodeId: dialling.peerNodeId,
      send: keys.send,
      receive: keys.receive,
    });
    this.raw.onBytes = (bytes) => this.onBytes(bytes);
    void this.raw.closed.then(() => this.inbox.close("the connection ended"));
    if (this.raw.received.length > 0) this.onBytes(this.raw.received);
  }

  /** Connected, proven and greeted: the first frame of the node has come. */
  static async connect(target: Target, options: PeerOptions = {}): Promise<Peer> {
    const dialling = await Dialling.begin(target, options.localAddress);
    const seed = options.seed ?? randomBytes(32);
    dialling.sendMessage3(dialling.message3(seed, options));
    const peer = new Peer(dialling, seed, dialling.noise.split(), options.silent ?? false);
    await peer.next("credit");
    return peer;
  }

  /** One frame; counts as sent unless it is thrown away. */
  frame(flags: number, payload: Uint8Array, bend: Bend = {}): Uint8Array {
    const bodyBytes = bodyBytesOf(payload.length);
    const header = frameHeader(this.dialling.genesisHash, flags, bodyBytes, bend.magic);
    const preimage = framePreimage({
      genesisHash: this.dialling.genesisHash,
      handshakeHash: bend.handshakeHash ?? this.keys.handshakeHash,
      sender: this.nodeId,
      recipient: this.dialling.peerNodeId,
      fromInitiator: bend.fromInitiator ?? true,
      flags,
      version: 1,
      sequence: bend.sequence ?? this.sentFrames,
      payloadBytes: payload.length,
      payloadDigest: sha256(payload),
    });
    const plain = concatBytes(payload, ed25519.sign(bend.seed ?? this.seed, preimage));
    const body = new Uint8Array(bodyBytes);
    let [from, at] = [0, 0];
    for (const size of noiseMessageSizes(bodyBytes)) {
      const { send } = this.keys;
      send.encrypt(body.subarray(at, at + size), header, plain.subarray(from, from + size - 16));
      if (send.nonce % wireLimits.rekeyNoiseMessages === 0) send.rekey();
      from += size - 16;
      at += size;
    }
    this.sentFrames++;
    return concatBytes(header, body);
  }

  sendPayload(payload: Uint8Array, flags = 0): void {
    this.raw.write(this.frame(flags, payload));
  }

  send(...messages: readonly Message[]): void {
    this.sendPayload(encodePayload(messages));
  }

  sendBulk(message: Message): void {
    this.sendPayload(encodePayload([message]), 1);
  }

  /** The next message of a type, from inbox index `from` on. */
  next<T extends MessageType>(type: T, from = 0, timeoutMs = 10_000): Promise<MessageOf<T>> {
    const pick = (message: Message) =>
      message.type === type ? (message as MessageOf<T>) : undefined;
    return this.inbox.wait(`a ${type} from the node`, pick, { from, timeoutMs });
  }

  /** Why the node said goodbye; the connection has ended then. */
  async goodbye(timeoutMs = 10_000): Promise<string> {
    const { text } = await this.next("disconnect", 0, timeoutMs);
    await this.raw.closed;
    return text;
  }

  /** Round trip in ms. */
  async ping(timeoutMs = 10_000): Promise<number> {
    const from = this.inbox.items.length;
    const nonce = randomBytes(8);
    const sentAt = performance.now();
    this.send({ type: "ping", nonce, sentAtMs: Date.now() });
    const isOurs = (message: Message) =>
      message.type === "pong" && nonce.equals(message.nonce) ? true : undefined;
    await this.inbox.wait("a pong", isOurs, { from, timeoutMs });
    return performance.now() - sentAt;
  }

  destroy(): void {
    this.raw.destroy();
  }

  private onBytes(bytes: Uint8Array): void {
    this.lastFrame = bytes;
    let at = 0;
    while (at < bytes.length) {
      const { at: next, step } = this.channel.read(bytes, at);
      at = next;
      if (step.type !== "frame") continue;
      for (const message of decodePayload(step.frame.payload)) this.take(message);
    }
  }

  private take(message: Message): void {
    if (message.type === "ping" && !this.silent && this.raw.socket.writable) {
      this.send({ type: "pong", nonce: message.nonce, sentAtMs: Date.now() });
    }
    if (message.type === "disconnect") this.raw.socket.end();
    this.inbox.push(message);
    this.onMessage?.(message);
  }
}

/** Eight bytes that may say anything. */
export function frameHeader(
  genesisHash: Uint8Array,
  flags: number,
  bodyBytes: number,
  magic: Uint8Array = networkMagic(genesisHash),
): Uint8Array {
  const length = [(bodyBytes >> 16) & 0xff, (bodyBytes >> 8) & 0xff, bodyBytes & 0xff];
  return concatBytes(magic, Uint8Array.from([flags, ...length]));
}
