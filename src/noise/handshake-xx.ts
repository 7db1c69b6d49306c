/**
 * HandshakeState for Noise_XX_25519_ChaChaPoly_SHA256 (revision 34 §5.3, §7.5). NOT the identity
 * check: who owns the static keys is said by the payloads (`wire/handshake-payload.ts`), and a
 * remote static key equal to our own is left to the session, which knows node ids.
 * Invariant: after the first fault, and after split, it holds no secret. 02-handshake §2.
 *
 *   XX:  -> e                  e 32
 *        <- e, ee, s, es       e 32 | s 48 | payload + 16
 *        -> s, se              s 48 | payload + 16
 */
import { assert, defined } from "../base/assert.ts";
import { concatBytes, copyBytes, equalBytes } from "../base/bytes.ts";
import { aeadTagBytes } from "../crypto/aead.ts";
import { wipe } from "../crypto/secret.ts";
import {
  lastingX25519PublicKey,
  x25519,
  x25519KeyBytes,
  x25519PublicKey,
} from "../crypto/x25519.ts";
import type { CipherState } from "./cipher-state.ts";
import { SymmetricState } from "./symmetric-state.ts";

export const noiseProtocolName = "Noise_XX_25519_ChaChaPoly_SHA256";
/** Noise §3: the largest message of any kind, in bytes. */
export const noiseMessageBytesMax = 65_535;

const dhBytes = x25519KeyBytes;
const sealedKeyBytes = dhBytes + aeadTagBytes;
/** Bytes of each message without its payload. */
const messageBytesMin = [
  dhBytes,
  dhBytes + sealedKeyBytes + aeadTagBytes,
  sealedKeyBytes + aeadTagBytes,
];

export interface HandshakeOptions {
  readonly role: "initiator" | "responder";
  readonly prologue: Uint8Array;
  /** s: copied; the caller's stays as it is, for it serves many handshakes. */
  readonly staticSecret: Uint8Array;
  /** e: taken over and erased here; for one handshake only. */
  readonly ephemeralSecret: Uint8Array;
  /** Its public key, when it is known already. */
  readonly ephemeralPublic?: Uint8Array | undefined;
  /** Message 1 may carry a payload, in clear. Windlass never does; the public vectors do. */
  readonly firstPayload?: boolean;
}

/** `h`: the handshake hash just before the payload was encrypted. */
export interface HandshakeMessage {
  readonly payload: Uint8Array;
  readonly h: Uint8Array;
}

export interface HandshakeResult {
  readonly send: CipherState;
  readonly receive: CipherState;
  readonly handshakeHash: Uint8Array;
}

export class HandshakeXX {
  /** s.public_key: what the peer will see as its remote static key. */
  readonly staticPublic: Uint8Array;
  private readonly initiator: boolean;
  private readonly firstPayload: boolean;
  private readonly symmetric: SymmetricState;
  private readonly s: Uint8Array;
  private readonly e: Uint8Array;
  private readonly ephemeralPublic: Uint8Array;
  /** DH(e, re), between the peer's e and the token ee. */
  private ee: Uint8Array | undefined;
  private rs: Uint8Array | undefined;
  private re: Uint8Array | undefined;
  /** Messages written and read, 0 to 3. */
  private messageCount = 0;
  private over = false;

  constructor(options: HandshakeOptions) {
    assert(options.staticSecret.length === dhBytes, "a static secret has 32 bytes");
    assert(options.ephemeralSecret.length === dhBytes, "an ephemeral secret has 32 bytes");
    this.initiator = options.role === "initiator";
    this.firstPayload = options.firstPayload ?? false;
    this.s = copyBytes(options.staticSecret);
    this.e = options.ephemeralSecret;
    this.staticPublic = lastingX25519PublicKey(options.staticSecret);
    this.ephemeralPublic = options.ephemeralPublic ?? x25519PublicKey(this.e);
    this.symmetric = new SymmetricState(noiseProtocolName);
    this.symmetric.mixHash(options.prologue);
  }

  /** rs: known, and its holder alive, once the message that carries it was read. */
  get remoteStatic(): Uint8Array | undefined {
    return this.rs;
  }

  get remoteEphemeral(): Uint8Array | undefined {
    return this.re;
  }

  /** True when all three messages went through and `split` may be called. */
  get isComplete(): boolean {
    return this.messageCount === 3 && !this.over;
  }

  /** The next message. `payloadOf` gets the hash that an identity signs and gives the payload. */
  writeMessage(payloadOf: (h: Uint8Array) => Uint8Array): Uint8Array {
    assert(!this.over && this.messageCount < 3, "the handshake goes on");
    assert((this.messageCount % 2 === 0) === this.initiator, "it is our turn to write");
    const tokens =
      this.messageCount === 0
        ? this.writeFirst()
        : this.messageCount === 1
          ? this.writeSecond()
          : this.writeThird();
    const payload = payloadOf(this.symmetric.handshakeHash);
    assert(this.messageCount > 0 || this.firstPayload || payload.length === 0, "sent in clear");
    const message = concatBytes(...tokens, this.symmetric.encryptAndHash(payload));
    assert(message.length <= noiseMessageBytesMax, "payloads are far below the Noise limit");
    this.messageCount++;
    return message;
  }

  /**
   * Takes the peer's next message, whole. Undefined: wrong length, out of turn, not authentic, an
   * all-zero DH result, or our own e reflected; all secrets are erased, the connection must end.
   */
  readMessage(bytes: Uint8Array): HandshakeMessage | undefined {
    const message = this.readTokensAndPayload(bytes);
    if (message === undefined) {
      this.rs = undefined;
      this.abandon();
    } else this.messageCount++;
    return message;
  }

  /** The two directions after message 3; erases what the handshake held. */
  split(): HandshakeResult {
    assert(this.isComplete, "split follows message 3");
    // A copy that no native code saw lies in V8's own memory: half the size, for as long as it lives.
    const handshakeHash = copyBytes(this.symmetric.handshakeHash);
    const [toResponder, toInitiator] = this.symmetric.split();
    this.abandon();
    return this.initiator
      ? { send: toResponder, receive: toInitiator, handshakeHash }
      : { send: toInitiator, receive: toResponder, handshakeHash };
  }

  /** Erases all secrets and ends the handshake: on a fault, a timeout or a closed connection. */
  abandon(): void {
    this.over = true;
    wipe(this.s);
    wipe(this.e);
    if (this.ee !== undefined) wipe(this.ee);
    this.symmetric.wipe();
  }

  private readTokensAndPayload(bytes: Uint8Array): HandshakeMessage | undefined {
    const tokensAndTag = messageBytesMin[this.messageCount];
    const ourTurn = (this.messageCount % 2 === 0) === this.initiator;
    if (this.over || tokensAndTag === undefined || ourTurn) return undefined;
    if (bytes.length < tokensAndTag || bytes.length > noiseMessageBytesMax) return undefined;
    const first = this.messageCount === 0;
    if (first && !this.firstPayload && bytes.length !== tokensAndTag) return undefined;
    const payloadAt = first ? tokensAndTag : tokensAndTag - aeadTagBytes;
    const tokens = bytes.subarray(0, payloadAt);
    const taken = first
      ? this.readFirst(tokens)
      : this.messageCount === 1
        ? this.readSecond(tokens)
        : this.readThird(tokens);
    if (!taken) return undefined;
    const h = this.symmetric.handshakeHash;
    const payload = this.symmetric.decryptAndHash(bytes.subarray(payloadAt));
    return payload === undefined ? undefined : { payload, h };
  }

  // -> e
  private writeFirst(): readonly Uint8Array[] {
    return [this.writeE()];
  }

  // -> e
  private readFirst(tokens: Uint8Array): boolean {
    return this.readE(tokens);
  }

  // <- e, ee, s, es
  private writeSecond(): readonly Uint8Array[] {
    const e = this.writeE();
    this.mixEE();
    const s = this.symmetric.encryptAndHash(this.staticPublic);
    this.mixOwnStatic();
    return [e, s];
  }

  // <- e, ee, s, es
  private readSecond(tokens: Uint8Array): boolean {
    if (!this.readE(tokens.subarray(0, dhBytes))) return false;
    this.mixEE();
    return this.readS(tokens.subarray(dhBytes)) && this.mixRemoteStatic();
  }

  // -> s, se
  private writeThird(): readonly Uint8Array[] {
    const s = this.symmetric.encryptAndHash(this.staticPublic);
    this.mixOwnStatic();
    return [s];
  }

  // -> s, se
  private readThird(tokens: Uint8Array): boolean {
    return this.readS(tokens) && this.mixRemoteStatic();
  }

  private writeE(): Uint8Array {
    this.symmetric.mixHash(this.ephemeralPublic);
    return this.ephemeralPublic;
  }

  /** Also makes ee, so that a key of small order is refused here and no later DH can fail on it. */
  private readE(bytes: Uint8Array): boolean {
    if (equalBytes(bytes, this.ephemeralPublic)) return false;
    this.re = copyBytes(bytes);
    this.symmetric.mixHash(this.re);
    this.ee = x25519(this.e, this.re);
    return this.ee !== undefined;
  }

  private readS(bytes: Uint8Array): boolean {
    this.rs = this.symmetric.decryptAndHash(bytes);
    return this.rs !== undefined;
  }

  private mixEE(): void {
    this.symmetric.mixKey(defined(this.ee, "ee is made when e is read"));
  }

  /** DH(s, re): "es" when the responder writes, "se" when the initiator does. */
  private mixOwnStatic(): void {
    const re = defined(this.re, "e precedes s");
    this.symmetric.mixKey(defined(x25519(this.s, re), "re was not of small order in ee"));
  }

  /** DH(e, rs), the same token seen from the reader. */
  private mixRemoteStatic(): boolean {
    const shared = x25519(this.e, defined(this.rs, "s precedes its DH"));
    if (shared === undefined) return false;
    this.symmetric.mixKey(shared);
    return true;
  }
}
