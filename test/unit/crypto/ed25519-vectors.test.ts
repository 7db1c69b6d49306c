import assert from "node:assert/strict";
import { test } from "node:test";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import { schemes, verdict } from "./ed25519-schemes.ts";
import { readVectors, readVectorText, readWycheproof } from "./read-vectors.ts";

test("every path derives the keys and signatures of RFC 8032 and accepts them", () => {
  interface Case {
    readonly secretKey: string;
    readonly publicKey: string;
    readonly message: string;
    readonly signature: string;
  }
  const { vectors } = readVectors<{ vectors: Case[] }>("ed25519/rfc8032-ed25519.json");
  assert.equal(vectors.length, 5);
  for (const v of vectors) {
    const [seed, message] = [hexBytes(v.secretKey), hexBytes(v.message)];
    for (const [name, scheme] of schemes) {
      assert.equal(toHex(scheme.publicKey(seed)), v.publicKey, name);
      assert.equal(toHex(scheme.sign(seed, message)), v.signature, name);
    }
    assert.equal(verdict(hexBytes(v.signature), message, hexBytes(v.publicKey)), true);
  }
});

test("every path signs and accepts the first 256 lines of sign.input", () => {
  const lines = readVectorText("ed25519/sign.input-256.txt.gz").trimEnd().split("\n");
  assert.equal(lines.length, 256);
  lines.forEach((line, index) => {
    const [secretKey, publicKey, text, signedMessage] = line.split(":") as [
      string,
      string,
      string,
      string,
    ];
    const seed = hexBytes(secretKey.slice(0, 64));
    const message = hexBytes(text);
    const signature = hexBytes(signedMessage.slice(0, 128));
    for (const [name, scheme] of schemes) {
      if (name === "noble" && index % 8 !== 0) continue; // slow
      assert.equal(toHex(scheme.sign(seed, message)), toHex(signature), name);
    }
    assert.equal(verdict(signature, message, hexBytes(publicKey)), true);
  });
});

test("the edge cases of speccheck get libsodium's published verdicts", () => {
  interface Case {
    readonly message: string;
    readonly pub_key: string;
    readonly signature: string;
  }
  const verdicts = readVectors<Case[]>("ed25519/speccheck-cases.json").map((v) =>
    verdict(hexBytes(v.signature), hexBytes(v.message), hexBytes(v.pub_key)) ? "V" : "X",
  );
  assert.equal(verdicts.join(""), "XXXVXXXXXXXX");
});

test("no signature of the small-order grid of ZIP 215 is accepted", () => {
  const cases = readVectors<{ vk_bytes: string; sig_bytes: string }[]>("ed25519/zip215-196.json");
  assert.equal(cases.length, 196);
  const message = new TextEncoder().encode("Zcash");
  for (const v of cases) {
    assert.equal(verdict(hexBytes(v.sig_bytes), message, hexBytes(v.vk_bytes)), false);
  }
});

test("every path agrees with Wycheproof on Ed25519", () => {
  interface Group {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[];
  }
  let count = 0;
  for (const group of readWycheproof<Group>("ed25519")) {
    const publicKey = hexBytes(group.publicKey.pk);
    for (const t of group.tests) {
      const accepted = verdict(hexBytes(t.sig), hexBytes(t.msg), publicKey);
      assert.equal(accepted, t.result === "valid", `tcId ${t.tcId}`);
      count++;
    }
  }
  assert.equal(count, 151);
});
