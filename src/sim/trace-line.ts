/** An input as one line of the trace, whose digest tells two histories apart. */
import type { Input } from "../edge/input.ts";

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Of the last four bytes: half of all lines have one. */
function tailHex(bytes: Uint8Array): string {
  let text = "";
  for (let at = Math.max(0, bytes.length - 4); at < bytes.length; at++) text += hexOf[bytes[at]!]!;
  return text;
}

export function describe(input: Input): string {
  switch (input.type) {
    case "connected":
      return `connected ${input.conn} ${input.inbound ? "from" : "to"} ${input.address}`;
    case "bytes":
      // The tail of a frame depends on everything before it: what differs inside shows here.
      return `bytes ${input.conn} ${input.bytes.length} ${tailHex(input.bytes)}`;
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
