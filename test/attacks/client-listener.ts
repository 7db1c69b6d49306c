/** An attacker who is dialled: listens, answers every handshake, hands out what came of it. */
import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Server } from "node:net";
import { Mailbox } from "../support/mailbox.ts";
import { RawClient } from "../support/raw-client.ts";
import { Client, say } from "./client.ts";
import { answer, type HelloFields, helloOf } from "./client-handshake.ts";

export interface ListenerOptions {
  readonly genesisHash: Uint8Array;
  /** Default: another identity for each connection. */
  readonly seed?: Uint8Array;
  readonly hello?: HelloFields;
  /** Default: all of 127.0.0.0/8 at one port. */
  readonly host?: string;
  /** At once, before anything is known. */
  readonly onDialled?: () => void;
  /** Before anything is read of it. */
  readonly onClient?: (client: Accepted) => void;
}

export interface Accepted {
  readonly client: Client;
  /** Which of our addresses was dialled. */
  readonly dialled: string;
}

export class Listener {
  readonly port: number;
  readonly accepted = new Mailbox<Accepted>();
  private readonly server: Server;
  private readonly raws = new Set<RawClient>();

  private constructor(server: Server, options: ListenerOptions) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      const dialled = socket.localAddress ?? "";
      const raw = RawClient.accepted(socket);
      this.raws.add(raw);
      void raw.closed.then(() => this.raws.delete(raw));
      const hello = helloOf({ agent: "attacker/1", listenPort: this.port, ...options.hello });
      options.onDialled?.();
      answer(raw, options.genesisHash, options.seed ?? randomBytes(32), hello)
        .then((keys) => {
          const client = new Client(raw, keys);
          // A responder's first frame must be small; an equal total grants nothing more.
          client.send(say("credit", 0xffffffff));
          options.onClient?.({ client, dialled });
          this.accepted.push({ client, dialled });
        })
        // Whoever dialled went away: nothing that a listener could mend.
        .catch(() => raw.destroy());
    });
  }

  static async open(options: ListenerOptions): Promise<Listener> {
    const server = createServer({ noDelay: true });
    const host = options.host ?? "0.0.0.0";
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return new Listener(server, options);
  }

  /** Who was dialled by somebody and is still connected. */
  open(): readonly Accepted[] {
    return this.accepted.items.filter(({ client }) => client.isOpen);
  }

  close(): void {
    this.server.close();
    for (const raw of this.raws) raw.destroy();
  }
}
