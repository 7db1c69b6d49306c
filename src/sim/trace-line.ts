/** An input as one line of the trace, whose digest tells two histories apart. */
import { toHex } from "../base/bytes.ts";
import type { Input } from "../edge/input.ts";

export function describe(input: Input): string {
  switch (input.type) {
    case "connected":
      return `connected ${input.conn} ${input.inbound ? "from" : "to"} ${input.address}`;
    case "bytes":
      // The tail of a frame depends on everything before it: what differs inside shows here.
      return `bytes ${input.conn} ${input.bytes.length} ${toHex(input.bytes.subarray(-4))}`;
    case "persisted":
      return `persisted ${input.through}`;
    case "verified":
      return `verified ${input.job} ${input.firstBad}`;
    case "dial-failed":
    case "closed":
      return `${input.type} ${input.conn} ${input.reason}`;
    case "room":
      return `room ${input.conn}`;
    case "loaded":
    case "signed":
      return `${input.type} ${input.job}`;
    case "command":
      return `command ${input.command.type}`;
    default:
      return input.type;
  }
}
