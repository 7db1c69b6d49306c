/**
 * From the first byte to two known identities: opening, Noise messages 1 to 3, or a genesis
 * request. Bytes in, bytes out; deadlines and what a failure means are the session's.
 * Invariant: `state` moves only along HANDSHAKE, and a message that is not next is refused.
 * protocol-spec/02-handshake §1.
 *
 *   initiator                                 responder
 *   opening 16 | message 1 32        ->
 *                                    <-       opening 16 | message 2 (flightBytes)
 *   length 2 | message 3             ->
 */
import { assert, defined, unreachable } from "../base/assert.ts";
import {
  concatBytes,
  copyBytes,
  emptyBytes,
  equalBytes,
  readU16,
  u16Bytes,
} from "../base/bytes.ts";
import { x25519PublicKey } from "../crypto/x25519.ts";
import type { Env } from "../edge/env.ts";
import { type HandshakeResult, HandshakeXX } from "../noise/handshake-xx.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "../wire/errors.ts";
import { encodeHello } from "../wire/hello.ts";
import type { Hello } from "../wire/messages.ts";
import {
  checkMagicPrefix,
  encodeOpening,
  networkMagic,
  noisePrologue,
  noMagic,
} from "../wire/opening.ts";
import { type HandshakeEvent, type HandshakeState, isOver, nextState } from "./handshake-table.ts";
import {
  checkPayload,
  identityBytes,
  isPayloadLength,
  message2OverheadBytes,
  message3OverheadBytes,
  type OwnIdentity,
  type PeerIdentity,
  provePayload,
  refuseOwnKey,
} from "./identity.ts";
import {
  acceptResponder,
  genesisAnswer,
  judgeInitiator,
  message1Bytes,
  ownVersions,
} from "./opening-rules.ts";
import { Piece } from "./piece.ts";

export interface HandshakeOptions extends OwnIdentity {
  /** 32 bytes, copied. In memory only; one per process is enough. */
  readonly staticSecret: Uint8Array;
  /** Asked once, when it is time to introduce ourselves. */
  readonly hello: () => Hello;
  /** The file for a fresh joiner; undefined when too many asked of late. */
  readonly networkFile: () => Uint8Array | undefined;
}

export interface Established extends HandshakeResult {
  readonly peer: PeerIdentity;
  readonly ownHello: Hello;
}

const { openingBytes, version } = wireLimits;

export class Handshake {
  private readonly env: Env;
  private readonly options: HandshakeOptions;
  private readonly magic: Uint8Array;
  private ephemeralSecret: Uint8Array = emptyBytes;
  /** The initiator's: message 1 leaves before Noise begins. */
  private ephemeralPublic: Uint8Array = emptyBytes;
  /** For others to read; moves only along HANDSHAKE. */
  state: HandshakeState;
  /** The piece that is being gathered. */
  private piece = new Piece(openingBytes);
  private skipBytes = 0;
  private initiatorOpening: Uint8Array = emptyBytes;
  private noise: HandshakeXX | undefined;
  private ownHello: Hello | undefined;
  private result: Established | undefined;
  spokeAt: number; // When what the peer answers next left.
  /** Segments that wait to be sent, oldest first; the session takes them away. */
  readonly output: Uint8Array[] = [];

  constructor(env: Env, options: HandshakeOptions) {
    this.env = env;
    this.options = options;
    this.magic = networkMagic(options.genesisHash);
    this.spokeAt = env.clock.monotonicMs;
    this.state = options.role === "initiator" ? "opening-sent" : "opening-awaited";
    if (options.role === "responder") return;
    this.ephemeralSecret = env.random.bytes(32);
    this.ephemeralPublic = x25519PublicKey(this.ephemeralSecret);
    this.initiatorOpening = this.opening(version, message1Bytes);
    this.output.push(concatBytes(this.initiatorOpening, this.ephemeralPublic));
  }

  /** True while an opening, or a flight to pass over, is what comes next. */
  get isOpening(): boolean {
    return this.state.includes("opening") || this.state === "flight-skipped";
  }

  /** What came of it; only in state "established". */
  get established(): Established {
    return defined(this.result, "the handshake is done");
  }

  /**
   * Takes bytes (borrowed) from `from` until the handshake is over; returns where it stopped: what
   * follows belongs to frames. Throws WireError; then call `fail`.
   */
  receive(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && !isOver(this.state)) {
      const room = this.skipBytes > 0 ? this.skipBytes : this.piece.room;
      const count = Math.min(room, bytes.length - at);
      if (this.skipBytes > 0) this.skip(count);
      else this.gather(bytes.subarray(at, at + count));
      at += count;
    }
    return at;
  }

  /** any -> failed. Erases the secrets; `output` may still be sent. */
  fail(): void {
    if (isOver(this.state)) return;
    this.move("fault");
    this.noise?.abandon();
    this.ephemeralSecret.fill(0);
  }

  private move(event: HandshakeEvent): void {
    this.state = nextState(this.state, event);
  }

  private skip(count: number): void {
    this.skipBytes -= count;
    if (this.skipBytes === 0) this.move("flight-over");
  }

  private expect(bytes: number): void {
    this.piece = new Piece(bytes);
  }

  private gather(part: Uint8Array): void {
    const { piece } = this;
    const soFar = piece.add(part);
    if (this.isOpening) this.checkMagic(soFar);
    if (piece.room === 0) this.onPiece(soFar);
  }

  /** A stranger is refused on the first byte that differs, whatever follows. */
  private checkMagic(received: Uint8Array): void {
    const asksGenesis = received[0] === 0 && this.state === "opening-awaited";
    if (checkMagicPrefix(received, asksGenesis ? noMagic : this.magic)) return;
    throw new WireError("wrong-network", "the opening is not of this network");
  }

  /** `piece` is borrowed: what outlives the call is copied. */
  private onPiece(piece: Uint8Array): void {
    const { state } = this;
    if (state === "opening-sent") this.onResponderOpening(piece);
    else if (state === "message-1-awaited") this.onMessage1(piece);
    else if (state === "message-2-awaited") this.onMessage2(piece);
    else if (state === "length-3-awaited") this.onLength3(readU16(piece, 0));
    else if (state === "message-3-awaited") this.onMessage3(piece);
    else this.onInitiatorOpening(piece);
  }

  /** opening-awaited -> message-1-awaited | flight-skipped | genesis-served */
  private onInitiatorOpening(bytes: Uint8Array): void {
    const judged = judgeInitiator(bytes);
    switch (judged.type) {
      case "genesis-request": {
        this.move("genesis-request");
        const file = this.options.networkFile();
        if (file !== undefined) this.output.push(genesisAnswer(file));
        break;
      }
      case "no-common-version":
        this.output.push(this.opening(0, 0));
        throw new WireError("no-common-version", judged.detail);
      case "other-version":
        this.skipFlight(judged.flightBytes);
        break;
      case "flight":
        this.move("opening");
        this.initiatorOpening = copyBytes(bytes);
        this.expect(message1Bytes);
        break;
      default:
        unreachable(judged);
    }
  }

  private skipFlight(flightBytes: number): void {
    this.move("other-version");
    this.output.push(this.opening(version, 0));
    this.expect(openingBytes);
    this.skipBytes = flightBytes;
    if (this.skipBytes === 0) this.move("flight-over");
  }

  /** opening-sent -> message-2-awaited */
  private onResponderOpening(bytes: Uint8Array): void {
    const { flightBytes } = acceptResponder(bytes);
    this.move("opening");
    const noise = this.startNoise(bytes);
    // Its bytes left with the opening; they did not depend on the prologue.
    const message1 = noise.writeMessage(() => emptyBytes);
    assert(equalBytes(message1, this.ephemeralPublic), "message 1 is e alone");
    this.expect(flightBytes);
  }

  /** message-1-awaited -> length-3-awaited */
  private onMessage1(piece: Uint8Array): void {
    // Not before: a stranger who cannot even open costs us no curve arithmetic.
    this.ephemeralSecret = this.env.random.bytes(32);
    this.ownHello = this.options.hello();
    const helloBytes = encodeHello(this.ownHello);
    const flightBytes = message2OverheadBytes + identityBytes + helloBytes.length;
    const opening = this.opening(version, flightBytes);
    const noise = this.startNoise(opening);
    if (noise.readMessage(piece) === undefined) {
      throw new WireError("handshake-failed", "message 1 holds no usable key");
    }
    this.move("message-1");
    const message2 = noise.writeMessage((h) =>
      provePayload(this.options, noise, h, undefined, helloBytes),
    );
    assert(message2.length === flightBytes, "message 2 is as long as announced");
    this.output.push(concatBytes(opening, message2));
    this.spokeAt = this.env.clock.monotonicMs;
    this.expect(2);
  }

  /** message-2-awaited -> established. The identity is checked before message 3 exists. */
  private onMessage2(piece: Uint8Array): void {
    refuseOwnKey(piece.subarray(0, 32), this.ephemeralPublic);
    const { noise, peer } = this.readIdentity(piece);
    const ownHello = this.options.hello();
    const helloBytes = encodeHello(ownHello);
    const message3 = noise.writeMessage((h) =>
      provePayload(this.options, noise, h, peer.nodeId, helloBytes),
    );
    this.output.push(concatBytes(u16Bytes(message3.length), message3));
    this.move("message-2");
    this.result = { ...noise.split(), peer, ownHello };
  }

  /** length-3-awaited -> message-3-awaited */
  private onLength3(bytes: number): void {
    if (!isPayloadLength(bytes - message3OverheadBytes)) {
      throw new WireError("handshake-failed", `message 3 of ${bytes} bytes`);
    }
    this.move("length-3");
    this.expect(bytes);
  }

  /** message-3-awaited -> established */
  private onMessage3(piece: Uint8Array): void {
    const { noise, peer } = this.readIdentity(piece);
    this.move("message-3");
    const ownHello = defined(this.ownHello, "message 2 introduced us");
    this.result = { ...noise.split(), peer, ownHello };
  }

  private readIdentity(piece: Uint8Array): { noise: HandshakeXX; peer: PeerIdentity } {
    const noise = defined(this.noise, "Noise began with message 1");
    const message = noise.readMessage(piece);
    if (message === undefined) {
      throw new WireError("handshake-failed", `not authentic in state ${this.state}`);
    }
    return { noise, peer: checkPayload(this.options, noise, message) };
  }

  private startNoise(responderOpening: Uint8Array): HandshakeXX {
    const { genesisHash, role, staticSecret } = this.options;
    this.noise = new HandshakeXX({
      role,
      prologue: noisePrologue(genesisHash, this.initiatorOpening, responderOpening),
      staticSecret,
      ephemeralSecret: this.ephemeralSecret,
      ephemeralPublic: role === "initiator" ? this.ephemeralPublic : undefined,
    });
    return this.noise;
  }

  private opening(chosen: number, flightBytes: number): Uint8Array {
    const { role } = this.options;
    return encodeOpening({ magic: this.magic, role, ...ownVersions, version: chosen, flightBytes });
  }
}
