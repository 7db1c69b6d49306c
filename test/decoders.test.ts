/**
 * Two readers of one specification, `src` and the independent decoder, over mutated vectors: they
 * must accept the same bytes and refuse the others with the same code.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { decodeBody } from "../src/model/block.ts";
import { decodeCertificate } from "../src/model/certificate.ts";
import { decodeEvidence } from "../src/model/evidence.ts";
import { decodeSealedHeader } from "../src/model/header.ts";
import { decodeTransaction } from "../src/model/transaction.ts";
import { decodeValidatorSet } from "../src/model/validator-set.ts";
import { decodeVote } from "../src/model/vote.ts";
import { decodePayload } from "../src/wire/codec.ts";
import { inflatePayload } from "../src/wire/deflated.ts";
import { WireError } from "../src/wire/errors.ts";
import { decodeHello } from "../src/wire/hello.ts";
import { decodeOpening } from "../src/wire/opening.ts";
import { unhex } from "./support/independent-decoder/bytes.ts";
import { faultOf } from "./support/independent-decoder/fault.ts";
import { readHello } from "./support/independent-decoder/hello.ts";
import { inflated } from "./support/independent-decoder/inflated.ts";
import * as objects from "./support/independent-decoder/objects.ts";
import { readOpening } from "./support/independent-decoder/opening.ts";
import { readPayload } from "./support/independent-decoder/payload.ts";

type Read = (bytes: Uint8Array) => unknown;

/** The code that `src` gives; undefined when it accepts. */
function codeOf(read: Read, bytes: Uint8Array): string | undefined {
  try {
    const result = read(bytes);
    const isRejection = typeof result === "object" && result !== null && "code" in result;
    return isRejection ? String(result.code) : undefined;
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}

/** Reproducible: mulberry32. */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

/** One to three changes: a byte, a bit, a cut, an insertion, a run moved. */
function mutated(bytes: Uint8Array, below: (bound: number) => number): Uint8Array {
  let out = Array.from(bytes);
  for (let left = 1 + below(3); left > 0; left--) {
    const at = out.length === 0 ? 0 : below(Math.min(out.length, below(2) === 0 ? 24 : out.length));
    const kind = below(6);
    if (kind === 0) out[at] = below(256);
    else if (kind === 1) out[at] = (out[at] ?? 0) ^ (1 << below(8));
    else if (kind === 2) out = out.slice(0, at);
    else if (kind === 3) out.splice(at, 0, [0xc0, 0xc2, 0xcc, 0xd0, 0xdc, 0xff][below(6)]!);
    else if (kind === 4) out.splice(at, 1 + below(4));
    else out.push(below(256));
  }
  return Uint8Array.from(out);
}

function positives(file: string, field: string): Uint8Array[] {
  const { cases } = JSON.parse(readFileSync(`protocol-spec/vectors/${file}`, "utf8")) as {
    cases: readonly Record<string, unknown>[];
  };
  const found = cases.filter((each) => each["error"] === undefined && each[field] !== undefined);
  return found.map((each) => unhex(String(each[field])));
}

const pairs: readonly (readonly [string, string, string, Read, Read])[] = [
  ["payloads", "messages.json", "payload", decodePayload, readPayload],
  ["HELLO", "hello.json", "bytes", decodeHello, readHello],
  ["openings", "openings.json", "bytes", decodeOpening, readOpening],
  ["transactions", "transactions.json", "bytes", decodeTransaction, objects.readTransaction],
  ["sealed headers", "headers.json", "bytes", decodeSealedHeader, objects.readSealedHeader],
  ["bodies", "bodies.json", "bytes", decodeBody, objects.readBody],
  ["votes", "votes.json", "bytes", decodeVote, objects.readVote],
  ["certificates", "certificates.json", "bytes", decodeCertificate, objects.readCertificate],
  ["evidence", "evidence.json", "bytes", decodeEvidence, objects.readEvidence],
  ["validator sets", "validator-sets.json", "bytes", decodeValidatorSet, objects.readValidatorSet],
];

const ourInflated: Read = (bytes) => decodePayload(inflatePayload(bytes));

/** The vector, and what zlib makes of it: its codes of its own, and the fixed ones. */
function deflatedSamples(): Uint8Array[] {
  const [sample] = positives("deflated-frames.json", "sent");
  const payload = inflatePayload(sample!);
  const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY];
  return [
    sample!,
    ...strategies.map((strategy) => {
      const stream = deflateRawSync(payload, { level: 9, strategy });
      return Uint8Array.from([...sample!.subarray(0, 4), ...stream]);
    }),
  ];
}

function agree(name: string, samples: readonly Uint8Array[], ours: Read, theirs: Read): void {
  const below = randomFrom(20_261_121);
  let refused = 0;
  for (let i = 0; i < 4_000; i++) {
    const bytes = mutated(samples[below(samples.length)]!, below);
    const code = codeOf(ours, bytes);
    const other = faultOf(() => theirs(bytes));
    assert.equal(code, other, `${name}: ${Buffer.from(bytes).toString("hex").slice(0, 400)}`);
    if (code !== undefined) refused++;
  }
  assert.ok(refused > 500, `${refused} were refused`);
}

for (const [name, file, field, ours, theirs] of pairs) {
  test(`both decoders give mutated ${name} the same verdict`, () => {
    agree(name, positives(file, field), ours, theirs);
  });
}

test("both decoders give mutated DEFLATED payloads the same verdict", () => {
  const samples = deflatedSamples();
  for (const sample of samples) {
    assert.deepEqual(
      [codeOf(ourInflated, sample), faultOf(() => inflated(sample))],
      [undefined, undefined],
    );
  }
  agree("DEFLATED payloads", samples, ourInflated, inflated);
});
