/** One of several machines with one key, without the watch that would silence it. */
import type { Trick } from "./puppet.ts";

export const shameless: Trick = {
  onStart({ insides: { guard } }) {
    if (guard !== undefined) Object.defineProperty(guard, "seen", { value: () => {} });
  },
};
