/** A signer in a folder of its own, requests by slot, and its file as bytes. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hexBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import type { SealRequest, SignRequest, VoteRequest } from "../../../src/edge/effect.ts";
import type { SignerFloors } from "../../../src/edge/signer-floors.ts";
import { decodeFloorFile, type FloorRecord } from "../../../src/host/floor-records.ts";
import { SignerFile, type SignerOptions } from "../../../src/host/signer-file.ts";
import type { SignerSituation } from "../../../src/host/signer-start.ts";
import { blockHashOf, publicKeyOf } from "../../../src/model/ids.ts";
import { encodeVoteData } from "../../../src/model/vote.ts";

const seed = () => new Uint8Array(32).fill(9);

export const publicKey = publicKeyOf(ed25519.publicKey(seed()));
export const genesisHash = new Uint8Array(32).fill(3);

/** A chain of several validators in slot `nowSlot`. */
export const onChain = (nowSlot: number, more: Partial<SignerSituation> = {}): SignerSituation => ({
  nowSlot,
  isStoreFresh: false,
  isAlone: false,
  amnesia: false,
  ...more,
});

export const atGenesis: SignerSituation = onChain(0, { isStoreFresh: true });

export function openSigner(
  folder: string,
  situation: SignerSituation = atGenesis,
  extra: Partial<SignerOptions> = {},
): Promise<SignerFile> {
  return SignerFile.open(join(folder, "validator.json"), {
    key: { publicKey, seed: seed() },
    signatures: ed25519,
    genesisHash,
    situation,
    ...extra,
  });
}

export const floors = (sealSlot: number, sourceSlot: number, targetSlot: number): SignerFloors => ({
  sealSlot,
  sourceSlot,
  targetSlot,
});

export const blockHash = (n: number): Uint8Array => new Uint8Array(32).fill(n);

export const sealOf = (slot: number, hash = blockHash(slot)): SealRequest => ({
  type: "seal",
  slot,
  blockHash: hash,
  genesisHash,
});

/** `branch` tells blocks of one slot apart. */
export const voteOf = (sourceSlot: number, targetSlot: number, branch = 0): VoteRequest => ({
  type: "vote",
  data: encodeVoteData({
    sourceSlot,
    sourceHash: blockHashOf(blockHash(sourceSlot + branch)),
    targetSlot,
    targetHash: blockHashOf(blockHash(targetSlot + branch)),
  }),
  genesisHash,
});

export async function signed(signer: SignerFile, request: SignRequest): Promise<Uint8Array> {
  const answer = await signer.sign(request);
  assert.ok(answer instanceof Uint8Array, JSON.stringify(answer));
  return answer;
}

export async function refusal(signer: SignerFile, request: SignRequest): Promise<string> {
  const answer = await signer.sign(request);
  assert.ok("refused" in answer, "a refusal was expected");
  return answer.refused;
}

/** Whose file it is. */
export const owner = { publicKey: hexBytes(publicKey), genesisHash };

/** The last of the whole records in the file. */
export function lastRecord(folder: string): FloorRecord {
  const found = decodeFloorFile(readFileSync(floorPath(folder)), owner);
  assert.ok(found.type === "records");
  return found.last;
}

/** Whatever the disk does, the handle is what fails: closed behind the signer's back. */
export function breakFile(signer: SignerFile): Promise<void> {
  return (signer as unknown as { file: { close(): Promise<void> } }).file.close();
}

export const floorPath = (folder: string): string =>
  join(folder, readdirSync(folder).find((name) => name.endsWith(".floor"))!);
