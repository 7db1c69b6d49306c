/**
 * The nodes of a world, as its swarm says: who has which key, whose signer is loyal, and who dances
 * on whose strings. NOT what happens to them.
 */
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { type Address, type PublicKey, publicKeyOf } from "../model/ids.ts";
import { formatNetworkFile, type NetworkFile } from "../model/network-file.ts";
import { addressOfKey } from "../model/transaction.ts";
import type { LineOptions } from "../node/node-options.ts";
import { LooseSigner } from "./byzantine/loose-signer.ts";
import { Plan } from "./byzantine/plan.ts";
import { Puppet } from "./byzantine/puppet.ts";
import { tricksOf } from "./byzantine/tricks.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { nodeAddress, type SimNetwork } from "./sim-network.ts";
import { SimNode, type SimNodePort } from "./sim-node.ts";
import { type OnSigned, SimSigner } from "./sim-signer.ts";
import type { Swarm } from "./swarm.ts";
import { wallEpochMs } from "./wall-epoch.ts";

export const balance = 1_000_000_000n;
export const blockReward = 50n;

/** Some say what their line bears: they deflate what is asked of them (03-frames §9). */
const thinLine: LineOptions = { uploadKbps: 20_000, downloadKbps: 0, uploadTargetMb: 0 };

export interface MemberParts {
  readonly seed: string;
  readonly swarm: Swarm;
  readonly random: SeededRandom;
  readonly signatures: SignatureScheme;
  readonly port: SimNodePort;
  readonly network: SimNetwork;
  readonly customers: readonly Address[];
  readonly onSigned: (node: number, ...args: Parameters<OnSigned>) => void;
}

export interface Members {
  readonly nodes: readonly SimNode[];
  readonly file: NetworkFile;
  /** Of every validator key. */
  readonly seeds: ReadonlyMap<PublicKey, Uint8Array>;
  readonly spares: readonly PublicKey[];
}

export function makeMembers(parts: MemberParts): Members {
  const { swarm, random, signatures } = parts;
  const { validators, spares, cheats } = swarm;
  const keySeeds = Array.from({ length: validators + spares }, () => random.bytes(32));
  const keys = keySeeds.map((seed) => publicKeyOf(signatures.publicKey(seed)));
  const accounts = [...parts.customers, ...keys.map(addressOfKey)];
  const file: NetworkFile = {
    name: `sim-${parts.seed}`,
    genesisTimeMs: wallEpochMs,
    slotMs: swarm.slotMs,
    engine: "poa",
    validators: keys.slice(0, validators),
    accounts: accounts.map((address) => ({ address, balance })),
    blockReward,
    minFee: 10n,
  };
  const bytes = new TextEncoder().encode(formatNetworkFile(file));
  const plan = new Plan(random.fork("plan"), swarm.byzantineMode === "over");
  const nodes = Array.from({ length: swarm.nodes }, (_, index) => {
    const cheat = cheats.find((each) => each.node === index || each.clone === index);
    const rank = cheat === undefined ? index : cheat.node;
    const own = { index, cheat, seed: keySeeds[rank], key: keys[rank] };
    return makeNode(parts, file, bytes, { ...own, plan, candidates: keys });
  });
  const seeds = new Map(keys.map((key, index) => [key, keySeeds[index]!]));
  return { nodes, file, seeds, spares: keys.slice(validators) };
}

function makeNode(
  parts: MemberParts,
  file: NetworkFile,
  bytes: Uint8Array,
  member: {
    readonly index: number;
    readonly cheat: Swarm["cheats"][number] | undefined;
    readonly seed: Uint8Array | undefined;
    readonly key: PublicKey | undefined;
    readonly plan: Plan;
    readonly candidates: readonly PublicKey[];
  },
): SimNode {
  const { swarm, random, signatures } = parts;
  const { index, cheat, seed, key, plan, candidates } = member;
  // Below a third a clone is an operator's mistake, above it an attack.
  const isMistake = cheat?.kinds.includes("cloned") && swarm.byzantineMode === "under";
  const isPuppet = cheat !== undefined && !isMistake;
  const SignerOf = isPuppet ? LooseSigner : SimSigner;
  const onSigned: OnSigned = (request, signature) => parts.onSigned(index, request, signature);
  const others = Array.from({ length: swarm.nodes }, (_, node) => node).filter((n) => n !== index);
  const isClone = cheat?.clone === index;
  // One bootstrap node: everybody else learns of the rest by asking.
  const first = index === 0 ? others.slice(0, 1) : [0];
  return new SimNode(parts.port, parts.network, random.fork(`n${index}`), signatures, {
    index,
    signer: seed && new SignerOf(signatures, seed, onSigned),
    validatorKey: key,
    // Half of them prepare every block, be it empty.
    prepareFrom: index % 2 === 0 ? 0 : undefined,
    isByzantine: cheat !== undefined,
    puppet:
      isPuppet && seed && key
        ? new Puppet(random.fork(`puppet${index}`), {
            key,
            slotMs: swarm.slotMs,
            fsyncMs: swarm.fsyncMs,
            tricks: tricksOf(cheat.kinds, { signatures, seed, plan, candidates }),
          })
        : undefined,
    fsyncMs: swarm.fsyncMs,
    clockSkewMs: 0,
    node: {
      networkFile: file,
      networkFileBytes: bytes,
      nodeSeed: random.fork(`key${index}`).bytes(32),
      listenPort: 4321,
      connect: (isClone ? others : first).map(nodeAddress),
      agent: "windlass/sim",
      peersMax: 50,
      outboundTarget: swarm.outboundTarget,
      allowPrivate: true,
      line: random.fork(`line${index}`).chance(50) ? thinLine : undefined,
      // Half of them have a job for each seal.
      sealJobMin: index % 4 < 2 ? 1 : undefined,
    },
  });
}
