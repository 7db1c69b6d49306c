/**
 * Who is at the other end: makes and checks what handshake messages 2 and 3 carry. An identity
 * signs this very handshake (its hash so far), never merely a key, so that nothing stolen from one
 * session serves in another. Draws the conclusion, not the consequence: faults are thrown.
 * protocol-spec/02-handshake §3.
 */
import { defined } from "../base/assert.ts";
import { equalBytes } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { idBytes, type NodeId, nodeIdOf, ownIdBytes } from "../model/ids.ts";
import type { HandshakeMessage, HandshakeXX } from "../noise/handshake-xx.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "../wire/errors.ts";
import {
  authPreimage,
  authPreimageBytes,
  decodeHandshakePayload,
  encodeHandshakePayload,
} from "../wire/handshake-payload.ts";
import { decodeHello } from "../wire/hello.ts";
import type { Hello } from "../wire/messages.ts";

export type Role = "initiator" | "responder";

export interface OwnIdentity {
  readonly signatures: SignatureScheme;
  readonly genesisHash: Uint8Array;
  readonly role: Role;
  readonly nodeSeed: Uint8Array;
  readonly nodeId: NodeId;
  /** Whom we dialled, when we know. */
  readonly expectedNodeId: NodeId | undefined;
}

export interface PeerIdentity {
  readonly nodeId: NodeId;
  readonly hello: Hello;
}

/** Bytes that Noise adds to the payload of message 2: e, the sealed s, and a tag. */
export const message2OverheadBytes = 32 + 48 + 16;
/** And of message 3: the sealed s, and a tag. */
export const message3OverheadBytes = 48 + 16;
/** Node id and signature. */
export const identityBytes = 32 + 64;

/** Signed or verified before the next one is made; nothing keeps it. */
const preimageBytes = new Uint8Array(authPreimageBytes);

/** Room for an identity and a HELLO, and not for more than that. */
export function isPayloadLength(bytes: number): boolean {
  return bytes > identityBytes && bytes <= wireLimits.handshakePayloadBytesMax;
}

/** The payload of our message. `peer`: as far as it is known, that is in message 3. */
export function provePayload(
  self: OwnIdentity,
  noise: HandshakeXX,
  h: Uint8Array,
  peer: NodeId | undefined,
  helloBytes: Uint8Array,
): Uint8Array {
  const nodeId = ownIdBytes(self.nodeId);
  const preimage = authPreimage(
    {
      genesisHash: self.genesisHash,
      role: self.role,
      version: wireLimits.version,
      h,
      noiseStatic: noise.staticPublic,
      nodeId,
      peerNodeId: peer === undefined ? undefined : idBytes(peer),
      helloBytes,
    },
    preimageBytes,
  );
  const signature = self.signatures.sign(self.nodeSeed, preimage);
  return encodeHandshakePayload({ nodeId, signature, helloBytes });
}

/** Who sent `message`, cheapest check first. Throws WireError. */
export function checkPayload(
  self: OwnIdentity,
  noise: HandshakeXX,
  message: HandshakeMessage,
): PeerIdentity {
  const noiseStatic = defined(noise.remoteStatic, "messages 2 and 3 carry the static key");
  refuseOwnKey(noiseStatic, noise.staticPublic);
  const { nodeId: idOfPeer, signature, helloBytes } = decodeHandshakePayload(message.payload);
  const nodeId = nodeIdOf(idOfPeer);
  if (nodeId === self.nodeId) throw new WireError("self-connection", "the peer is this node");
  if (self.expectedNodeId !== undefined && nodeId !== self.expectedNodeId) {
    throw new WireError("unexpected-identity", `${nodeId} instead of ${self.expectedNodeId}`);
  }
  const fromResponder = self.role === "initiator";
  const preimage = authPreimage(
    {
      genesisHash: self.genesisHash,
      role: fromResponder ? "responder" : "initiator",
      version: wireLimits.version,
      h: message.h,
      noiseStatic,
      nodeId: idOfPeer,
      peerNodeId: fromResponder ? undefined : ownIdBytes(self.nodeId),
      helloBytes,
    },
    preimageBytes,
  );
  if (!self.signatures.verify(signature, preimage, idOfPeer)) {
    throw new WireError("handshake-failed", "the identity did not sign this handshake");
  }
  return { nodeId, hello: decodeHello(helloBytes) };
}

/** Whoever shows us our own key is ourselves, or a mirror. Throws WireError. */
export function refuseOwnKey(received: Uint8Array, own: Uint8Array): void {
  if (equalBytes(received, own)) throw new WireError("self-connection", "our own key came back");
}
