/** Attestations: the preimage, and for whom one holds. */
import { concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import {
  type AttestedSession,
  attestationPreimage,
  checkAttestation,
  encodeAttestation,
} from "../../src/model/attestation.ts";
import { idBytes, nodeIdOf, publicKeyOf } from "../../src/model/ids.ts";
import {
  digestOf,
  fill,
  flipped,
  genesisHash,
  hex,
  initiatorId,
  responderId,
  seeds,
  type VectorCase,
  type VectorFile,
  validatorKeys,
} from "./inputs.ts";

const session: AttestedSession = {
  genesisHash,
  handshakeHash: digestOf("handshake hash"),
  nodeId: nodeIdOf(initiatorId),
  peerNodeId: nodeIdOf(responderId),
};

export function attestationsFile(): VectorFile {
  const validator = validatorKeys[1]!;
  const preimage = attestationPreimage(session, validator);
  const signature = ed25519.sign(seeds.validators[1]!, preimage);
  const good = encodeAttestation({ validator, signature });
  const other = { ...session, nodeId: session.peerNodeId, peerNodeId: session.nodeId };
  const judged: readonly (readonly [string, Uint8Array, AttestedSession])[] = [
    ["good", good, session],
    ["a bit of the signature changed", flipped(good, -1), session],
    ["another validator", concatBytes(idBytes(validatorKeys[0]!), signature), session],
    ["another session", good, { ...session, handshakeHash: digestOf("another") }],
    ["another network", good, { ...session, genesisHash: fill(1) }],
    ["sent back by the receiver", good, other],
  ];
  return {
    name: "attestations",
    description: "Proofs of a validator key to one peer in one session.",
    spec: "protocol-spec/05-objects §11",
    cases: judged.map(([name, bytes, of]): VectorCase => {
      const verdict = checkAttestation(bytes, of, ed25519);
      return {
        name,
        kind: "attestation",
        genesisHash: hex(of.genesisHash),
        handshakeHash: hex(of.handshakeHash),
        nodeId: of.nodeId,
        peerNodeId: of.peerNodeId,
        bytes: hex(bytes),
        preimage: hex(attestationPreimage(of, publicKeyOf(bytes.subarray(0, 32)))),
        verdict: typeof verdict === "string" ? "valid" : verdict.code,
      };
    }),
  };
}
