/** Signs nothing, or late: a leader whose block comes at the deadline of some and after that of others. */
import type { Trick } from "./puppet.ts";

export const silent: Trick = { signDelayMs: () => undefined };

export const late: Trick = {
  signDelayMs({ random, slotMs }, { type }) {
    const part = random.pick(type === "seal" ? [0, 3, 3, 6] : [0, 2, 4, 6, 9]);
    const aroundMs = Math.floor((part * slotMs) / 9) - Math.floor(slotMs / 20);
    return Math.max(0, aroundMs + random.below(Math.ceil(slotMs / 10)));
  },
};
