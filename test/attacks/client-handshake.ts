/**
 * The handshake of the attacker's own client (protocol-spec/01-opening, 02-handshake), on the
 * independent decoder: honest by default, with any lie in message 3. NOT src/noise or src/peer.
 */
import { randomBytes } from "node:crypto";
import { join, u16, zeros } from "../support/independent-decoder/bytes.ts";
import {
  edPublic,
  edSign,
  sha256,
  tag16,
  x25519,
  xPublic,
} from "../support/independent-decoder/crypto.ts";
import { type Established, Handshake } from "../support/independent-decoder/noise.ts";
import { magicOf } from "../support/independent-decoder/opening.ts";
import { type Loose, pack } from "../support/loose-msgpack.ts";
import { RawClient } from "../support/raw-client.ts";
import type { SessionKeys } from "./client-frames.ts";

export interface Target {
  readonly port: number;
  readonly genesisHash: Uint8Array;
}

export interface HelloFields {
  readonly agent?: Loose;
  readonly bootId?: Uint8Array;
  readonly services?: Loose;
  readonly role?: Loose;
  readonly listenPort?: Loose;
  readonly height?: Loose;
  readonly bulkCredit?: Loose;
  readonly seenAddress?: Loose;
  /** Pairs of id and version. */
  readonly features?: Loose;
}

/** 02-handshake §4, every number in its widest form. */
export function helloOf(fields: HelloFields = {}): Uint8Array {
  const { agent = "attacker/1", bootId = randomBytes(8), services = 0, role = 1 } = fields;
  const { listenPort = 0, height = 0, bulkCredit = 0xffffffff } = fields;
  const claims = [height, zeros(32), 0, zeros(32), Date.now()];
  const seenAddress = fields.seenAddress ?? "127.0.0.1:1";
  const rest = [seenAddress, bulkCredit, fields.features ?? ([] as const)];
  return pack([1, 1, agent, bootId, services, role, listenPort, ...claims, ...rest]);
}

/** What message 3 may say that is not so. */
export interface Lie {
  /** Claimed; signed with another key. */
  readonly nodeId?: Uint8Array;
  readonly hello?: Uint8Array;
  /** Sealed in place of the Noise static key. */
  readonly noiseStatic?: Uint8Array;
  /** What its curve product is taken to be: zeros for a point of small order. */
  readonly shared?: Uint8Array;
  /** What the identity signs instead. */
  readonly signed?: {
    readonly genesisHash?: Uint8Array;
    readonly peerNodeId?: Uint8Array;
    readonly noiseStatic?: Uint8Array;
    readonly h?: Uint8Array;
  };
}

export const openingBytes = 16;

/** `role` 1 initiator, 2 responder, 3 genesis request. */
export function openingOf(magic: Uint8Array, role: number, flightBytes: number): Uint8Array {
  return join(magic, Uint8Array.of(role, 0), u16(1), u16(1), u16(1), u16(flightBytes), u16(0));
}

class LyingHandshake extends Handshake {
  private readonly noiseStaticSecret: Uint8Array;

  constructor(side: ConstructorParameters<typeof Handshake>[0], mine: Uint8Array, its: Uint8Array) {
    super(side, mine, its);
    this.noiseStaticSecret = side.staticSecret;
  }

  lyingThird(hello: Uint8Array, ownStatic: Uint8Array, lie: Lie): Uint8Array {
    const { genesisHash, nodeId, nodeSeed } = this.side;
    const sealedS = this.s.seal(lie.noiseStatic ?? ownStatic);
    this.s.mixKey(lie.shared ?? x25519(this.noiseStaticSecret, this.re));
    const claimed = lie.nodeId ?? nodeId;
    const preimage = join(
      ...[tag16("wl/auth/1"), lie.signed?.genesisHash ?? genesisHash, Uint8Array.of(1, 0), u16(1)],
      ...[lie.signed?.h ?? this.s.h, lie.signed?.noiseStatic ?? ownStatic, claimed],
      ...[lie.signed?.peerNodeId ?? this.peerNodeId, sha256(hello)],
    );
    return join(sealedS, this.s.seal(join(claimed, edSign(nodeSeed, preimage), hello)));
  }
}

/** The dialling side up to message 2. */
export class Dialled {
  readonly raw: RawClient;
  /** And message 1. */
  readonly opening: Uint8Array;
  readonly seed: Uint8Array;
  readonly nodeId: Uint8Array;
  private readonly genesisHash: Uint8Array;
  private readonly handshake: LyingHandshake;
  private readonly ownStatic: Uint8Array;

  private constructor(
    raw: RawClient,
    genesisHash: Uint8Array,
    handshake: LyingHandshake,
    identity: { readonly seed: Uint8Array; readonly ownStatic: Uint8Array },
    opening: Uint8Array,
  ) {
    this.opening = opening;
    this.raw = raw;
    this.genesisHash = genesisHash;
    this.handshake = handshake;
    this.seed = identity.seed;
    this.nodeId = edPublic(identity.seed);
    this.ownStatic = identity.ownStatic;
  }

  static async begin(
    { port, genesisHash }: Target,
    options: { readonly localAddress?: string; readonly seed?: Uint8Array } = {},
  ): Promise<Dialled> {
    const raw = await RawClient.dial(port, options.localAddress);
    const { seed = randomBytes(32) } = options;
    const [staticSecret, ephemeralSecret] = [randomBytes(32), randomBytes(32)];
    const opening = openingOf(magicOf(genesisHash), 1, 32);
    const flight = join(opening, xPublic(ephemeralSecret));
    raw.write(flight);
    const answer = await raw.read(openingBytes);
    const side = {
      ...{ initiates: true, genesisHash, nodeSeed: seed, nodeId: edPublic(seed) },
      ...{ staticSecret, ephemeralSecret, expected: undefined },
    };
    const handshake = new LyingHandshake(side, opening, answer);
    handshake.writeFirst();
    handshake.readSecond(await raw.read((answer[12]! << 8) | answer[13]!));
    const ownStatic = xPublic(staticSecret);
    return new Dialled(raw, genesisHash, handshake, { seed, ownStatic }, flight);
  }

  get peerNodeId(): Uint8Array {
    return this.handshake.peerNodeId;
  }

  /** With its length before it. */
  message3(lie: Lie = {}): Uint8Array {
    const message = this.handshake.lyingThird(lie.hello ?? helloOf(), this.ownStatic, lie);
    return join(u16(message.length), message);
  }

  keys(): SessionKeys {
    const { genesisHash, seed } = this;
    return sessionKeys(this.handshake.split(), { genesisHash, seed, isInitiator: true });
  }
}

/** The listening side, always honest: to lie is for those who dial. */
export async function answer(
  raw: RawClient,
  genesisHash: Uint8Array,
  seed: Uint8Array,
  hello: Uint8Array,
): Promise<SessionKeys> {
  const opening = await raw.read(openingBytes);
  const side = {
    ...{ initiates: false, genesisHash, nodeSeed: seed, nodeId: edPublic(seed) },
    ...{ staticSecret: randomBytes(32), ephemeralSecret: randomBytes(32), expected: undefined },
  };
  const flightBytes = 32 + 48 + 96 + hello.length + 16;
  const own = openingOf(magicOf(genesisHash), 2, flightBytes);
  const handshake = new Handshake(side, opening, own);
  handshake.readFirst(await raw.read(32));
  raw.write(join(own, handshake.writeSecond(hello)));
  const length = await raw.read(2);
  handshake.readThird(await raw.read((length[0]! << 8) | length[1]!));
  return sessionKeys(handshake.split(), { genesisHash, seed, isInitiator: false });
}

function sessionKeys(
  { h, keyToResponder, keyToInitiator, peerNodeId }: Established,
  own: Pick<SessionKeys, "genesisHash" | "seed" | "isInitiator">,
): SessionKeys {
  const sendKey = own.isInitiator ? keyToResponder : keyToInitiator;
  const receiveKey = own.isInitiator ? keyToInitiator : keyToResponder;
  const nodeId = edPublic(own.seed);
  return { ...own, handshakeHash: h, sendKey, receiveKey, nodeId, peerNodeId };
}
