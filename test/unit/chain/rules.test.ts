import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, emptyBytes, u32Bytes } from "../../../src/base/bytes.ts";
import {
  checkHeaderAfter,
  checkHeaderAlone,
  checkResult,
  checkSeal,
  checkSealer,
  checkSignatures,
  clockToleranceMs,
  dueAtMs,
  matchBody,
} from "../../../src/chain/rules.ts";
import { encodeBody } from "../../../src/model/block.ts";
import type { HeaderFields } from "../../../src/model/header.ts";
import type { RuleCode } from "../../../src/model/rule-code.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { cheapSignatures, genesisTimeMs, networkOf, slotMs } from "../../support/chain-network.ts";

const file = networkOf(4);
const builder = new ChainBuilder(file);
const parent = builder.block(builder.genesis, { slot: 10 });
const good = builder.block(parent, { slot: 13, transactions: [builder.transfer(0, 1, 0)] });
const nowMs = genesisTimeMs + 100 * slotMs;
const nine = new Uint8Array(32).fill(9);

const lying = (lie: Partial<HeaderFields>) => builder.block(parent, { slot: 13, lie }).sealed;
const alone = (lie: Partial<HeaderFields>) =>
  checkHeaderAlone(lying(lie).header, file, nowMs)?.code;
const after = (lie: Partial<HeaderFields>) =>
  checkHeaderAfter(lying(lie).header, parent.sealed.header)?.code;

test("a good header passes every rule", () => {
  const { header } = good.sealed;
  assert.equal(checkHeaderAlone(header, file, nowMs), undefined);
  assert.equal(checkHeaderAfter(header, parent.sealed.header), undefined);
  assert.equal(checkSealer(header, file.validators), undefined);
  assert.equal(checkSeal(good.sealed, builder.genesisId, cheapSignatures), undefined);
});

const aloneCases: readonly (readonly [RuleCode, Partial<HeaderFields>])[] = [
  ["header-version", { version: 2 }],
  ["header-engine", { engine: 1 }],
  ["header-extra", { extra: new Uint8Array(24).fill(1) }],
  ["header-body-size", { bodyBytes: 3 }],
  ["header-body-size", { bodyBytes: chainLimits.blockBodyBytesMax + 1 }],
  ["header-body-size", { txCount: chainLimits.blockTransactionsMax + 1 }],
  ["header-timestamp", { timestampMs: genesisTimeMs + 13 * slotMs + 1 }],
  ["header-timestamp", { slot: 14 }],
];
for (const [code, lie] of aloneCases) {
  test(`alone: ${JSON.stringify(Object.keys(lie))} that lies is ${code}`, () => {
    assert.equal(alone(lie), code);
  });
}

const afterCases: readonly (readonly [RuleCode, Partial<HeaderFields>])[] = [
  ["header-height", { height: 3 }],
  ["header-height", { height: 1 }],
  ["header-slot", { slot: 10 }],
  ["header-validators", { validatorsHash: nine }],
];
for (const [code, lie] of afterCases) {
  test(`after its parent: ${JSON.stringify(Object.keys(lie))} that lies is ${code}`, () => {
    assert.equal(after(lie), code);
  });
}

test("only the leader of the slot may seal", () => {
  const sealer = file.validators[2]!;
  assert.equal(checkSealer(lying({ sealer }).header, file.validators)?.code, "header-sealer");
});

test("the seal is over the hash and the network", () => {
  const { header } = good.sealed;
  const other = new Uint8Array(32).fill(1);
  assert.equal(checkSeal(good.sealed, other, cheapSignatures)?.code, "header-seal");
  const seal = parent.sealed.seal;
  assert.equal(
    checkSeal({ header, seal }, builder.genesisId, cheapSignatures)?.code,
    "header-seal",
  );
});

test("a header waits from beyond the tolerance and is too new beyond two slots more", () => {
  const { header } = good.sealed;
  const startMs = genesisTimeMs + 13 * slotMs;
  const toleranceMs = clockToleranceMs(file);
  assert.equal(toleranceMs, 166);
  assert.equal(clockToleranceMs({ ...file, slotMs: 60_000 }), 500);
  assert.equal(dueAtMs(header, file), startMs - toleranceMs);
  const earliest = startMs - toleranceMs - 2 * slotMs;
  assert.equal(checkHeaderAlone(header, file, earliest), undefined);
  assert.equal(checkHeaderAlone(header, file, earliest - 1)?.code, "header-too-new");
});

test("a slot whose time is no exact number is a wrong timestamp", () => {
  const slot = Number.MAX_SAFE_INTEGER;
  const timestampMs = Number.MAX_SAFE_INTEGER;
  assert.equal(alone({ slot, timestampMs }), "header-timestamp");
});

test("the body that the header commits to matches, every other is refused", () => {
  const { header } = good.sealed;
  const code = (body: Uint8Array) => {
    const verdict = matchBody(header, body);
    return "code" in verdict ? verdict.code : undefined;
  };
  assert.equal(code(good.body), undefined);
  assert.equal(code(encodeBody(emptyBytes, [])), "body-mismatch");
  const otherTransaction = builder.transfer(1, 0, 0);
  assert.equal(code(encodeBody(emptyBytes, [otherTransaction])), "body-mismatch");
  const flipped = good.body.slice();
  flipped[flipped.length - 1]! ^= 1;
  assert.equal(code(flipped), "body-mismatch");
  const cut = good.body.slice();
  cut.set(u32Bytes(cut.length), 0);
  assert.equal(code(cut), "body-malformed");
  const certificate = new Uint8Array(good.body.length - 4);
  assert.equal(code(encodeBody(certificate, [])), "body-mismatch");
});

test("a body with another count or certificate than the header's does not match", () => {
  const body = encodeBody(new Uint8Array(5), []);
  const verdict = matchBody(lying({ bodyBytes: body.length }).header, body);
  assert.equal("code" in verdict && verdict.code, "body-mismatch");
  const many = lying({ bodyBytes: good.body.length, txCount: 2 }).header;
  const other = matchBody(many, good.body);
  assert.equal("code" in other && other.code, "body-mismatch");
  const promised = lying({ bodyBytes: 4, certHash: nine }).header;
  const none = matchBody(promised, concatBytes(u32Bytes(0)));
  assert.equal("code" in none && none.code, "body-mismatch");
});

test("signatures and results are compared with the header", () => {
  assert.equal(checkSignatures(-1), undefined);
  assert.equal(checkSignatures(0)?.code, "block-transaction-signature");
  assert.equal(checkSignatures(-2)?.code, "certificate-signature");
  const { header } = good.sealed;
  const applied = {
    stateRoot: header.stateRoot,
    receiptsRoot: header.receiptsRoot,
    nextValidatorsHash: header.nextValidatorsHash,
    receipts: [],
    changes: [],
    included: [],
  };
  assert.equal(checkResult(header, applied), undefined);
  const code = (lie: object) => checkResult(header, { ...applied, ...lie })?.code;
  assert.equal(code({ stateRoot: nine }), "block-state-root");
  assert.equal(code({ receiptsRoot: nine }), "block-receipts-root");
  assert.equal(code({ nextValidatorsHash: nine }), "block-next-validators");
});
