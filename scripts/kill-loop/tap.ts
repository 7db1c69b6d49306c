/**
 * A peer that listens: connected to one node, it fetches every block that is announced and takes
 * every vote, certificate and evidence, all into `SeenSignatures`. It says nothing of its own. The
 * node gone, it dials until it is there again, so that it is the first to hear of a restart.
 */
import { connect } from "node:net";
import { newIdentity, WireEnd } from "../../bench/wire-end.ts";
import { hexBytes } from "../../src/base/bytes.ts";
import { inventoryItemBytes, inventoryKinds, type Message } from "../../src/wire/messages.ts";
import type { SeenSignatures } from "./seen-signatures.ts";

const redialMs = 40;
const tickMs = 500;

export class Tap {
  private readonly port: number;
  private readonly genesisHash: Uint8Array;
  private readonly seen: SeenSignatures;
  private readonly identity = newIdentity();
  private end: WireEnd | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private readonly ticking = setInterval(() => this.end?.tick(), tickMs);

  constructor(port: number, genesisHash: string, seen: SeenSignatures) {
    this.port = port;
    this.genesisHash = hexBytes(genesisHash);
    this.seen = seen;
    this.dial();
  }

  stop(): void {
    this.isStopped = true;
    clearInterval(this.ticking);
    clearTimeout(this.timer);
    this.end?.socket.destroy();
  }

  private dial(): void {
    const socket = connect({ port: this.port, host: "127.0.0.1", noDelay: true });
    const again = () => {
      this.end = undefined;
      if (!this.isStopped) this.timer = setTimeout(() => this.dial(), redialMs);
    };
    socket.once("close", again);
    socket.once("error", () => undefined);
    socket.once("connect", () => {
      const end = new WireEnd(
        socket,
        "initiator",
        this.identity,
        {
          onMessages: (messages) => {
            for (const message of messages) this.take(end, message);
          },
          onGone: () => socket.destroy(),
        },
        this.genesisHash,
      );
      this.end = end;
    });
  }

  private take(end: WireEnd, message: Message): void {
    switch (message.type) {
      case "inv":
        return this.fetch(end, message.items);
      case "new_block":
        return this.seen.onBlock(message.header, message.body);
      case "vote":
        return this.seen.onVote(message.vote);
      case "certificate":
        return this.seen.onCertificate(message.certificate);
      case "evidence":
        return this.seen.onEvidence(message.evidence);
      case "get_headers": {
        const headers = new Uint8Array(0);
        end.session.send({ type: "headers", request: message.request, headers });
        return end.flush();
      }
      case "get_peers":
        end.session.send({ type: "peers", entries: new Uint8Array(0) });
        return end.flush();
      default:
    }
  }

  private fetch(end: WireEnd, items: Uint8Array): void {
    for (let at = 0; at < items.length; at += inventoryItemBytes) {
      if (items[at] !== inventoryKinds.block) continue;
      const item = items.slice(at, at + inventoryItemBytes);
      end.session.send({ type: "get_data", items: item });
    }
    end.flush();
  }
}
