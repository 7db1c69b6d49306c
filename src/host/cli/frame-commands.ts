/**
 * `frame verify FILE`: who said what to whom, proven by a recorded frame
 * (protocol-spec/03-frames §6); `frame export ID`: such a frame from a running node.
 */
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { toHex } from "../../base/bytes.ts";
import { ed25519 } from "../../crypto/ed25519.ts";
import type { Message } from "../../wire/messages.ts";
import { verifyRecordedFrame } from "../../wire/recorded-frame.ts";
import { printable } from "../event-text.ts";
import { reasonOf } from "../host-error.ts";
import { parseJson } from "../loose-json.ts";
import { fieldsText } from "../terminal/table.ts";
import { CliError } from "./cli-error.ts";
import type { NodeClient } from "./node-client.ts";
import type { CliWorld, Reply } from "./reply.ts";
import { type Given, hex32Of, neededText, readTextFile, usageError } from "./values.ts";

/** Bytes of a field that people are shown. */
const shownBytes = 32;

export function verifyFrame(given: Given, { paint }: CliWorld): Reply {
  const path = neededText(given, "file", "FILE");
  const record = parseJson(readTextFile(path, "FILE"));
  const verdict = verifyRecordedFrame(record, ed25519);
  if (!verdict.ok) {
    throw new CliError(
      "no",
      "frame-not-proven",
      `${path} proves nothing: ${verdict.reason}`,
      "export the frame again; it must not be edited",
    );
  }
  const { sender, recipient, messages, fault } = verdict;
  // What was verified is an object with these members.
  const { genesisHash, handshakeHash, sequence } = record as Record<string, string | number>;
  const lines = messages.map((message) => `  ${messageText(message)}`);
  const fields = fieldsText(
    [
      ["proven", paint("green", "the sender signed this frame")],
      ["sender", sender],
      ["recipient", recipient],
      ["network", String(genesisHash)],
      ["session", `${handshakeHash}, frame ${sequence}`],
      [
        "says",
        fault === undefined ? `${messages.length} messages` : `${fault.code}: ${fault.detail}`,
      ],
    ],
    paint,
  );
  const json = { ok: true, sender, recipient, genesisHash, handshakeHash, sequence };
  const said = { messages: messages.map(jsonOf), fault: fault ?? null };
  return { text: [fields, ...lines].join("\n"), json: { ...json, ...said } };
}

/** Writes what the node has as it came: `frame verify` is the judge of it. */
export async function exportFrame(given: Given, client: NodeClient): Promise<Reply> {
  const nodeId = hex32Of(neededText(given, "nodeId", "ID"), "ID", "node id");
  const path = neededText(given, "out", "FILE");
  const frame = await client.get(`/api/peers/${nodeId}/frame`, z.looseObject({}));
  try {
    writeFileSync(path, `${JSON.stringify(frame, undefined, 2)}\n`, { flag: "wx" });
  } catch (error) {
    throw usageError(`--out: ${reasonOf(error)}`, "name a file that does not exist yet");
  }
  const text = `written to ${path}; check it with: npx tsx bin/cli.ts frame verify ${path}`;
  return { text, json: { file: path, nodeId } };
}

/** `type field=value ...`, bytes as hex and cut. */
function messageText(message: Message): string {
  const { type, ...fields } = message;
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  return [type, ...shown].join(" ");
}

function valueText(value: unknown): string {
  if (!(value instanceof Uint8Array)) return printable(String(value), 128);
  const hex = toHex(value.subarray(0, shownBytes));
  return value.length > shownBytes ? `${hex}.. (${value.length} bytes)` : hex;
}

function jsonOf(message: Message): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : (value ?? null),
    ]),
  );
}
