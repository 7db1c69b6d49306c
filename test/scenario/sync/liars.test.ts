/**
 * One liar beside honest peers: the sync ends at most twice as late as without it, and the liar is
 * charged with what the case names, nobody else with anything.
 * reference/reliability.md §3.2 rows 27 to 33 and 40.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlameCode } from "../../../src/edge/port.ts";
import { blockHashOf, idBytes } from "../../../src/model/ids.ts";
import { makeChain } from "../../support/sync-world.ts";
import { genesis, isAt, LinkedWorld } from "../../unit/sync/linked-world.ts";
import {
  answersWith,
  type Behaviour,
  honest,
  silent,
  withBodies,
} from "../../unit/sync/peer-behaviour.ts";

/** Far enough apart that a chain takes many questions, as over the world. */
const latencyMs = 150;
const chain = makeChain(4_000, 1, undefined, 60);
const top = chain.at(-1)!;
const byHash = new Map(chain.map((made) => [made.sealed.header.hash, made]));
const bodyOf = (hash: Uint8Array) => byHash.get(blockHashOf(hash))?.body;
const serve = () => honest(chain);

interface Liar {
  readonly behaviour: () => Behaviour;
  /** Codes that it is blamed with; empty: it only costs time, and its score. */
  readonly charged: readonly BlameCode[];
  readonly height?: number;
}

const mutated = (hash: Uint8Array) => {
  const body = bodyOf(hash)?.slice();
  if (body !== undefined) body[20]! ^= 1;
  return body;
};

const liars: Readonly<Record<string, Liar>> = {
  "says nothing at all and claims the most": {
    behaviour: () => silent,
    charged: [],
    height: Number.MAX_SAFE_INTEGER,
  },
  "gives headers and no body": { behaviour: () => withBodies(chain, () => {}), charged: [] },
  "drips one body of each question": {
    behaviour: () =>
      withBodies(chain, ({ request, hashes }, say) => {
        const hash = hashes.slice(0, 32);
        say({ type: "block_body", request, hash, body: bodyOf(hash) });
      }),
    charged: [],
  },
  "claims a height and lowers it: it lacks all above": {
    behaviour: () =>
      withBodies(
        chain,
        answersWith((hash) => {
          const made = byHash.get(blockHashOf(hash));
          return made !== undefined && made.sealed.header.height < 200 ? made.body : undefined;
        }),
      ),
    charged: [],
    height: 1_000_000,
  },
  "withholds one body": {
    behaviour: () =>
      withBodies(
        chain,
        answersWith((hash) => {
          const isIt = byHash.get(blockHashOf(hash))?.sealed.header.height === 700;
          return isIt ? undefined : bodyOf(hash);
        }),
      ),
    charged: [],
  },
  "sends mutated bodies": {
    behaviour: () => withBodies(chain, answersWith(mutated)),
    charged: ["body-mismatch"],
  },
  "sends junk for bodies": {
    behaviour: () =>
      withBodies(
        chain,
        answersWith(() => new Uint8Array(33).fill(7)),
      ),
    charged: ["body-mismatch"],
  },
  "sends junk for headers": {
    behaviour: () => (message, say) => {
      if (message.type !== "get_headers") return;
      say({ type: "headers", request: message.request, headers: new Uint8Array(840).fill(255) });
    },
    charged: ["header-malformed"],
  },
  "sends bodies that nobody asked for": {
    behaviour: () => {
      const honestly = serve();
      let isFirst = true;
      return (message, say) => {
        honestly(message, say);
        if (message.type !== "get_blocks" || !isFirst) return;
        isFirst = false;
        const { hash } = top.sealed.header;
        const body = top.body;
        say({ type: "block_body", request: 0x7fffffff, hash: idBytes(hash), body });
      };
    },
    charged: ["unsolicited"],
  },
};

function seconds(seed: number, liar?: Liar): number {
  const world = new LinkedWorld(seed, genesis);
  const bad = liar && world.join(liar.behaviour(), top, latencyMs / 3, liar.height);
  const good = [0, 1].map((i) => world.join(serve(), top, latencyMs + 10 * i));
  const took = world.run(isAt(world, top), 600);
  for (const conn of good) assert.deepEqual(world.blamesOf(conn), []);
  if (bad !== undefined) assert.deepEqual(world.blamesOf(bad), liar?.charged);
  return took;
}

const alone = seconds(1);

for (const [what, liar] of Object.entries(liars)) {
  test(`a peer that ${what} makes a sync at most twice as slow`, () => {
    for (let seed = 1; seed <= 2; seed++) {
      const took = seconds(seed, liar);
      assert.ok(took <= 2 * alone, `${took} s, ${alone} s without it (seed ${seed})`);
    }
  });
}
