/**
 * An authenticated peer that sends what no correct one does: votes with a bad signature, a wrong
 * source or a far slot, certificates one signer short or of another set, evidence that proves
 * nothing. Whoever blames it is right.
 */
import type { TreeNode } from "../../chain/tree-node.ts";
import { type Certificate, encodeCertificate } from "../../model/certificate.ts";
import { encodeEvidence, evidenceTypes } from "../../model/evidence.ts";
import { encodeSealedHeader } from "../../model/header.ts";
import { blockHashOf } from "../../model/ids.ts";
import { encodeVote, encodeVoteData, type VoteData } from "../../model/vote.ts";
import type { Message } from "../../wire/messages.ts";
import type { Puppet, Trick } from "./puppet.ts";

export const garbage: Trick = {
  onMoment(puppet: Puppet): void {
    if (!puppet.random.chance(20)) return;
    const peers = puppet.peers();
    const message = rubbish(puppet, puppet.insides.chain.head);
    if (peers.length > 0 && message !== undefined) {
      puppet.send(puppet.random.pick(peers).conn, message);
    }
  },
};

function rubbish(puppet: Puppet, head: TreeNode): Message | undefined {
  if (head.height === 0) return undefined;
  const { random } = puppet;
  const { justifiedSlot: sourceSlot, justifiedHash: sourceHash } = head.header;
  const data = { sourceSlot, sourceHash, targetSlot: head.slot, targetHash: head.hash };
  const noise = blockHashOf(random.bytes(32));
  switch (random.below(8)) {
    case 0:
      return vote(puppet, data, random.bytes(64));
    case 1:
      return vote(puppet, { ...data, sourceHash: noise });
    case 2:
      return vote(puppet, { ...data, targetSlot: head.slot + random.between(1, 1_000) });
    case 3:
      return vote(puppet, { ...data, targetHash: noise });
    case 4:
    case 5:
      return spoiledCertificate(puppet);
    case 6:
      return { type: "vote", vote: random.bytes(176) };
    default: {
      const seal = random.bytes(64);
      const [a, b] = [head, head.parent].map((each) =>
        encodeSealedHeader({ header: (each ?? head).header, seal }),
      );
      const proof = encodeEvidence(evidenceTypes.doubleSeal, head.header.sealer, a!, b!);
      return "code" in proof ? undefined : { type: "evidence", evidence: proof.bytes };
    }
  }
}

function vote(puppet: Puppet, data: VoteData, signature?: Uint8Array): Message {
  const { genesisHash } = puppet;
  const request = { type: "vote", data: encodeVoteData(data), genesisHash } as const;
  return {
    type: "vote",
    vote: encodeVote(data, puppet.key, signature ?? puppet.sign(request)).bytes,
  };
}

function spoiledCertificate(puppet: Puppet): Message | undefined {
  const { random } = puppet;
  const good: Certificate | undefined = puppet.insides.chain.certificates()[0];
  if (good === undefined) return undefined;
  const { signers } = good;
  const spoiled = [
    // Of nobody there is none on the wire: after a recovery the set may be of one.
    ...(signers.length > 1 ? [{ ...good, signers: signers.slice(1) }] : []),
    { ...good, validatorsHash: random.bytes(32) },
    { ...good, signers: signers.map((each) => ({ ...each, signature: random.bytes(64) })) },
    { ...good, data: { ...good.data, targetHash: blockHashOf(random.bytes(32)) } },
  ];
  return { type: "certificate", certificate: encodeCertificate(random.pick(spoiled)).bytes };
}
