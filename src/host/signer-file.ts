/**
 * Signs seals and votes with a validator key, and never two that contradict each other: what is
 * about to be signed is on disk, fdatasynced, before a signature leaves. The file lies beside the
 * key, outside the chain database: it is no part of backup, resync or reset, and two processes
 * cannot hold it at once. NOT a judge of blocks: it knows slots only.
 *
 *   request ──above the floors?──> record written ──> fdatasync ──> signature
 *                 no: refused            └── failed: refused, and silence until the next start
 *
 * Invariant: a signature exists only for what a durable record covers; seal slots and target slots
 * of new signatures rise, source slots never fall. So no two of them are a double seal, a double
 * vote or a surround. The last vote may be signed again: the same bytes.
 *
 * The rule: edge/signing-rule.ts. Layout, also of the version before, which is carried over:
 * floor-records.ts. Floors at start: signer-start.ts. protocol-spec/06-validation §8.
 */
import { existsSync, linkSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { equalBytes, hexBytes, isZero, toHex } from "../base/bytes.ts";
import { wipe } from "../crypto/secret.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { SealRequest, SignRequest, VoteRequest } from "../edge/effect.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import { floorsAfter, preimageOf, type Refusal } from "../edge/signing-rule.ts";
import { domainAt, type SigningDomain } from "../model/signing-domain.ts";
import { decodeVoteData } from "../model/vote.ts";
import { replaceFileSync } from "./durable-file.ts";
import { FileLock } from "./file-lock.ts";
import {
  decodeFloorFile,
  encodeFloorHeader,
  encodeFloorRecord,
  type FloorFile,
  type FloorRecord,
  floorHeaderBytes,
  floorRecordBytes,
} from "./floor-records.ts";
import { HostError, reasonOf, systemCode } from "./host-error.ts";
import type { Key } from "./keys.ts";
import { type SignerSituation, type SignerStart, startOf } from "./signer-start.ts";

export interface SignerOptions {
  readonly key: Key;
  readonly signatures: SignatureScheme;
  /** 32 bytes: one key may serve several networks, each with floors of its own. */
  readonly genesisHash: Uint8Array;
  /** What is signed for in which slot, if the network recovered; the floors are one all the same. */
  readonly domain?: SigningDomain;
  readonly situation: SignerSituation;
}

/** Records after which the file is written anew: 1.2 MB. */
const recordsMax = 8192;
const fileBytesMax = floorHeaderBytes + (recordsMax + 1) * floorRecordBytes;
const mode = 0o600;

export class SignerFile {
  readonly start: SignerStart;
  private readonly path: string;
  private readonly options: SignerOptions;
  private readonly lock: FileLock;
  private readonly header: Uint8Array;
  private file: FileHandle;
  private last: FloorRecord;
  private recordCount = 1;
  /** After a failed write nobody knows what is on disk: silence until the next start. */
  private broken: string | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    options: SignerOptions,
    opened: { lock: FileLock; file: FileHandle; header: Uint8Array; start: SignerStart },
  ) {
    this.path = path;
    this.options = options;
    this.lock = opened.lock;
    this.file = opened.file;
    this.header = opened.header;
    this.start = opened.start;
    this.last = opened.start.record;
  }

  /** `keyPath` is the key file; the record lies beside it, named after the network. */
  static async open(keyPath: string, options: SignerOptions): Promise<SignerFile> {
    const path = `${keyPath}.${toHex(options.genesisHash).slice(0, 16)}.floor`;
    const lock = FileLock.acquire(`${path}.lock`);
    if (!(lock instanceof FileLock)) throw keyInUse(keyPath, lock.heldBy);
    try {
      const { genesisHash, situation } = options;
      const owner = { publicKey: hexBytes(options.key.publicKey), genesisHash };
      const bytes = readIfThere(path);
      const found: FloorFile | undefined = bytes && decodeFloorFile(bytes, owner);
      const start = startOf(found, situation, path);
      // It may be the only record of another key.
      if (found !== undefined && found.type !== "records") keepOld(path);
      const header = encodeFloorHeader(owner);
      // Written anew at each start: it ends short, with one whole record.
      writeAnew(path, header, start.record);
      return new SignerFile(path, options, { lock, file: await open(path, "a"), header, start });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Nothing below or at them will be signed. */
  get floors(): SignerFloors {
    const { sealSlot, sourceSlot, targetSlot } = this.last;
    return { sealSlot, sourceSlot, targetSlot };
  }

  /** The key never signed before, as far as this machine knows. */
  get isFresh(): boolean {
    return this.start.type === "fresh";
  }

  /** The 64-byte signature, after what it signs is durable. */
  sign(request: SignRequest): Promise<Uint8Array | Refusal> {
    // Bytes are borrowed for the step, and the signature comes after it.
    const kept = copyOf(request);
    const signed = this.queue.then(() => this.signNext(kept));
    this.queue = signed.catch(() => undefined);
    return signed;
  }

  /** Signs nothing more until the next start. */
  silence(reason: string): void {
    this.broken ??= reason;
  }

  async close(): Promise<void> {
    await this.queue;
    this.silence("the signer is closed");
    await this.file.close().catch(() => undefined);
    wipe(this.options.key.seed);
    this.lock.release();
  }

  private async signNext(request: SignRequest): Promise<Uint8Array | Refusal> {
    const { key, signatures } = this.options;
    if (this.broken !== undefined) return { refused: this.broken };
    if (!this.isOurs(request)) return { refused: "another network, or before a recovery" };
    // No record: it binds us to nothing.
    if (request.type === "attest") return signatures.sign(key.seed, preimageOf(request));
    const next = this.recordFor(request);
    if ("refused" in next) return next;
    if (next !== this.last) {
      // In memory first: whatever becomes of the write, these slots are used up.
      this.last = next;
      try {
        await this.append(next);
      } catch (error) {
        this.silence(`what is signed could not be recorded: ${reasonOf(error)}`);
      }
      // Also when told to be silent during the write.
      if (this.broken !== undefined) return { refused: this.broken };
    }
    return signatures.sign(key.seed, preimageOf(request));
  }

  private isOurs(request: SignRequest): boolean {
    const { genesisHash, domain = genesisHash, key } = this.options;
    if (request.type === "attest") {
      const isForKey = request.validator === key.publicKey;
      return isForKey && equalBytes(request.genesisHash, genesisHash);
    }
    const slot = slotOf(request);
    // A bad vote has no slot; it is refused for that.
    return slot === undefined || equalBytes(request.genesisHash, domainAt(domain, slot));
  }

  /** The record that covers the request: a new one, or the last for the same vote again. */
  private recordFor(request: SealRequest | VoteRequest): FloorRecord | Refusal {
    const { last } = this;
    const isVote = request.type === "vote";
    // Zeros stand for no vote, and are none.
    if (isVote && !isZero(request.data) && equalBytes(request.data, last.voteData)) return last;
    const floors = floorsAfter(last, request);
    if ("refused" in floors) return floors;
    const signed = isVote ? { voteData: request.data } : { sealHash: request.blockHash };
    return { ...last, ...floors, ...signed, sequence: last.sequence + 1 };
  }

  private async append(record: FloorRecord): Promise<void> {
    if (this.recordCount >= recordsMax) return this.compact(record);
    const bytes = encodeFloorRecord(record);
    const { bytesWritten } = await this.file.write(bytes);
    if (bytesWritten !== bytes.length) throw new Error("short write");
    await this.file.datasync();
    this.recordCount++;
  }

  private async compact(record: FloorRecord): Promise<void> {
    await this.file.close();
    writeAnew(this.path, this.header, record);
    this.file = await open(this.path, "a");
    this.recordCount = 1;
  }
}

function slotOf(request: SealRequest | VoteRequest): number | undefined {
  if (request.type === "seal") return request.slot;
  const vote = decodeVoteData(request.data);
  return "problem" in vote ? undefined : vote.targetSlot;
}

function copyOf(request: SignRequest): SignRequest {
  const genesisHash = request.genesisHash.slice();
  if (request.type === "attest") {
    return { ...request, genesisHash, handshakeHash: request.handshakeHash.slice() };
  }
  return request.type === "seal"
    ? { ...request, genesisHash, blockHash: request.blockHash.slice() }
    : { ...request, genesisHash, data: request.data.slice() };
}

function writeAnew(path: string, header: Uint8Array, record: FloorRecord): void {
  replaceFileSync(path, Buffer.concat([header, encodeFloorRecord(record)]), { mode });
}

/** A file longer than any of ours is damaged, whatever it says: as if empty, and not read. */
function readIfThere(path: string): Uint8Array | undefined {
  try {
    if (statSync(path).size > fileBytesMax) return new Uint8Array(0);
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new HostError(
      "usage",
      `the record of what this validator has signed, ${path}, cannot be read: ${reasonOf(error)}`,
      "mend its permissions or its disk",
      error,
    );
  }
}

/** A second name, so that there is no moment without a file. */
function keepOld(path: string): void {
  let count = 1;
  while (existsSync(`${path}.old-${count}`)) count++;
  linkSync(path, `${path}.old-${count}`);
}

function keyInUse(path: string, pid: number): HostError {
  return new HostError(
    "data-folder-in-use",
    `another node is signing with ${path} (process ${pid})`,
    "a validator key works in one node at a time: stop that one",
  );
}
