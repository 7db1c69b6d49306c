/** DEFLATED frames as they come: who may send them, in which pieces, and what they may hold. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { concatBytes, writeU32 } from "../../../src/base/bytes.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { wireLimits } from "../../../src/params/limits.ts";
import { Inbox } from "../../../src/peer/inbox.ts";
import { encodePayload } from "../../../src/wire/codec.ts";
import { deflatePayload } from "../../../src/wire/deflated.ts";
import { bodyBytesOf, frameFlags } from "../../../src/wire/frame.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { refusal } from "../wire/refusal.ts";

const { bulk, more, deflated } = frameFlags;
type Piece = readonly [flags: number, payload: Uint8Array];

const bodyOf = (bytes: number, request = 1): Message => {
  const body = new Uint8Array(bytes);
  for (let at = 0; at + 32 <= bytes; at += 64)
    body.set(sha256(Uint8Array.of(at, at >> 8, request)), at);
  return { type: "block_body", request, hash: new Uint8Array(32), body };
};
const block: Message = {
  type: "new_block",
  header: new Uint8Array(420),
  body: (bodyOf(1_048_576) as { body: Uint8Array }).body,
};
const ping: Message = { type: "ping", nonce: new Uint8Array(8), sentAtMs: 1 };
const squeezed = (...messages: Message[]): Uint8Array => {
  const payload = deflatePayload(encodePayload(messages));
  assert.ok(payload !== undefined, "it pays");
  return payload;
};
/** In pieces of 30,000 bytes. */
function pieces(payload: Uint8Array, flags: number): Piece[] {
  const out: Piece[] = [];
  for (let at = 0; at < payload.length; at += 30_000) {
    const isLast = at + 30_000 >= payload.length;
    out.push([isLast ? flags : flags | more, payload.subarray(at, at + 30_000)]);
  }
  return out;
}

function read(frames: readonly Piece[], deflates = true, work: number[] = []): Message[] {
  const inbox = new Inbox(8_388_608, deflates);
  const said: Message[] = [];
  for (const [sequence, [flags, payload]] of frames.entries()) {
    const header = { flags, bodyBytes: bodyBytesOf(payload.length) };
    inbox.onHeader(header);
    const frame = { ...header, sequence, payload, signature: new Uint8Array(64) };
    const whole = inbox.onFrame(frame, (bytes) => work.push(bytes));
    if (whole !== undefined) said.push(...inbox.decode(frame, whole));
  }
  return said;
}

describe("a DEFLATED payload is read", () => {
  test("from one frame, of one message and of many", () => {
    const many = [bodyOf(9_000), bodyOf(9_000, 2), bodyOf(0x1000, 3)];
    assert.deepEqual(read([[bulk | deflated, squeezed(bodyOf(50_000))]]), [bodyOf(50_000)]);
    assert.deepEqual(read([[bulk | deflated, squeezed(...many)]]), many);
  });

  test("from pieces, other frames between them, and a plain payload after it", () => {
    const frames = pieces(squeezed(block), bulk | deflated);
    assert.ok(frames.length > 10);
    frames.splice(3, 0, [0, encodePayload([ping])]);
    frames.push([bulk, encodePayload([bodyOf(100)])]);
    assert.deepEqual(read(frames), [ping, block, bodyOf(100)]);
  });

  test("from pieces when it holds several messages, as long as one frame could inflated", () => {
    const many = Array.from({ length: 10 }, (_, n) => bodyOf(50_000, n));
    assert.deepEqual(read(pieces(squeezed(...many), bulk | deflated)), many);
  });

  test("after its work was told, once for each payload", () => {
    const work: number[] = [];
    read(pieces(squeezed(block), bulk | deflated), true, work);
    assert.deepEqual(work, [encodePayload([block]).length]);
  });
});

describe("refused is", () => {
  const good = squeezed(bodyOf(50_000));
  const claiming = (bytes: number, stream: Uint8Array) => {
    const length = new Uint8Array(4);
    writeU32(length, 0, bytes);
    return concatBytes(length, stream);
  };
  const stream = (payload: Uint8Array) => new Uint8Array(deflateRawSync(payload, { level: 1 }));
  const twelve = Array.from({ length: 12 }, (_, n) => bodyOf(50_000, n));
  const split = pieces(squeezed(block), bulk | deflated);
  const pieceOf = (at: number, flags: number): Piece => [flags, split[at]![1]];
  const tooLarge = encodePayload([{ ...block, type: "new_block" }]).slice();
  const cases: readonly (readonly [string, string, readonly Piece[], boolean?])[] = [
    ["DEFLATED that was not agreed on", "bad-flags", [[bulk | deflated, good]], false],
    ["a first piece that was not agreed on", "bad-flags", [split[0]!], false],
    ["a piece that is not DEFLATED", "bad-flags", [split[0]!, pieceOf(1, bulk | more)]],
    ["a last piece that is not DEFLATED", "bad-flags", [split[0]!, pieceOf(1, bulk)]],
    [
      "a DEFLATED piece of a plain chain",
      "bad-flags",
      [
        [bulk | more, encodePayload([block]).subarray(0, 30_000)],
        [bulk | deflated, good],
      ],
    ],
    ["a plain message, deflated", "bad-flags", [[bulk | deflated, squeezed(bodyOf(9_000), ping)]]],
    [
      "a piece of a chain that is too small",
      "more-chain-broken",
      [pieceOf(0, bulk | deflated | more)].map(([f, p]) => [f, p.subarray(0, 9_000)] as const),
    ],
    [
      "several messages that no frame holds",
      "more-chain-broken",
      pieces(squeezed(...twelve), bulk | deflated),
    ],
    [
      "a length above any payload, with its first piece",
      "bad-deflate",
      [[bulk | deflated | more, claiming(wireLimits.inflatedBytesMax + 1, good)]],
    ],
    [
      "a second piece beyond what was said",
      "bad-deflate",
      [[bulk | deflated | more, claiming(40_000, split[0]![1])], split[1]!],
    ],
    ["pieces whose stream ends too early", "bad-deflate", [split[0]!, pieceOf(1, bulk | deflated)]],
    [
      "a byte after the last message",
      "trailing-bytes",
      [
        [
          bulk | deflated,
          deflatePayload(concatBytes(encodePayload([bodyOf(9_000)]), Uint8Array.of(0)))!,
        ],
      ],
    ],
    [
      "a message of another type beyond its cap",
      "bad-field",
      [[bulk | deflated, deflatePayload(headersBeyond())!]],
    ],
    [
      "a bomb",
      "bad-deflate",
      [[bulk | deflated, claiming(1_000_000, stream(new Uint8Array(1_000_000)))]],
    ],
    ["a header that goes on", "bad-deflate", [[bulk | deflated, tooLarge.subarray(0, 3)]]],
  ];
  for (const [name, code, frames, deflates] of cases) {
    test(name, () =>
      assert.equal(
        refusal(() => read(frames, deflates ?? true)),
        code,
      ),
    );
  }

  /** `headers` of 300,000 bytes: its cap is 215,100. */
  function headersBeyond(): Uint8Array {
    const { body } = bodyOf(300_000) as { body: Uint8Array };
    const head = Uint8Array.of(0x91, 0x93, 0x0b, 0x01, 0xc6, 0x00, 0x04, 0x93, 0xe0);
    return concatBytes(head, body);
  }

  test("nothing of a payload that was only said to be deflated is inflated", () => {
    const work: number[] = [];
    const bomb = claiming(1_000_000, stream(new Uint8Array(1_000_000)));
    refusal(() => read([[bulk | deflated, bomb]], true, work));
    assert.deepEqual(work, []);
  });
});
