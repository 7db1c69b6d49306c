/** Cases of `deflated-frames.json`. */
import assert from "node:assert/strict";
import { hex, join, pattern, unhex } from "./bytes.ts";
import { sha256 } from "./crypto.ts";
import { directionOf, frames, type Judge, seedOf } from "./judges.ts";
import type { Message } from "./payload.ts";

export const deflatedFrames: Readonly<Record<string, Judge>> = {
  deflated: (c) => {
    const whole = join(unhex(c["begin"]), pattern(c["patternBytes"]), unhex(c["end"]));
    const said: Message[] = [];
    const reading = directionOf({ ...c, deflates: true });
    const sealing = directionOf(c);
    for (const each of c["frames"]) {
      const payload = each.payload ? unhex(each.payload) : whole.slice(each.from, each.to);
      const frame = sealing.seal(each.flags, payload, seedOf(c));
      assert.equal(hex(sha256(frame)), each.frameDigest);
      const opened = reading.open(frame);
      said.push(...reading.messages(opened.flags, opened.payload));
    }
    const body = join(pattern(c["patternBytes"]), new Uint8Array(c["zeroBytes"]));
    assert.equal(said.at(-1)?.["body"], hex(body));
    assert.equal(said.length, c["frames"].length === 1 ? 1 : 2);
  },
  refusal: frames["refusal"]!,
};
