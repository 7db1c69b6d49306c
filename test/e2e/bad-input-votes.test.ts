/**
 * Votes, certificates and evidence from a peer without a validator's key: refused with a code,
 * priced; what honest peers may send when clocks and forks differ costs them nothing.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { encodeCertificate } from "../../src/model/certificate.ts";
import { type Evidence, encodeEvidence } from "../../src/model/evidence.ts";
import { encodeSealedHeader } from "../../src/model/header.ts";
import { blockHashOf, type PublicKey, publicKeyOf } from "../../src/model/ids.ts";
import { validatorsHash } from "../../src/model/validator-set.ts";
import { encodeVote, encodeVoteData, type VoteData } from "../../src/model/vote.ts";
import { Peer } from "../support/attacker.ts";
import {
  honest,
  offends,
  startWorld,
  stopWorld,
  target,
  unharmed,
  untilAllAgree,
} from "../support/hostile-world.ts";

before(startWorld);
after(stopWorld);

const noSignature = new Uint8Array(64).fill(9);

/** What an honest vote for the newest block says. */
function headVote(change: Partial<VoteData> = {}): VoteData {
  const { hash, slot, justifiedSlot, justifiedHash } = honest.head.header;
  return {
    sourceSlot: justifiedSlot,
    sourceHash: justifiedHash,
    targetSlot: slot,
    targetHash: hash,
    ...change,
  };
}

const sealer = (): PublicKey => honest.head.header.sealer;
const stranger = publicKeyOf(ed25519.publicKey(randomBytes(32)));
const unknown = () => blockHashOf(randomBytes(32));

const voteBy = (validator: PublicKey, data: VoteData) => (peer: Peer) =>
  peer.send({ type: "vote", vote: encodeVote(data, validator, noSignature).bytes });

test("votes that break a rule are refused", async () => {
  await offends("of a stranger", "vote-stranger", (peer) => voteBy(stranger, headVote())(peer));
  await offends("from another source", "vote-source", (peer) =>
    voteBy(sealer(), headVote({ sourceHash: unknown() }))(peer),
  );
  await offends("of another slot than the target", "vote-source", (peer) =>
    voteBy(sealer(), headVote({ targetSlot: honest.head.header.slot + 1 }))(peer),
  );
  await offends("forged, for a block that is not known", "vote-signature", (peer) =>
    voteBy(sealer(), headVote({ targetHash: unknown() }))(peer),
  );
  await offends("backwards", "vote-malformed", (peer) => {
    const vote = encodeVote(headVote(), sealer(), noSignature).bytes.slice();
    vote.fill(0, 40, 48);
    peer.send({ type: "vote", vote });
  });
});

test("votes that honest peers may send cost nothing", async () => {
  const peer = await Peer.connect(target);
  const { slot } = honest.head.header;
  voteBy(stranger, headVote({ targetHash: unknown() }))(peer);
  voteBy(sealer(), headVote({ targetSlot: slot + 1_000, targetHash: unknown() }))(peer);
  voteBy(sealer(), { ...headVote(), sourceSlot: 0, targetSlot: 1 })(peer);
  // Already held, whatever signature it has now.
  voteBy(sealer(), headVote())(peer);
  await peer.ping();
  await unharmed("votes of other times and sets");
  peer.destroy();
});

test("certificates that break a rule are refused", async () => {
  const fields = (data: VoteData, set: readonly PublicKey[], count: number) =>
    encodeCertificate({
      data,
      validatorsHash: validatorsHash(set),
      validatorCount: set.length,
      signers: Array.from({ length: count }, (_, rank) => ({ rank, signature: noSignature })),
    }).bytes;
  const certificate = (bytes: Uint8Array) => (peer: Peer) =>
    peer.send({ type: "certificate", certificate: bytes });
  const ahead = () => headVote({ targetHash: unknown() });
  await offends("forged", "certificate-signature", (peer) =>
    certificate(fields(ahead(), [sealer()], 1))(peer),
  );
  await offends("spare bits in the bitmap", "certificate-malformed", (peer) => {
    const bytes = fields(ahead(), [sealer()], 1);
    bytes[114] = 0b11;
    certificate(bytes)(peer);
  });
  const peer = await Peer.connect(target);
  certificate(fields(ahead(), [stranger], 1))(peer);
  await peer.ping();
  await unharmed("a certificate of a set that nobody here knows");
  peer.destroy();
});

test("evidence that is none is refused", async () => {
  const evidence = (bytes: Uint8Array) => (peer: Peer) =>
    peer.send({ type: "evidence", evidence: bytes });
  const signed = (data: VoteData) => new Uint8Array([...encodeVoteData(data), ...noSignature]);
  const doubleVote = (of: PublicKey) => {
    const other = headVote({ targetHash: unknown() });
    const made = encodeEvidence(2, of, signed(headVote()), signed(other)) as Evidence;
    assert.ok(!("code" in made));
    return made.bytes;
  };
  await offends("with forged signatures", "evidence-signature", (peer) =>
    evidence(doubleVote(sealer()))(peer),
  );
  await offends("one header twice", "evidence-malformed", (peer) => {
    const { header, seal } = honest.head;
    const sealed = encodeSealedHeader({ header, seal });
    const bytes = new Uint8Array([1, ...Buffer.from(sealer(), "hex"), 1, 164, ...sealed]);
    evidence(new Uint8Array([...bytes, 1, 164, ...sealed]))(peer);
  });
  const peer = await Peer.connect(target);
  evidence(doubleVote(stranger))(peer);
  await peer.ping();
  await unharmed("evidence against a stranger");
  peer.destroy();
});

test(
  "in the end the chain goes on, nobody honest was cut off, the log stayed small",
  untilAllAgree,
);
