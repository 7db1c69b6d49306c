/**
 * The chain as the store holds it: read, checked against itself, refused loudly when it does not
 * fit together. NOT a repair: a store that is damaged is synced again. Every prefix of the batches
 * that were written is a store that fits. ARCHITECTURE "Store".
 */
import { AssertionFailed } from "../base/assert.ts";
import { equalBytes, readU32, toHex, u32Bytes } from "../base/bytes.ts";
import type { Write } from "../edge/effect.ts";
import type { StoreImage } from "../edge/store-image.ts";
import { type Certificate, decodeCertificate } from "../model/certificate.ts";
import type { SealedHeader } from "../model/header.ts";
import { type BlockHash, idBytes } from "../model/ids.ts";
import { encodeValidatorSet } from "../model/validator-set.ts";
import { genesisBody } from "./genesis.ts";
import { decodeHalt } from "./halt-record.ts";
import type { SafetyConflict } from "./justification.ts";
import {
  type AnchorRecord,
  bodyKey,
  canonicalKey,
  decodeAnchor,
  decodeBlockKey,
  decodeFinalized,
  decodeNode,
  decodeRef,
  encodeAnchor,
  encodeCanonical,
  encodeFinalized,
  encodeHeight,
  encodeRef,
  type FinalizedRef,
  indexKey,
  metaKey,
  metaPrefix,
  type NodeRecord,
  nodePrefix,
  schemaVersion,
  setKey,
  stateKey,
  statePrefix,
} from "./records.ts";
import { matchBody } from "./rules.ts";
import type { StateMachine } from "./state-machine.ts";

/** The store contradicts itself, or is of another network. The host reports it with the mend. */
export class StoreDamaged extends Error {
  override readonly name = "StoreDamaged";
}

export interface RestoredNode extends NodeRecord {
  readonly body: Uint8Array;
}

export interface Restored {
  readonly anchor: AnchorRecord;
  /** Above the anchor, parents first. */
  readonly nodes: readonly RestoredNode[];
  readonly head: BlockHash;
  readonly finalized: FinalizedRef;
  /** The highest certificate that was heard of. */
  readonly justified: Certificate | undefined;
  /** It had seen two final blocks that contradict each other. */
  readonly halted: SafetyConflict | undefined;
}

/** Genesis as root: it is final, and nothing else is because of it. */
export function genesisAnchor(sealed: SealedHeader): AnchorRecord {
  const { height, slot, hash } = sealed.header;
  return { sealed, final: { height, slot, hash }, finalizes: undefined };
}

/** What a fresh store must hold first: genesis as anchor, head and finalized, and its state. */
export function genesisWrites(genesis: SealedHeader, state: StateMachine): Write[] {
  const { header } = genesis;
  return [
    ...[...state.entries()].map(([key, value]) => ({ key: stateKey(key), value })),
    { key: canonicalKey(0), value: encodeCanonical(genesis) },
    { key: indexKey(header.hash), value: encodeHeight(0) },
    { key: bodyKey(header), value: genesisBody },
    { key: metaKey("schema"), value: u32Bytes(schemaVersion) },
    { key: metaKey("network"), value: idBytes(header.hash) },
    { key: metaKey("anchor"), value: encodeAnchor(genesisAnchor(genesis)) },
    { key: setKey(header.nextValidatorsHash), value: encodeValidatorSet(state.validators()) },
    { key: metaKey("finalized"), value: encodeFinalized(header) },
    { key: metaKey("head"), value: encodeRef(header) },
  ];
}

/**
 * Undefined for a store with nothing in it. Leaves `state` as at the head. Throws `StoreDamaged`.
 */
export function restore(
  image: StoreImage,
  genesis: SealedHeader,
  state: StateMachine,
): Restored | undefined {
  const schema = image.get(metaKey("schema"));
  if (schema === undefined) {
    for (const prefix of [metaPrefix, nodePrefix, statePrefix]) {
      for (const _ of image.range(prefix)) fail("there are records, but no schema version");
    }
    return undefined;
  }
  checkIdentity(schema, need(image, "network"), genesis);
  const anchor = decodeAnchor(need(image, "anchor")) ?? fail("the anchor is cut");
  const head = decodeRef(need(image, "head")) ?? fail("the head is cut");
  const finalized = decodeFinalized(need(image, "finalized")) ?? fail("the finalized is cut");
  const nodes = readNodes(image, anchor.sealed);
  const chain = chainOf(nodes, anchor.sealed, head.hash);
  const tip = chain[0] ?? anchor.sealed;
  if (tip.header.height !== head.height) fail("the head is not at its height");
  checkFinalized(finalized, [...chain, anchor.sealed]);
  loadState(image, state, tip);
  const justified = readJustified(image);
  const halt = image.get(metaKey("halted"));
  const halted = halt && (decodeHalt(halt) ?? fail("the record of the safety halt is cut"));
  return { anchor, nodes, head: head.hash, finalized, justified, halted };
}

function readJustified(image: StoreImage): Certificate | undefined {
  const bytes = image.get(metaKey("justified"));
  if (bytes === undefined) return undefined;
  const certificate = decodeCertificate(bytes);
  return "code" in certificate ? fail("the justified certificate is cut") : certificate;
}

export function fail(problem: string): never {
  throw new StoreDamaged(`the chain store is damaged: ${problem}`);
}

function need(image: StoreImage, name: Parameters<typeof metaKey>[0]): Uint8Array {
  return image.get(metaKey(name)) ?? fail(`record "${name}" is missing`);
}

function checkIdentity(schema: Uint8Array, network: Uint8Array, genesis: SealedHeader): void {
  const version = schema.length === 4 ? readU32(schema, 0) : fail("the schema version is cut");
  if (version !== schemaVersion) {
    throw new StoreDamaged(`the store has layout ${version}, this program reads ${schemaVersion}`);
  }
  if (!equalBytes(network, idBytes(genesis.header.hash))) {
    const have = toHex(network);
    throw new StoreDamaged(`the store is of network ${have}, not of ${genesis.header.hash}`);
  }
}

function readNodes(image: StoreImage, anchor: SealedHeader): RestoredNode[] {
  const known = new Map<BlockHash, SealedHeader>([[anchor.header.hash, anchor]]);
  const nodes: RestoredNode[] = [];
  for (const [key, value] of image.range(nodePrefix)) {
    const ref = decodeBlockKey(key) ?? fail("a block key is cut");
    const record = decodeNode(value) ?? fail(`the block at height ${ref.height} is cut`);
    const { header } = record.sealed;
    const at = `block ${ref.hash} at height ${ref.height}`;
    if (header.hash !== ref.hash || header.height !== ref.height) fail(`${at} is another one`);
    const parent = known.get(header.parentHash);
    if (parent?.header.height !== header.height - 1) fail(`${at} has no parent`);
    const bytes = image.get(bodyKey(ref)) ?? fail(`${at} has no body`);
    const body = matchBody(header, bytes);
    if ("code" in body) fail(`${at} has another body: ${body.detail}`);
    known.set(header.hash, record.sealed);
    nodes.push({ ...record, body: bytes });
  }
  return nodes;
}

/** From the head down to the child of the anchor. */
function chainOf(
  nodes: readonly RestoredNode[],
  anchor: SealedHeader,
  head: BlockHash,
): SealedHeader[] {
  const byHash = new Map(nodes.map((node) => [node.sealed.header.hash, node.sealed]));
  const chain: SealedHeader[] = [];
  let at = head;
  while (at !== anchor.header.hash) {
    const sealed = byHash.get(at) ?? fail("the head does not stand on the anchor");
    chain.push(sealed);
    at = sealed.header.parentHash;
  }
  return chain;
}

function checkFinalized(finalized: FinalizedRef, chain: readonly SealedHeader[]): void {
  const found = chain.find(({ header }) => header.height === finalized.height);
  if (found?.header.hash !== finalized.hash) fail("the finalized block is not in the chain");
}

function loadState(image: StoreImage, state: StateMachine, tip: SealedHeader): void {
  const entries = function* (): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const [key, value] of image.range(statePrefix)) yield [key.subarray(1), value];
  };
  try {
    state.load(entries());
  } catch (error) {
    // To the state machine a malformed entry is our own bug; here it is the disk's.
    if (error instanceof AssertionFailed) fail(`the state is malformed: ${error.message}`);
    throw error;
  }
  if (!equalBytes(state.root, tip.header.stateRoot)) {
    fail(`the state is not that of the head at height ${tip.header.height}`);
  }
}
