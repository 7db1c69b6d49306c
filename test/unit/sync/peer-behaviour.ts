/** Peers as functions of the questions they get: honest, silent, and lying with bodies. */
import { strict as assert } from "node:assert";
import type { Conn } from "../../../src/edge/conn.ts";
import { ChainServer } from "../../../src/sync/server.ts";
import type { Message, MessageOf } from "../../../src/wire/messages.ts";
import { type MadeBlock, MiniChain, MiniStore } from "../../support/sync-world.ts";

/** What a peer does with a question; it answers with `say`. */
export type Behaviour = (message: Message, say: (message: Message) => void) => void;

/** Serves `blocks` as the real server does. */
export function honest(blocks: readonly MadeBlock[]): Behaviour {
  const chain = new MiniChain(blocks);
  const store = new MiniStore();
  let say: (message: Message) => void = () => {};
  const port = {
    send: (_: Conn, message: Message) => {
      say(message);
      return true;
    },
    hasForRead: () => true,
    blame: () => assert.fail("an honest server blames nobody here"),
  };
  const server = new ChainServer(port, chain, store);
  return (message, answer) => {
    say = answer;
    if (message.type === "get_headers") server.onGetHeaders(1 as Conn, message);
    if (message.type === "get_blocks") server.onGetBlocks(1 as Conn, message);
    while (store.asked.length > 0) store.answer(server);
  };
}

export const silent: Behaviour = () => {};

/** Honest with headers; `bodies` does what it likes with the rest. */
export function withBodies(
  blocks: readonly MadeBlock[],
  bodies: (message: MessageOf<"get_blocks">, say: (message: Message) => void) => void,
): Behaviour {
  const rest = honest(blocks);
  return (message, say) =>
    message.type === "get_blocks" ? bodies(message, say) : rest(message, say);
}

export function answersWith(body: (hash: Uint8Array) => Uint8Array | undefined) {
  return ({ request, hashes }: MessageOf<"get_blocks">, say: (message: Message) => void) => {
    for (let at = 0; at < hashes.length; at += 32) {
      const hash = hashes.slice(at, at + 32);
      say({ type: "block_body", request, hash, body: body(hash) });
    }
  };
}
