/**
 * A validator in the hands of an adversary: the real node, with strings attached to what it sends
 * and signs. Which tricks it plays are its `Trick`s; what they have in common is here. Its signer
 * signs anything (`loose-signer.ts`). Deterministic: draws from a stream of its own.
 */
import type { TreeNode } from "../../chain/tree-node.ts";
import type { Conn, Ticket } from "../../edge/conn.ts";
import type { SignRequest } from "../../edge/effect.ts";
import type { Env } from "../../edge/env.ts";
import type { Input } from "../../edge/input.ts";
import { type BlockHash, idBytes, type PublicKey } from "../../model/ids.ts";
import { slotAt, slotStartMs } from "../../model/network-file.ts";
import { encodeVote, encodeVoteData, type Vote } from "../../model/vote.ts";
import type { Link } from "../../node/links.ts";
import type { Node } from "../../node/node.ts";
import type { NodeOptions } from "../../node/node-options.ts";
import { inventoryKinds, type Message } from "../../wire/messages.ts";
import { type Insides, insidesOf, spyOn } from "../insides.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Signer } from "../sim-signer.ts";
import { wallEpochMs } from "../wall-epoch.ts";

/** The machine that it runs on. */
export interface PuppetHost {
  readonly node: Node | undefined;
  readonly options: {
    readonly node: Pick<NodeOptions, "networkFile">;
    readonly signer: Signer | undefined;
  };
  readonly environment: Env;
  schedule(delayMs: number, action: () => void): void;
  step(input: Input): void;
}

export interface Trick {
  /** A process of it has started. */
  onStart?(puppet: Puppet): void;
  /** May `message` go to `conn`? */
  allows?(puppet: Puppet, conn: Conn, message: Message): boolean;
  /** How long a signature takes; undefined: it never comes. */
  signDelayMs?(puppet: Puppet, request: SignRequest): number | undefined;
  /** A block came, or was made. */
  onBlock?(puppet: Puppet, node: TreeNode): void;
  /** A moment close to a deadline or a freeze. */
  onMoment?(puppet: Puppet): void;
}

export class Puppet {
  readonly random: SeededRandom;
  readonly key: PublicKey;
  readonly slotMs: number;
  private readonly tricks: readonly Trick[];
  private readonly fsyncMs: number;
  private host: PuppetHost | undefined;
  private node: Node | undefined;
  private found: Insides | undefined;
  private sendNow: ((conn: Conn, message: Message, after?: Ticket) => boolean) | undefined;

  constructor(
    random: SeededRandom,
    options: {
      readonly key: PublicKey;
      readonly slotMs: number;
      readonly fsyncMs: number;
      readonly tricks: readonly Trick[];
    },
  ) {
    this.random = random;
    this.key = options.key;
    this.slotMs = options.slotMs;
    this.fsyncMs = options.fsyncMs;
    this.tricks = options.tricks;
  }

  attach(host: PuppetHost, node: Node): void {
    const insides = insidesOf(node);
    this.host = host;
    this.node = node;
    this.found = insides;
    const send = insides.links.send.bind(insides.links);
    this.sendNow = send;
    insides.links.send = (conn, message, after) => {
      if (!this.tricks.every((trick) => trick.allows?.(this, conn, message) ?? true)) return true;
      return send(conn, message, after);
    };
    spyOn(insides.parts.tree, "insert", (_, block) => {
      // Not inside the insertion: the tree is not what it will be.
      this.later(0, () => {
        for (const trick of this.tricks) trick.onBlock?.(this, block);
      });
    });
    for (const trick of this.tricks) trick.onStart?.(this);
    this.nextMoment();
  }

  get insides(): Insides {
    return this.found!;
  }

  get genesisHash(): Uint8Array {
    return idBytes(this.insides.chain.genesisHash);
  }

  get nodeId(): string {
    return this.node!.nodeId;
  }

  /** By its own clock. */
  get slot(): number {
    return slotAt(this.host!.options.node.networkFile, this.host!.environment.clock.wallMs);
  }

  /** Ready peers. */
  peers(): readonly Link[] {
    return [...this.insides.links.all()].filter((link) => link.session.phase === "ready");
  }

  /** Peers in two halves that last for a slot. */
  half(conn: Conn, salt: number): 0 | 1 {
    const id = this.insides.links.get(conn)?.nodeId ?? "00";
    return ((Number.parseInt(id.slice(0, 2), 16) + salt) & 1) as 0 | 1;
  }

  signDelayMs(request: SignRequest): number | undefined {
    let delayMs = this.fsyncMs;
    for (const trick of this.tricks) {
      if (trick.signDelayMs === undefined) continue;
      const more = trick.signDelayMs(this, request);
      if (more === undefined) return undefined;
      delayMs += more;
    }
    return delayMs;
  }

  /** Past the tricks. */
  send(conn: Conn, message: Message): void {
    this.sendNow?.(conn, message);
  }

  /** Announced and sent at once, so that nobody calls it unsolicited. */
  sendBlock(conn: Conn, header: Uint8Array, hash: BlockHash, body: Uint8Array): void {
    const items = new Uint8Array([inventoryKinds.block, ...idBytes(hash)]);
    this.send(conn, { type: "inv", items });
    this.send(conn, { type: "new_block", header, body });
  }

  sign(request: SignRequest): Uint8Array {
    const signed = this.host!.options.signer!.sign(request);
    return "signature" in signed ? signed.signature : new Uint8Array(64);
  }

  /** Our vote for `block`, as a loyal voter would word it. */
  voteFor({ header, hash, slot }: TreeNode): Vote {
    const { justifiedSlot: sourceSlot, justifiedHash: sourceHash } = header;
    const data = { sourceSlot, sourceHash, targetSlot: slot, targetHash: hash };
    const bytes = encodeVoteData(data);
    const genesisHash = this.insides.chain.duties.domainAt(slot);
    const signature = this.sign({ type: "vote", data: bytes, genesisHash });
    return encodeVote(data, this.key, signature);
  }

  /** Does it as a step of the node, while this process lives. */
  later(delayMs: number, action: () => void): void {
    const { host, node } = this;
    host!.schedule(delayMs, () => {
      if (host!.node !== node) return;
      action();
      host!.step({ type: "tick" });
    });
  }

  /** `offMs` into `slot` of its clock, or at once if that is over. */
  atSlot(slot: number, offMs: number, action: () => void): void {
    const file = this.host!.options.node.networkFile;
    const atMs = slotStartMs(file, slot) + offMs;
    this.later(Math.max(1, atMs - this.host!.environment.clock.wallMs), action);
  }

  /** Now and then close before or after a deadline or a freeze. */
  private nextMoment(): void {
    if (this.tricks.every((trick) => trick.onMoment === undefined)) return;
    const { random, slotMs, host } = this;
    const file = host!.options.node.networkFile;
    const wallMs = host!.environment.clock.wallMs;
    const slot = Math.floor((wallMs - wallEpochMs) / slotMs) + random.between(1, 2);
    const part = random.pick([slotMs / 3, slotMs / 3, (2 * slotMs) / 3, 0]);
    const offMs = random.between(-Math.ceil(slotMs / 12), Math.ceil(slotMs / 12));
    const atMs = slotStartMs(file, slot) + Math.floor(part) + offMs;
    this.later(Math.max(1, atMs - wallMs), () => {
      for (const trick of this.tricks) trick.onMoment?.(this);
      this.nextMoment();
    });
  }
}
