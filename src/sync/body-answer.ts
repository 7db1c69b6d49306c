/**
 * Answers one `get_blocks`, or one block of a `get_data`, body by body in the order asked. What is
 * in memory is sent from there; of what is buried at most `answerLoadBytesMax` is read ahead, by
 * the sizes in the headers, and the next batch only when the last has left.
 * protocol-spec/04-messages §4, 08-limits §4.
 *
 *   hashes -> heights (I) -> headers with sizes (C) -> bodies (B), batch by batch
 */
import { concatBytes, readU64 } from "../base/bytes.ts";
import { bodyKey, canonicalKey, indexKey } from "../chain/records.ts";
import type { Job } from "../edge/conn.ts";
import { bodyBytesIn, decodeSealedHeader, encodeSealedHeader } from "../model/header.ts";
import { type BlockHash, idBytes } from "../model/ids.ts";
import { chainLimits, syncLimits } from "../params/limits.ts";
import { inventoryKinds, type Message } from "../wire/messages.ts";
import type { Answer, Step } from "./answer.ts";
import { buriedHeightOf, isRecordOf, sealedHeaderOf } from "./buried.ts";
import type { Loads, ServedChain } from "./sync-chain.ts";

/** Where a body is. */
type Place =
  | { readonly type: "unknown" }
  | { readonly type: "absent" }
  /** `header` is the sealed header's 420 bytes, kept for `get_data` only. */
  | {
      readonly type: "disk";
      readonly height: number;
      readonly bytes: number;
      readonly header: Uint8Array | undefined;
    };

type Loading =
  | { readonly type: "heights"; readonly indexes: readonly number[] }
  | {
      readonly type: "headers";
      readonly indexes: readonly number[];
      readonly heights: readonly number[];
    }
  | { readonly type: "bodies"; readonly indexes: readonly number[]; readonly bytes: number };

export interface BodyQuestion {
  /** Undefined: `get_data`, answered by `new_block`. */
  readonly request: number | undefined;
  readonly hashes: readonly BlockHash[];
  /** True: what is on disk only is not served. */
  readonly newOnly: boolean;
  /** May a body of so many bytes wait for the peer? */
  readonly hasForRead: (bytes: number) => boolean;
}

export class BodyAnswer implements Answer {
  private readonly chain: ServedChain;
  private readonly loads: Loads;
  private readonly question: BodyQuestion;
  private position = 0;
  private readonly places: Place[];
  private readonly bodies = new Map<number, Uint8Array | undefined>();
  private loading: (Loading & { readonly job: Job }) | undefined;

  constructor(chain: ServedChain, loads: Loads, question: BodyQuestion) {
    this.chain = chain;
    this.loads = loads;
    this.question = question;
    this.places = question.hashes.map(() => ({ type: "unknown" }));
  }

  get job(): Job | undefined {
    return this.loading?.job;
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const body of this.bodies.values()) bytes += body?.length ?? 0;
    return bytes;
  }

  get loadingBytes(): number {
    return this.loading?.type === "bodies" ? this.loading.bytes : 0;
  }

  step(): Step {
    const { position } = this;
    const hash = this.question.hashes[position];
    if (hash === undefined) return { type: "done" };
    const inMemory = this.chain.bodyOf(hash);
    if (inMemory !== undefined) return this.send(hash, inMemory);
    if (this.bodies.has(position)) return this.send(hash, this.bodies.get(position));
    if (this.loading !== undefined) return { type: "waiting" };
    const place = this.places[position]!;
    if (place.type === "absent") return this.send(hash, undefined);
    if (place.type === "disk") {
      if (!this.question.hasForRead(place.bytes)) return { type: "blocked" };
      this.loadBodies();
    } else this.locate();
    return this.loading === undefined ? this.step() : { type: "waiting" };
  }

  onSent(): void {
    this.bodies.delete(this.position);
    this.position++;
  }

  onRefused(): void {
    this.bodies.clear();
  }

  onLoaded(values: readonly (Uint8Array | undefined)[]): void {
    const { loading } = this;
    this.loading = undefined;
    if (loading?.type === "heights") this.onHeights(loading.indexes, values);
    else if (loading?.type === "headers") this.onHeaders(loading, values);
    else if (loading?.type === "bodies") {
      loading.indexes.forEach((index, at) => {
        this.bodies.set(index, values[at]);
      });
    }
  }

  private send(hash: BlockHash, body: Uint8Array | undefined): Step {
    return { type: "send", message: this.messageOf(hash, body) };
  }

  private messageOf(hash: BlockHash, body: Uint8Array | undefined): Message {
    const { request } = this.question;
    if (request !== undefined) return { type: "block_body", request, hash: idBytes(hash), body };
    const place = this.places[this.position]!;
    const sealed = this.chain.node(hash)?.sealed;
    const kept = place.type === "disk" ? place.header : undefined;
    const header = sealed === undefined ? kept : encodeSealedHeader(sealed);
    if (body !== undefined && header !== undefined && this.isSealGood(header)) {
      return { type: "new_block", header, body };
    }
    const kind = new Uint8Array([inventoryKinds.block]);
    return { type: "not_found", items: concatBytes(kind, idBytes(hash)) };
  }

  /** Whoever passes on a seal that nobody looked at would pay for a bad one. */
  private isSealGood(header: Uint8Array): boolean {
    const { uncheckedHeight } = this.chain;
    return uncheckedHeight === 0 || readU64(header, 8) > BigInt(uncheckedHeight);
  }

  /** Places all that is still unknown, from here on: one job for the heights of all of them. */
  private locate(): void {
    const indexes: number[] = [];
    for (let index = this.position; index < this.places.length; index++) {
      if (this.places[index]!.type !== "unknown") continue;
      const node = this.chain.node(this.question.hashes[index]!);
      if (node === undefined && this.question.newOnly) this.places[index] = { type: "absent" };
      else if (node === undefined) indexes.push(index);
      // Executed blocks whose undoing is over keep their header in memory, not their body.
      else if (node.status !== "executed") this.places[index] = { type: "absent" };
      else {
        const bytes = node.sealed.header.bodyBytes;
        this.places[index] = { type: "disk", height: node.height, bytes, header: undefined };
      }
    }
    const { hashes } = this.question;
    this.ask(
      { type: "heights", indexes },
      indexes.map((index) => indexKey(hashes[index]!)),
    );
  }

  private onHeights(indexes: readonly number[], records: readonly (Uint8Array | undefined)[]) {
    const found: number[] = [];
    const heights: number[] = [];
    indexes.forEach((index, at) => {
      const height = buriedHeightOf(records[at]);
      if (height === undefined) {
        this.places[index] = { type: "absent" };
        return;
      }
      found.push(index);
      heights.push(height);
    });
    this.ask({ type: "headers", indexes: found, heights }, heights.map(canonicalKey));
  }

  private onHeaders(
    { indexes, heights }: Extract<Loading, { type: "headers" }>,
    records: readonly (Uint8Array | undefined)[],
  ): void {
    indexes.forEach((index, at) => {
      const record = records[at];
      const header = sealedHeaderOf(record);
      const isOurs = record !== undefined && isRecordOf(record, this.question.hashes[index]!);
      const bytes = isOurs && header !== undefined ? this.sizeIn(header) : undefined;
      if (bytes === undefined) {
        this.places[index] = { type: "absent" };
        return;
      }
      const kept = this.question.request === undefined ? header : undefined;
      this.places[index] = { type: "disk", height: heights[at]!, bytes, header: kept };
    });
  }

  /** Decoded is only a header that is sent. */
  private sizeIn(header: Uint8Array): number | undefined {
    const isSent = this.question.request === undefined;
    if (isSent && "code" in decodeSealedHeader(header)) return undefined;
    const bytes = bodyBytesIn(header);
    return bytes <= chainLimits.blockBodyBytesMax ? bytes : undefined;
  }

  private loadBodies(): void {
    const indexes: number[] = [];
    const keys: Uint8Array[] = [];
    let bytes = 0;
    for (let index = this.position; index < this.places.length; index++) {
      const place = this.places[index]!;
      if (place.type !== "disk") continue;
      if (indexes.length > 0 && bytes + place.bytes > syncLimits.answerLoadBytesMax) break;
      bytes += place.bytes;
      indexes.push(index);
      keys.push(bodyKey({ height: place.height, hash: this.question.hashes[index]! }));
    }
    this.ask({ type: "bodies", indexes, bytes }, keys);
  }

  private ask(loading: Loading, keys: readonly Uint8Array[]): void {
    if (keys.length === 0) return;
    this.loading = { ...loading, job: this.loads.load(keys) };
  }
}
