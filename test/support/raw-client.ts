/** A socket of a test and what came from it, before anybody knows anybody. */
import { connect, type Socket } from "node:net";
import { concatBytes, emptyBytes } from "../../src/base/bytes.ts";
import { Mailbox } from "./mailbox.ts";

export class RawClient {
  readonly socket: Socket;
  /** As the node names this end. */
  readonly address: string;
  /** When TCP ended, in performance.now(). */
  readonly closed: Promise<number>;
  received: Uint8Array = emptyBytes;
  private readonly chunks = new Mailbox<number>();
  onBytes: ((bytes: Uint8Array) => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.address = `${socket.localAddress}:${socket.localPort}`;
    socket.on("data", (bytes: Buffer) => {
      if (this.onBytes !== undefined) return this.onBytes(bytes);
      this.received = concatBytes(this.received, bytes);
      this.chunks.push(this.received.length);
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.chunks.close("the connection ended");
        resolve(performance.now());
      });
    });
  }

  static dial(port: number, localAddress = "127.0.0.1"): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", localAddress, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
    });
  }

  static accepted(socket: Socket): RawClient {
    return new RawClient(socket);
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Exactly `count` bytes, taken from what came. */
  async read(count: number): Promise<Uint8Array> {
    const what = `${count} bytes from the node`;
    await this.chunks.wait(what, () => (this.received.length >= count ? true : undefined));
    const bytes = this.received.slice(0, count);
    this.received = this.received.slice(count);
    return bytes;
  }

  destroy(): void {
    this.socket.destroy();
  }
}
