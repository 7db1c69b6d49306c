/** 02-handshake: Noise XX by hand, read or replayed with known secrets. */
import { ascii, join, Reader, same, u16, zeros } from "./bytes.ts";
import {
  aeadOpen,
  aeadSeal,
  edSign,
  edVerify,
  hkdf2,
  sha256,
  tag16,
  x25519,
  xPublic,
} from "./crypto.ts";
import { check, refuse } from "./fault.ts";
import { readHello } from "./hello.ts";

const failed = "handshake-failed";

/** 4 zero bytes, then n little-endian. */
export function nonceOf(n: bigint): Uint8Array {
  const out = new DataView(new ArrayBuffer(12));
  out.setBigUint64(4, n, true);
  return new Uint8Array(out.buffer);
}

class Symmetric {
  h = ascii("Noise_XX_25519_ChaChaPoly_SHA256");
  ck = this.h;
  key: Uint8Array | undefined;
  n = 0n;

  mixHash(bytes: Uint8Array): void {
    this.h = sha256(this.h, bytes);
  }

  mixKey(shared: Uint8Array | undefined): void {
    if (shared === undefined) refuse(failed);
    [this.ck, this.key] = hkdf2(this.ck, shared);
    this.n = 0n;
  }

  seal(text: Uint8Array): Uint8Array {
    const sealed = this.key ? aeadSeal(this.key, nonceOf(this.n++), this.h, text) : text;
    this.mixHash(sealed);
    return sealed;
  }

  open(sealed: Uint8Array): Uint8Array {
    if (this.key === undefined) refuse(failed);
    const text = aeadOpen(this.key, nonceOf(this.n++), this.h, sealed);
    if (text === undefined) refuse(failed);
    this.mixHash(sealed);
    return text;
  }
}

export interface Side {
  readonly initiates: boolean;
  readonly genesisHash: Uint8Array;
  readonly nodeSeed: Uint8Array;
  readonly nodeId: Uint8Array;
  readonly staticSecret: Uint8Array;
  readonly ephemeralSecret: Uint8Array;
  /** Whom we dialled. */
  readonly expected: Uint8Array | undefined;
}

export interface AuthFields {
  readonly genesisHash: Uint8Array;
  readonly role: number;
  readonly h: Uint8Array;
  readonly noiseStatic: Uint8Array;
  readonly nodeId: Uint8Array;
  readonly peerNodeId: Uint8Array;
  readonly hello: Uint8Array;
}

export function authPreimage(f: AuthFields): Uint8Array {
  const role = Uint8Array.of(f.role, 0);
  return join(
    ...[tag16("wl/auth/1"), f.genesisHash, role, u16(1), f.h, f.noiseStatic],
    ...[f.nodeId, f.peerNodeId, sha256(f.hello)],
  );
}

export interface Established {
  readonly h: Uint8Array;
  readonly keyToResponder: Uint8Array;
  readonly keyToInitiator: Uint8Array;
  readonly peerNodeId: Uint8Array;
}

/** One side of a handshake: what it reads is checked, what it would write is computed. */
export class Handshake {
  protected readonly side: Side;
  protected readonly s = new Symmetric();
  private readonly ownE: Uint8Array;
  private readonly ownS: Uint8Array;
  protected re = zeros(32);
  peerNodeId = zeros(32);

  constructor(side: Side, initiatorOpening: Uint8Array, responderOpening: Uint8Array) {
    this.side = side;
    this.ownE = xPublic(side.ephemeralSecret);
    this.ownS = xPublic(side.staticSecret);
    const openings = join(initiatorOpening, responderOpening);
    this.s.mixHash(join(tag16("windlass/wire"), side.genesisHash, openings));
  }

  writeFirst(): Uint8Array {
    this.s.mixHash(this.ownE);
    this.s.mixHash(zeros(0));
    return this.ownE;
  }

  readFirst(bytes: Uint8Array): void {
    check(bytes.length === 32 && !same(bytes, this.ownE), failed);
    this.re = bytes;
    this.s.mixHash(bytes);
    this.s.mixHash(zeros(0));
    check(x25519(this.side.ephemeralSecret, bytes) !== undefined, failed);
  }

  writeSecond(hello: Uint8Array): Uint8Array {
    this.s.mixHash(this.ownE);
    this.s.mixKey(x25519(this.side.ephemeralSecret, this.re));
    const sealedS = this.s.seal(this.ownS);
    this.s.mixKey(x25519(this.side.staticSecret, this.re));
    return join(this.ownE, sealedS, this.s.seal(this.payload(hello)));
  }

  /** The HELLO. */
  readSecond(bytes: Uint8Array): Uint8Array {
    const r = new Reader(bytes, failed);
    this.re = r.take(32);
    check(!same(this.re, this.ownE), "self-connection");
    this.s.mixHash(this.re);
    this.s.mixKey(x25519(this.side.ephemeralSecret, this.re));
    return this.readRest(r);
  }

  writeThird(hello: Uint8Array): Uint8Array {
    const sealedS = this.s.seal(this.ownS);
    this.s.mixKey(x25519(this.side.staticSecret, this.re));
    return join(sealedS, this.s.seal(this.payload(hello)));
  }

  /** The HELLO. */
  readThird(bytes: Uint8Array): Uint8Array {
    return this.readRest(new Reader(bytes, failed));
  }

  /** §1: of what the u16 before message 3 says. */
  static checkThirdLength(bytes: number): void {
    check(bytes >= 161 && bytes <= 1_088, failed);
  }

  split(): Established {
    const [keyToResponder, keyToInitiator] = hkdf2(this.s.ck, zeros(0));
    return { h: this.s.h, keyToResponder, keyToInitiator, peerNodeId: this.peerNodeId };
  }

  /** s, its DH with our e, and the payload with the other's identity. */
  private readRest(r: Reader): Uint8Array {
    const theirS = this.s.open(r.take(48));
    this.s.mixKey(x25519(this.side.ephemeralSecret, theirS));
    const h = this.s.h;
    const payload = this.s.open(r.take(r.left));
    check(!same(theirS, this.ownS), "self-connection");
    check(payload.length >= 97 && payload.length <= 1_024, failed);
    const nodeId = payload.slice(0, 32);
    const hello = payload.slice(96);
    check(!same(nodeId, this.side.nodeId), "self-connection");
    const { expected, initiates, genesisHash } = this.side;
    check(expected === undefined || same(nodeId, expected), "unexpected-identity");
    const preimage = authPreimage({
      genesisHash,
      role: initiates ? 2 : 1,
      h,
      noiseStatic: theirS,
      nodeId,
      peerNodeId: initiates ? zeros(32) : this.side.nodeId,
      hello,
    });
    check(edVerify(nodeId, preimage, payload.slice(32, 96)), failed);
    readHello(hello);
    this.peerNodeId = nodeId;
    return hello;
  }

  private payload(hello: Uint8Array): Uint8Array {
    const { initiates, genesisHash, nodeId, nodeSeed } = this.side;
    const role = initiates ? 1 : 2;
    const peerNodeId = initiates ? this.peerNodeId : zeros(32);
    const fields = { genesisHash, role, h: this.s.h, noiseStatic: this.ownS };
    const preimage = authPreimage({ ...fields, nodeId, peerNodeId, hello });
    return join(nodeId, edSign(nodeSeed, preimage), hello);
  }
}
