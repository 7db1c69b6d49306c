/** What an operator is told when somebody else signs with this node's validator key. */
import type { NodeEvent } from "../edge/event.ts";
import { HostError } from "./host-error.ts";

export function doppelgangerError(event: Extract<NodeEvent, { type: "doppelganger" }>): HostError {
  return new HostError(
    "doppelganger",
    `a ${event.what} of slot ${event.slot} signed with our validator key came from the network, ` +
      "and this node did not make it: another node uses the same key",
    "find that node and stop it, or leave the key to it; start this one again only when you are " +
      "sure. Two of them sooner or later contradict each other, and the validator is expelled. If " +
      "there is no other node of yours, the key is stolen: have the other validators remove it",
  );
}
