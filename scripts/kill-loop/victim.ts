/**
 * A node that ends itself with SIGKILL where it is told to: `bin/node.ts` with the methods at the
 * edge (signer's file, store, sockets) wrapped. The orders come over the channel to the parent; no
 * order, no difference. Started by arena.ts: `victim.ts PLAN OPTIONS...`.
 *
 * It also keeps count of the bytes of the signer's file that were synced, so that the loop can do to
 * the file what a power cut does: a process that is killed loses nothing that it wrote.
 */
import { statSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { toHex } from "../../src/base/bytes.ts";
import type { SignRequest } from "../../src/edge/effect.ts";
import { encodeFloorRecord, type FloorRecord } from "../../src/host/floor-records.ts";
import { LevelStore } from "../../src/host/level-store.ts";
import { runProgram } from "../../src/host/program.ts";
import { SignerFile } from "../../src/host/signer-file.ts";
import { Tcp } from "../../src/host/tcp.ts";
import { decodeVoteData } from "../../src/model/vote.ts";
import { Sealer } from "../../src/node/sealer.ts";
import { ValidatorGuard } from "../../src/node/validator-guard.ts";
import {
  type KillOrder,
  type KillPoint,
  type Signed,
  syncedSuffix,
  type VictimPlan,
} from "./kill-order.ts";

const plan = JSON.parse(process.argv[2]!) as VictimPlan;
let order: KillOrder | undefined;
/** Of the signature that is being made. */
let kind: Signed = "vote";
/** Its block is not durable yet, so nothing of it leaves. */
let isParked = false;
/** Writes to sockets since the signature may leave; undefined before. */
let writes: number | undefined;

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("killed");
}

const isWanted = () => order?.what === kind || (order?.what === "vote" && kind === "own-vote");

function pass(point: KillPoint): void {
  if (order?.point === point && isWanted()) die();
}

wrapSigner();
wrapStore();
wrapSockets();
if (plan.unguarded) takeGuardAway();
process.on("message", (told) => {
  order = told as KillOrder;
});
// Whoever gives the orders is gone.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.channel?.unref();
process.exitCode = await runProgram(process.argv.slice(3));
process.disconnect?.();

function wrapSigner(): void {
  interface Insides {
    readonly path: string;
    readonly file: FileHandle;
    recordCount: number;
    signNext(request: SignRequest): Promise<Uint8Array | { readonly refused: string }>;
    append(record: FloorRecord): Promise<void>;
  }
  const insides = SignerFile.prototype as unknown as Insides;
  const { signNext, append } = insides;
  const { open } = SignerFile;
  const ownBlocks = new Set<string>();
  const noteSynced = (path: string) =>
    writeFileSync(`${path}${syncedSuffix}`, String(statSync(path).size));

  SignerFile.open = async (keyPath, options) => {
    const signer = await open.call(SignerFile, keyPath, options);
    noteSynced((signer as unknown as Insides).path);
    return signer;
  };
  insides.signNext = async function (request) {
    kind = kindOf(request, ownBlocks);
    pass("before-record");
    const signed = await signNext.call(this, request);
    if ("refused" in signed) return signed;
    pass("after-sign");
    if (isWanted()) {
      isParked = kind === "seal";
      writes = isParked ? undefined : 0;
    }
    return signed;
  };
  insides.append = async function (record) {
    const bytes = encodeFloorRecord(record);
    if (order?.point === "torn-record" && isWanted()) {
      await this.file.write(bytes.subarray(0, bytes.length >> 1));
      die();
    }
    if ((order?.point === "before-fsync" && isWanted()) || plan.noFsync) {
      await this.file.write(bytes);
      this.recordCount++;
      pass("before-fsync");
      return;
    }
    await append.call(this, record);
    noteSynced(this.path);
    pass("after-fsync");
  };
}

function kindOf(request: SignRequest, ownBlocks: Set<string>): Signed {
  if (request.type === "seal") {
    ownBlocks.add(toHex(request.blockHash));
    return "seal";
  }
  if (request.type === "attest") throw new Error("nobody here asks for a proof");
  const vote = decodeVoteData(request.data);
  return !("problem" in vote) && ownBlocks.has(vote.targetHash) ? "own-vote" : "vote";
}

function wrapStore(): void {
  const { persist, watch } = LevelStore.prototype;
  LevelStore.prototype.persist = function (effect) {
    if (effect.sync && order?.point === "before-persist") die();
    persist.call(this, effect);
  };
  LevelStore.prototype.watch = function (watcher) {
    watch.call(this, {
      onFailed: (error) => watcher.onFailed(error),
      onPersisted: (through) => {
        if (order?.point === "after-persist") die();
        if (isParked) writes = 0;
        isParked = false;
        watcher.onPersisted(through);
      },
    });
  };
}

function wrapSockets(): void {
  const { write } = Tcp.prototype;
  Tcp.prototype.write = function (conn, bytes) {
    if (writes !== undefined && order?.point === "before-send") die();
    write.call(this, conn, bytes);
    if (writes === undefined) return;
    writes++;
    if (order?.point === "after-send" && writes >= order.writes) die();
  };
}

/** Without them a validator that comes back stays silent through all slots it may have signed in. */
function takeGuardAway(): void {
  const guard = ValidatorGuard.prototype;
  Object.defineProperty(guard, "maySign", { get: () => true });
  guard.onHeader = () => undefined;
  guard.onVote = () => undefined;

  interface Insides {
    triedSlot: number;
    maySeal(): boolean;
  }
  const { tick } = Sealer.prototype;
  const begun = new WeakSet<Sealer>();
  Sealer.prototype.tick = function () {
    const insides = this as unknown as Insides;
    if (!begun.has(this) && insides.maySeal()) {
      begun.add(this);
      insides.triedSlot--;
    }
    return tick.call(this);
  };
}
