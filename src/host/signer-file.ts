/**
 * Signs seals with a validator key, and never two for one slot: the slot is on disk, fdatasynced,
 * before a signature leaves. The file lies beside the key, outside the chain database: it is no
 * part of backup, resync or reset, and two processes cannot hold it at once.
 *
 * Floor when the file is missing or its tail was cut: what the caller says is safe, normally the
 * slot after the current one; a lone validator, and one at genesis, may start at 0.
 *
 * Invariant: a signature exists only for a slot whose record is durable, and slots only rise.
 * protocol-spec/06-validation §5.
 */
import { readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { equalBytes, hexBytes, toHex } from "../base/bytes.ts";
import { wipe } from "../crypto/secret.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { SealRequest } from "../edge/effect.ts";
import { sealPreimage } from "../model/header.ts";
import { blockHashOf } from "../model/ids.ts";
import { replaceFileSync } from "./durable-file.ts";
import { FileLock } from "./file-lock.ts";
import {
  decodeFloorFile,
  encodeFloorHeader,
  encodeFloorRecord,
  type FloorRecord,
} from "./floor-records.ts";
import { HostError, reasonOf, systemCode } from "./host-error.ts";
import type { Key } from "./keys.ts";

export interface SignerOptions {
  readonly key: Key;
  readonly signatures: SignatureScheme;
  /** 32 bytes: one key may serve several networks, each with a floor of its own. */
  readonly genesisHash: Uint8Array;
  /** Floor when there is no file yet. */
  readonly floorIfMissing: number;
  /** Floor when the end of the file is unsure: the current slot + 1. */
  readonly floorIfTorn: number;
}

/** Records after which the file is written anew: 850 KB. */
const recordsMax = 16_384;

export class SignerFile {
  private readonly path: string;
  private readonly options: SignerOptions;
  private readonly lock: FileLock;
  private readonly header: Uint8Array;
  private file: FileHandle;
  private last: FloorRecord;
  private recordCount: number;
  /** After a failed write nobody knows what is on disk: silence until the next start. */
  private broken: string | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    options: SignerOptions,
    opened: { lock: FileLock; file: FileHandle; header: Uint8Array; last: FloorRecord },
  ) {
    this.path = path;
    this.options = options;
    this.lock = opened.lock;
    this.file = opened.file;
    this.header = opened.header;
    this.last = opened.last;
    this.recordCount = 1;
  }

  /** `keyPath` is the key file; the floor lies beside it, named after the network. */
  static async open(keyPath: string, options: SignerOptions): Promise<SignerFile> {
    const path = `${keyPath}.${toHex(options.genesisHash).slice(0, 16)}.floor`;
    const lock = FileLock.acquire(`${path}.lock`);
    if (!(lock instanceof FileLock)) throw keyInUse(keyPath, lock.heldBy);
    try {
      const header = encodeFloorHeader(hexBytes(options.key.publicKey), options.genesisHash);
      const last = readFloor(path, header, options);
      // Written anew at each start: it ends short, with one whole record.
      replaceFileSync(path, Buffer.concat([header, encodeFloorRecord(last)]), { mode: 0o600 });
      return new SignerFile(path, options, { lock, file: await open(path, "a"), header, last });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Nothing at or below this slot will be signed. */
  get floor(): number {
    return this.last.slot;
  }

  /** The 64-byte seal, after its slot is durable. */
  sign(request: SealRequest): Promise<Uint8Array | { readonly refused: string }> {
    const signed = this.queue.then(() => this.signNext(request));
    this.queue = signed.catch(() => undefined);
    return signed;
  }

  async close(): Promise<void> {
    await this.queue;
    this.broken ??= "the signer is closed";
    await this.file.close().catch(() => undefined);
    wipe(this.options.key.seed);
    this.lock.release();
  }

  private async signNext({ slot, blockHash, genesisHash }: SealRequest) {
    const { key, signatures } = this.options;
    if (this.broken !== undefined) return { refused: this.broken };
    if (!equalBytes(genesisHash, this.options.genesisHash)) return { refused: "another network" };
    if (!Number.isSafeInteger(slot) || slot <= this.last.slot) {
      return { refused: `slot ${slot} is not above the floor, ${this.last.slot}` };
    }
    const record = { sequence: this.last.sequence + 1, slot, hash: blockHash.slice() };
    // In memory first: whatever becomes of the write, this slot is used up.
    this.last = record;
    try {
      await this.append(record);
    } catch (error) {
      this.broken = `the floor could not be written: ${reasonOf(error)}`;
      return { refused: this.broken };
    }
    return signatures.sign(key.seed, sealPreimage(genesisHash, blockHashOf(blockHash)));
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
    const bytes = Buffer.concat([this.header, encodeFloorRecord(record)]);
    replaceFileSync(this.path, bytes, { mode: 0o600 });
    this.file = await open(this.path, "a");
    this.recordCount = 1;
  }
}

function readFloor(path: string, header: Uint8Array, options: SignerOptions): FloorRecord {
  const floorAt = (slot: number): FloorRecord => ({ sequence: 0, slot, hash: new Uint8Array(32) });
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return floorAt(options.floorIfMissing);
    throw error;
  }
  const found = decodeFloorFile(bytes, header);
  if (found.type !== "records") throw floorUnusable(path, found.type);
  const last = found.last ?? floorAt(options.floorIfTorn);
  // A cut record was never signed for; but a disk that lost what it confirmed looks the same.
  return found.isTorn ? { ...last, slot: Math.max(last.slot, options.floorIfTorn) } : last;
}

function keyInUse(path: string, pid: number): HostError {
  return new HostError(
    "data-folder-in-use",
    `another node is sealing with ${path} (process ${pid})`,
    "a validator key works in one node at a time: stop that one",
  );
}

function floorUnusable(path: string, how: "foreign" | "damaged"): HostError {
  const what = how === "foreign" ? "belongs to another key or network" : "is damaged";
  return new HostError(
    "usage",
    `the record of what this validator has sealed, ${path}, ${what}`,
    "restore it, or start without --validator-key; delete it only when sure that no other node " +
      "seals with this key, and wait two slots",
  );
}
