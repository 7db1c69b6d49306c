import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodePayload, encodedBytes, encodePayload } from "../../../src/wire/codec.ts";
import { WireError } from "../../../src/wire/errors.ts";
import { messageNumbers } from "../../../src/wire/messages.ts";
import { scanPayload } from "../../../src/wire/scan.ts";
import { arbitraryMessage } from "./arbitrary-message.ts";

function scanned(payload: Uint8Array): [number, number][] {
  const seen: [number, number][] = [];
  scanPayload(payload, (typeNumber, bytes) => void seen.push([typeNumber, bytes]));
  return seen;
}

test("a scan names every message of a payload with the bytes it takes", () => {
  fc.assert(
    fc.property(fc.array(arbitraryMessage, { minLength: 1, maxLength: 20 }), (messages) => {
      const expected = messages.map((each) => [messageNumbers[each.type], encodedBytes(each)]);
      assert.deepEqual(scanned(encodePayload(messages)), expected);
    }),
    { seed: 11 },
  );
});

test("whatever bytes come, a scan never throws and names no message that it could not measure", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
      const bytes = scanned(payload).reduce((sum, [, each]) => sum + each, 0);
      assert.ok(bytes <= payload.length);
    }),
    { seed: 12, numRuns: 2_000 },
  );
});

test("nothing decodes that a scan did not name, whatever was done to the bytes", () => {
  const damage = fc.record({ at: fc.nat(2_000), byte: fc.nat(255), cut: fc.nat(40) });
  fc.assert(
    fc.property(
      fc.array(arbitraryMessage, { minLength: 1, maxLength: 6 }),
      damage,
      (messages, { at, byte, cut }) => {
        const whole = encodePayload(messages).slice();
        whole[at % whole.length] = byte;
        const payload = whole.subarray(0, whole.length - (cut > 20 ? cut % whole.length : 0));
        try {
          const decoded = decodePayload(payload).map(({ type }) => messageNumbers[type]);
          assert.deepEqual(
            scanned(payload).map(([typeNumber]) => typeNumber),
            decoded,
          );
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
      },
    ),
    { seed: 13, numRuns: 2_000 },
  );
});
