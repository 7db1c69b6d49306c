/**
 * A peer over a real socket that may say anything, and a well-behaved one: the black-box client of
 * the attack tests. It knows the protocol from its specification and shares no line with src.
 */
import { randomBytes } from "node:crypto";
import { join } from "../support/independent-decoder/bytes.ts";
import { faultOf } from "../support/independent-decoder/fault.ts";
import {
  type Message as Fields,
  messageRules,
  readPayload,
} from "../support/independent-decoder/payload.ts";
import { type Loose, pack } from "../support/loose-msgpack.ts";
import { Mailbox } from "../support/mailbox.ts";
import type { RawClient } from "../support/raw-client.ts";
import { type Bend, FrameReader, FrameWriter, type SessionKeys } from "./client-frames.ts";
import { Dialled, type HelloFields, helloOf, type Lie, type Target } from "./client-handshake.ts";

export type { Fields };

export const bulk = 1;
const more = 2;

/** Numbers of 04-messages §2 by name. */
export function numberOf(name: string): number {
  const number = messageRules.findIndex((rule) => rule?.name === name);
  if (number < 0) throw new Error(`no message is called ${name}`);
  return number;
}

/** One message with its fields in order; `payloadOf` makes a payload of some. */
export const say = (name: string, ...fields: readonly Loose[]): readonly Loose[] => [
  numberOf(name),
  ...fields,
];
export const payloadOf = (...messages: readonly Loose[]): Uint8Array => pack(messages);

export interface ClientOptions {
  readonly seed?: Uint8Array;
  readonly localAddress?: string;
  readonly hello?: HelloFields;
  readonly lie?: Lie;
  /** Answers no ping, so that its first frame is what a test sends. */
  readonly silent?: boolean;
}

/** A peer whose handshake is done. */
export class Client {
  readonly raw: RawClient;
  readonly keys: SessionKeys;
  readonly inbox = new Mailbox<Fields>();
  /** For what a test answers itself. */
  onMessage: ((message: Fields) => void) | undefined;
  /** The node's last bytes as they came, for mirrors. */
  lastBytes: Uint8Array = new Uint8Array(0);
  silent: boolean;
  /** Of a payload that did not fit into one frame. */
  private readonly pieces: Uint8Array[] = [];
  private readonly writer: FrameWriter;
  private readonly reader: FrameReader;

  constructor(raw: RawClient, keys: SessionKeys, silent = false) {
    this.raw = raw;
    this.keys = keys;
    this.silent = silent;
    this.writer = new FrameWriter(keys);
    this.reader = new FrameReader(keys);
    raw.onBytes = (bytes) => this.onBytes(bytes);
    void raw.closed.then(() => this.inbox.close("the connection ended"));
    if (raw.received.length > 0) this.onBytes(raw.received);
    raw.received = new Uint8Array(0);
  }

  /** Connected and proven; the node may still turn it away. */
  static async greet(target: Target, options: ClientOptions = {}): Promise<Client> {
    const dialled = await Dialled.begin(target, options);
    dialled.raw.write(dialled.message3({ hello: helloOf(options.hello), ...options.lie }));
    return new Client(dialled.raw, dialled.keys(), options.silent);
  }

  /** Connected, proven and let in: a ping was answered, or to the silent the node spoke first. */
  static async connect(target: Target, options: ClientOptions = {}): Promise<Client> {
    const client = await Client.greet(target, options);
    const isRefused = ({ type }: Fields) => type === "disconnect";
    try {
      if (options.silent === true) await client.inbox.wait("a first message", (first) => first);
      else await client.ping();
    } catch (error) {
      // What the node said in farewell says more than that it said nothing else.
      if (!client.inbox.items.some(isRefused)) throw error;
    }
    const refusal = client.inbox.items.find(isRefused);
    if (refusal === undefined) return client;
    throw new Error(`turned away: ${String(refusal["code"])} ${String(refusal["text"])}`);
  }

  frame(flags: number, payload: Uint8Array, bend: Bend = {}): Uint8Array {
    return this.writer.frame(flags, payload, bend);
  }

  sendPayload(payload: Uint8Array, flags = 0): void {
    this.raw.write(this.frame(flags, payload));
  }

  send(...messages: readonly Loose[]): void {
    this.sendPayload(payloadOf(...messages));
  }

  sendBulk(message: Loose): void {
    this.sendPayload(payloadOf(message), bulk);
  }

  /** Until the kernel took what was written, or the connection ended. */
  async flushed(): Promise<void> {
    const { socket } = this.raw;
    if (!socket.writableNeedDrain) return;
    await Promise.race([new Promise((done) => socket.once("drain", done)), this.raw.closed]);
  }

  /** The next message of a type, from inbox index `from` on. */
  next(type: string, from = 0, timeoutMs = 15_000): Promise<Fields> {
    const pick = (message: Fields) => (message["type"] === type ? message : undefined);
    return this.inbox.wait(`a ${type} from the node`, pick, { from, timeoutMs });
  }

  /** Why the node said goodbye; the connection has ended then. */
  async goodbye(timeoutMs = 15_000): Promise<string> {
    const { text } = await this.next("disconnect", 0, timeoutMs);
    await this.raw.closed;
    return String(text);
  }

  /** Round trip in ms. */
  async ping(timeoutMs = 15_000): Promise<number> {
    const from = this.inbox.items.length;
    const nonce = randomBytes(8);
    const name = nonce.toString("hex");
    const sentAt = performance.now();
    this.send(say("ping", nonce, Date.now()));
    const isOurs = (message: Fields) =>
      message["type"] === "pong" && message["nonce"] === name ? true : undefined;
    await this.inbox.wait("a pong", isOurs, { from, timeoutMs });
    return performance.now() - sentAt;
  }

  get isOpen(): boolean {
    return this.raw.socket.writable;
  }

  destroy(): void {
    this.raw.destroy();
  }

  private onBytes(bytes: Uint8Array): void {
    this.lastBytes = bytes;
    for (const { flags, payload } of this.reader.read(bytes)) {
      if ((flags & bulk) !== 0) this.pieces.push(payload);
      if ((flags & more) !== 0) continue;
      const whole = (flags & bulk) !== 0 ? join(...this.pieces.splice(0)) : payload;
      let messages: Fields[] = [];
      if (faultOf(() => (messages = readPayload(whole))) !== undefined) continue;
      for (const message of messages) this.take(message);
    }
  }

  private take(message: Fields): void {
    if (message["type"] === "ping" && !this.silent && this.raw.socket.writable) {
      this.send(say("pong", Buffer.from(String(message["nonce"]), "hex"), Date.now()));
    }
    if (message["type"] === "disconnect") this.raw.socket.end();
    this.inbox.push(message);
    this.onMessage?.(message);
  }
}
