/**
 * Answers one `get_headers`: from memory at once, else with two loads, one for where the locator
 * meets our chain, one for the range. protocol-spec/04-messages §4.
 *
 *   disk: ... C(h) C(h+1) ... C(anchor-1) | memory: anchor ... head
 */
import { concatBytes } from "../base/bytes.ts";
import { canonicalKey, indexKey } from "../chain/records.ts";
import type { Job } from "../edge/conn.ts";
import { encodeSealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";
import type { Answer, Step } from "./answer.ts";
import { buriedHeightOf, isRecordOf, sealedHeaderOf } from "./buried.ts";
import type { Loads, ServedChain } from "./sync-chain.ts";

const sealedHeaderBytes = chainLimits.headerBytes + chainLimits.sealBytes;

export interface HeaderQuestion {
  readonly request: number;
  readonly locator: readonly BlockHash[];
  readonly stop: BlockHash;
  /** At most `headersPerMessageMax`. */
  readonly count: number;
  /** May headers of so many bytes wait for the peer? */
  readonly hasForRead: (bytes: number) => boolean;
}

export class HeaderAnswer implements Answer {
  private readonly chain: ServedChain;
  private readonly loads: Loads;
  private readonly question: HeaderQuestion;
  private state:
    | { readonly type: "asked" }
    | { readonly type: "locating"; readonly job: Job; readonly unknown: readonly BlockHash[] }
    | { readonly type: "reading"; readonly job: Job; readonly first: number }
    | { readonly type: "ready"; readonly headers: Uint8Array }
    | { readonly type: "sent" } = { type: "asked" };

  constructor(chain: ServedChain, loads: Loads, question: HeaderQuestion) {
    this.chain = chain;
    this.loads = loads;
    this.question = question;
  }

  get job(): Job | undefined {
    return "job" in this.state ? this.state.job : undefined;
  }

  get heldBytes(): number {
    return this.state.type === "ready" ? this.state.headers.length : 0;
  }

  get loadingBytes(): number {
    return this.state.type === "reading" ? this.question.count * sealedHeaderBytes : 0;
  }

  step(): Step {
    if (this.state.type === "asked") {
      const { count, hasForRead } = this.question;
      if (!hasForRead(count * sealedHeaderBytes)) return { type: "blocked" };
      this.begin();
    }
    const { state } = this;
    if (state.type === "sent") return { type: "done" };
    if (state.type !== "ready") return { type: "waiting" };
    const { request } = this.question;
    return { type: "send", message: { type: "headers", request, headers: state.headers } };
  }

  onSent(): void {
    this.state = { type: "sent" };
  }

  onRefused(): void {
    this.state = { type: "asked" };
  }

  onLoaded(values: readonly (Uint8Array | undefined)[]): void {
    if (this.state.type === "locating") this.onLocated(this.state.unknown, values);
    else if (this.state.type === "reading") this.onRead(this.state.first, values);
  }

  private begin(): void {
    const { locator, stop, count } = this.question;
    const found = this.chain.headersAfter(locator, stop, count);
    if (!("below" in found)) {
      this.state = { type: "ready", headers: concatBytes(...found.map(encodeSealedHeader)) };
      return;
    }
    const unknown = locator.filter((hash) => this.canonicalHeight(hash) === undefined);
    if (unknown.length === 0) {
      this.onLocated([], []);
      return;
    }
    const job = this.loads.load(unknown.map(indexKey));
    this.state = { type: "locating", job, unknown };
  }

  /** The newest hash that is on our chain decides; none: both chains share the genesis. */
  private onLocated(
    unknown: readonly BlockHash[],
    records: readonly (Uint8Array | undefined)[],
  ): void {
    const buried = new Map(unknown.map((hash, index) => [hash, buriedHeightOf(records[index])]));
    let common = 0;
    for (const hash of this.question.locator) {
      const height = this.canonicalHeight(hash) ?? buried.get(hash);
      if (height === undefined) continue;
      common = height;
      break;
    }
    const first = common + 1;
    const keys: Uint8Array[] = [];
    for (let height = first; keys.length < this.question.count; height++) {
      if (height > this.chain.anchor.height || this.chain.canonicalAt(height) !== undefined) break;
      keys.push(canonicalKey(height));
    }
    if (keys.length === 0) this.onRead(first, []);
    else this.state = { type: "reading", job: this.loads.load(keys), first };
  }

  private onRead(first: number, records: readonly (Uint8Array | undefined)[]): void {
    const parts: Uint8Array[] = [];
    for (let height = first; parts.length < this.question.count; height++) {
      if (height <= this.chain.uncheckedHeight) break;
      const node = this.chain.canonicalAt(height);
      const record = records[height - first];
      const sealed = sealedHeaderOf(record) ?? (node && encodeSealedHeader(node.sealed));
      if (sealed === undefined) break;
      parts.push(sealed);
      const { stop } = this.question;
      if (record === undefined ? node?.hash === stop : isRecordOf(record, stop)) break;
    }
    const headers = concatBytes(...parts);
    this.state = { type: "ready", headers };
  }

  private canonicalHeight(hash: BlockHash): number | undefined {
    const node = this.chain.node(hash);
    const isOurs = node !== undefined && this.chain.canonicalAt(node.height)?.hash === hash;
    return isOurs ? node.height : undefined;
  }
}
