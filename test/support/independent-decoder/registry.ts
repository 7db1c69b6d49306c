/** 05-objects §8, "Registry": who validates, who is jailed, and what is decided about it. */
import { join, Reader, u16, u64, unhex } from "./bytes.ts";
import { encodeValidatorSet, quorum, type Transaction } from "./objects.ts";

interface Change {
  /** 1 add, 2 remove, 3 move; as in the page. */
  readonly action: number;
  readonly force: boolean;
  readonly fromEvidence: boolean;
  readonly validator: string;
  /** 0xffff: last. */
  readonly rank: number;
}

interface Proposal {
  readonly change: Change;
  readonly id: string;
  readonly proposer: string;
  readonly slot: number;
  approvals: Set<string>;
}

const last = 0xffff;
const nowhere = "00".repeat(32);
const maxAgeSlots = 100_000;

/** undefined: no change. */
function readChange(payload: Uint8Array): Change | undefined {
  if (payload.length !== 35) return undefined;
  const r = new Reader(payload, "none");
  const byte = r.u8();
  const change = {
    action: byte & 0x7f,
    force: byte >= 0x80,
    fromEvidence: false,
    validator: r.hash(),
    rank: r.u16(),
  };
  const isKnown = [1, 2, 3, 0x82].includes(byte);
  const isPlace = change.rank === last || (change.action !== 2 && change.rank <= 127);
  return isKnown && isPlace ? change : undefined;
}

function encodeChange({ action, force, fromEvidence, validator, rank }: Change): Uint8Array {
  const byte = action + (force ? 0x80 : 0) + (fromEvidence ? 0x40 : 0);
  return join(Uint8Array.of(byte), unhex(validator), u16(rank));
}

export class Registry {
  set: readonly string[];
  readonly jail = new Map<string, number>();
  private pending: (Change & { readonly queuedAt: number }) | undefined;
  private queue: Change[] = [];
  private proposals: Proposal[] = [];

  constructor(set: readonly string[]) {
    this.set = set;
  }

  /** Values of the leaves "validators", "governance" and "jailed"; undefined: absent. */
  leaves(): readonly [Uint8Array, Uint8Array | undefined, Uint8Array | undefined] {
    const { pending, queue, proposals, set } = this;
    const jail = [...this.jail].sort(([a], [b]) => (a < b ? -1 : 1));
    const bits = ({ approvals }: Proposal): Uint8Array => {
      const out = new Uint8Array(16);
      set.forEach((key, r) => {
        if (approvals.has(key)) out[r >> 3]! |= 1 << (r & 7);
      });
      return out;
    };
    const governance = join(
      Uint8Array.of(pending === undefined ? 0 : 1),
      ...(pending === undefined ? [] : [encodeChange(pending), u64(pending.queuedAt)]),
      u16(queue.length),
      ...queue.map(encodeChange),
      u16(proposals.length),
      ...proposals.flatMap((p) => [
        unhex(p.id),
        encodeChange(p.change),
        unhex(p.proposer),
        u64(p.slot),
        bits(p),
      ]),
    );
    const jailed = join(
      u16(jail.length),
      ...jail.flatMap(([key, slot]) => [unhex(key), u64(slot)]),
    );
    const isQuiet = pending === undefined && proposals.length === 0;
    return [
      encodeValidatorSet(set),
      isQuiet ? undefined : governance,
      jail.length === 0 ? undefined : jailed,
    ];
  }

  forgetOld(slot: number): void {
    this.proposals = this.proposals.filter((p) => p.slot >= slot - maxAgeSlots);
    for (const [key, at] of this.jail) {
      if (at < slot - maxAgeSlots && !this.set.includes(key)) this.jail.delete(key);
    }
  }

  /** False: it failed, and nothing changed. */
  govern(t: Transaction, height: number, slot: number): boolean {
    if (!this.set.includes(t.sender) || t.to !== nowhere || t.amount !== 0n) return false;
    return t.type === 2 ? this.propose(t, height, slot) : this.approve(t, height);
  }

  /** Undefined: the accused may be punished. */
  mayPunish(key: string): boolean {
    const others = this.set.filter((other) => other !== key && !this.jail.has(other));
    return this.set.includes(key) && !this.jail.has(key) && others.length > 0;
  }

  punish(validator: string, height: number, slot: number): void {
    this.jail.set(validator, slot);
    this.decide({ action: 2, force: false, fromEvidence: true, validator, rank: last }, height);
  }

  handOver(height: number, finalHeight: number): void {
    const { pending } = this;
    if (pending === undefined || pending.queuedAt > finalHeight) return;
    const changed = this.after(this.set, pending);
    this.set = changed ?? this.set;
    this.pending = undefined;
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      if (this.after(this.set, next) === undefined) continue;
      this.pending = { ...next, queuedAt: height };
      break;
    }
    if (changed === undefined) return;
    this.proposals = this.proposals.filter(({ proposer }) => this.set.includes(proposer));
    for (const p of this.proposals) {
      p.approvals = new Set([...p.approvals].filter((key) => this.set.includes(key)));
    }
    for (const p of [...this.proposals]) this.pass(p, height);
  }

  private propose(t: Transaction, height: number, slot: number): boolean {
    const change = readChange(unhex(t.payload));
    if (change === undefined || !this.makesSense(change)) return false;
    const before = this.proposals;
    const { id, sender: proposer } = t;
    const proposal = { change, id, proposer, slot, approvals: new Set([proposer]) };
    this.proposals = [...before.filter((p) => p.proposer !== proposer), proposal];
    if (this.pass(proposal, height) !== false) return true;
    this.proposals = before;
    return false;
  }

  private approve(t: Transaction, height: number): boolean {
    const proposal = this.proposals.find(({ id }) => id === t.payload);
    if (proposal === undefined || proposal.approvals.has(t.sender)) return false;
    proposal.approvals.add(t.sender);
    if (this.pass(proposal, height) !== false) return true;
    proposal.approvals.delete(t.sender);
    return false;
  }

  /** Undefined: no quorum yet; false: it cannot be decided now. */
  private pass(proposal: Proposal, height: number): boolean | undefined {
    if (proposal.approvals.size < quorum(this.set.length)) return undefined;
    if (this.queue.length >= 256 - 128 || !this.makesSense(proposal.change)) return false;
    this.proposals = this.proposals.filter((p) => p !== proposal);
    this.decide(proposal.change, height);
    return true;
  }

  private decide(change: Change, height: number): void {
    if (this.pending === undefined) this.pending = { ...change, queuedAt: height };
    else this.queue.push(change);
  }

  /** On the set as the pending change and the queue will leave it. */
  private makesSense(change: Change): boolean {
    let { set } = this;
    for (const waiting of [this.pending, ...this.queue]) {
      if (waiting !== undefined) set = this.after(set, waiting) ?? set;
    }
    return this.after(set, change) !== undefined;
  }

  /** The set with the change done; undefined: it makes no sense. */
  private after(set: readonly string[], change: Change): readonly string[] | undefined {
    const { action, validator, rank, force, fromEvidence } = change;
    const rest = set.filter((key) => key !== validator);
    const isMember = rest.length < set.length;
    const placed = [...rest.slice(0, rank), validator, ...rest.slice(rank)];
    if (action === 1) {
      const known = new Set([...set, ...this.jail.keys()]).size;
      const hasRoom = set.length < 128 && known < 256;
      return !isMember && !this.jail.has(validator) && hasRoom ? placed : undefined;
    }
    if (action === 3) return isMember && placed.join() !== set.join() ? placed : undefined;
    const isEnough = rest.length >= 4 || set.length < 4 || force || fromEvidence;
    return isMember && isEnough && rest.some((key) => !this.jail.has(key)) ? rest : undefined;
  }
}
