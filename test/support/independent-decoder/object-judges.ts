/** Judges for the vectors of consensus objects, trees, and the chain. */
import assert from "node:assert/strict";
import { ascii, hex, unhex } from "./bytes.ts";
import { edVerify, sha256, tagged } from "./crypto.ts";
import { faultOf } from "./fault.ts";
import { type Case, type Judge, orFault } from "./judges.ts";
import { Chain } from "./ledger.ts";
import { canonicalText, readNetwork, slotAt } from "./network.ts";
import {
  certificateFault,
  judgeEvidence,
  quorum,
  readBody,
  readCertificate,
  readEvidence,
  readSealedHeader,
  readTransaction,
  readValidatorSet,
  readVote,
  sealPreimage,
  transactionPreimage,
  validatorsHashOf,
  votePreimage,
} from "./objects.ts";
import { merkleRoot, rootOfProof, stateRoot, verifyState } from "./trees.ts";

type Judges = Readonly<Record<string, Judge>>;

/** Every field that was read is as the case says. */
function agree(read: Readonly<Record<string, unknown>>, c: Case): void {
  for (const [name, value] of Object.entries(read)) {
    if (value instanceof Uint8Array) assert.equal(hex(value), c[name], name);
    else assert.equal(typeof value === "bigint" ? value.toString() : value, c[name], name);
  }
}

export const transactions: Judges = {
  transaction: (c) =>
    orFault(c, () => {
      const t = readTransaction(unhex(c["bytes"]));
      const { unsigned: _, ...fields } = t;
      agree(fields, c);
      const preimage = transactionPreimage(t, unhex(c["genesisHash"]));
      assert.equal(hex(preimage), c["preimage"]);
      assert.ok(edVerify(unhex(t.sender), preimage, t.signature));
    }),
  "transaction-size": (c) => {
    const code = faultOf(() => readTransaction(new Uint8Array(c["bytesMax"] + 1)));
    assert.equal(code, c["error"]);
  },
};

export const headers: Judges = {
  header: (c) =>
    orFault(c, () => {
      const { header, seal } = readSealedHeader(unhex(c["bytes"]));
      agree({ ...header }, c);
      const preimage = sealPreimage(unhex(c["genesisHash"]), header.hash);
      assert.equal(hex(preimage), c["sealPreimage"]);
      assert.ok(edVerify(unhex(header.sealer), preimage, seal));
    }),
};

export const bodies: Judges = {
  body: (c) =>
    orFault(c, () => {
      const { certificate, transactions: list } = readBody(unhex(c["bytes"]));
      assert.equal(hex(certificate), c["certificate"]);
      assert.deepEqual(
        list.map(({ id }) => id),
        c["transactionIds"],
      );
      assert.equal(hex(merkleRoot(list.map(({ bytes }) => bytes))), c["txRoot"]);
    }),
};

export const votes: Judges = {
  vote: (c) =>
    orFault(c, () => {
      const vote = readVote(unhex(c["bytes"]));
      agree(vote, c);
      const preimage = votePreimage(unhex(c["genesisHash"]), unhex(c["bytes"]).slice(0, 80));
      assert.equal(hex(preimage), c["preimage"]);
      assert.ok(edVerify(unhex(vote.validator), preimage, vote.signature));
    }),
};

export const certificates: Judges = {
  certificate: (c) =>
    orFault(c, () => {
      const bytes = unhex(c["bytes"]);
      const { validatorCount, signers } = readCertificate(bytes);
      assert.equal(validatorCount, c["validatorCount"]);
      assert.deepEqual(
        signers.map(({ rank }) => rank),
        c["ranks"],
      );
      assert.equal(hex(tagged("cert/1", bytes)), c["hash"]);
      assert.equal(quorum(c["set"].length), c["quorum"]);
      assert.equal(
        certificateFault(bytes, c["set"], unhex(c["genesisHash"])) ?? "valid",
        c["verdict"],
      );
    }),
};

export const evidence: Judges = {
  evidence: (c) =>
    orFault(c, () => {
      const { type, validator } = readEvidence(unhex(c["bytes"]));
      agree({ type, validator }, c);
      assert.equal(judgeEvidence(unhex(c["bytes"]), unhex(c["genesisHash"])), c["verdict"]);
    }),
};

export const attestations: Judges = {
  attestation: (c) => {
    const bytes = unhex(c["bytes"]);
    assert.equal(bytes.length, 96);
    const named = ["handshakeHash", "nodeId", "peerNodeId"].map((name) => unhex(c[name]));
    const [handshakeHash, nodeId, peerNodeId] = named as [Uint8Array, Uint8Array, Uint8Array];
    const validator = bytes.slice(0, 32);
    const preimage = Buffer.concat([
      Buffer.from("attest/1".padEnd(16, "\0"), "latin1"),
      unhex(c["genesisHash"]),
      handshakeHash,
      validator,
      nodeId,
      peerNodeId,
    ]);
    assert.equal(hex(preimage), c["preimage"]);
    const isSigned = edVerify(validator, preimage, bytes.slice(32));
    assert.equal(isSigned ? "valid" : "attest-signature", c["verdict"]);
  },
};

export const validatorSets: Judges = {
  set: (c) =>
    orFault(c, () => {
      const set = readValidatorSet(unhex(c["bytes"]));
      assert.deepEqual(set, c["keys"]);
      assert.equal(validatorsHashOf(set), c["hash"]);
      assert.equal(quorum(set.length), c["quorum"]);
      for (const { slot, leader } of c["leaders"]) assert.equal(set[slot % set.length], leader);
    }),
  quorum: (c) => assert.equal(quorum(c["n"]), c["quorum"]),
};

export const merkle: Judges = {
  root: (c) => {
    const leaves: Uint8Array[] = c["leaves"].map(unhex);
    assert.equal(hex(merkleRoot(leaves)), c["root"]);
    if (leaves.length === 0) return;
    const leafHash = sha256(Uint8Array.of(0), leaves[c["index"]]!);
    assert.equal(hex(leafHash), c["leafHash"]);
    const root = rootOfProof(leafHash, c["index"], leaves.length, c["proof"].map(unhex));
    assert.equal(root && hex(root), c["root"]);
  },
};

export const stateTree: Judges = {
  root: (c) => {
    const pairs = c["pairs"].map((pair: Case) => ({
      key: unhex(pair["key"]),
      value: unhex(pair["value"]),
    }));
    assert.equal(hex(stateRoot(pairs)), c["root"]);
  },
  proof: (c) => {
    const value = c["value"] === null ? undefined : unhex(c["value"]);
    const { depth, bitmap, siblings, other } = c;
    const proof = { depth, bitmap, siblings, ...(other && { other }) };
    assert.equal(verifyState(unhex(c["root"]), unhex(c["key"]), value, proof), c["valid"]);
  },
};

export const networkFiles: Judges = {
  network: (c) =>
    orFault(c, () => {
      const network = readNetwork(c["text"]);
      assert.equal(canonicalText(network), c["text"]);
      assert.equal(hex(tagged("params/1", ascii(c["text"]))), c["paramsHash"]);
      const chain = new Chain(network);
      assert.equal(hex(chain.root()), c["stateRoot"]);
      assert.equal(hex(chain.genesisHeader()), c["genesisHeader"]);
      assert.equal(chain.genesisHash, c["genesisHash"]);
      assert.equal(c["body"], "00000000");
    }),
  slot: (c) => {
    const network = { genesisTimeMs: c["genesisTimeMs"], slotMs: c["slotMs"] };
    const slot = slotAt(network, c["wallMs"]);
    assert.equal(slot, c["slot"]);
    assert.equal(network.genesisTimeMs + slot * network.slotMs, c["startMs"]);
  },
};

/** The cases of one file are one story: each block stands on the one before. */
export function chainJudges(): Judges {
  let chain: Chain | undefined;
  let text = "";
  const blocks: Case[] = [];
  const begun = (): Chain => {
    assert.ok(chain, "genesis is the first case");
    return chain;
  };
  return {
    genesis: (c) => {
      text = c["text"];
      chain = new Chain(readNetwork(text));
      assert.equal(hex(chain.genesisHeader()), c["header"]);
      assert.equal(chain.genesisHash, c["hash"]);
    },
    block: (c) => {
      blocks.push(c);
      const receipts = begun().append(unhex(c["header"]), unhex(c["body"]));
      assert.deepEqual(receipts.map(hex), c["receipts"]);
      assert.equal(hex(begun().root()), c["stateRoot"]);
      assert.equal(begun().final, c["finalHeight"]);
      const state = [...begun().state()].sort(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual(
        state.map(([key, value]) => ({ key, value })),
        c["state"],
      );
    },
    refused: (c) => {
      const [transaction] = readBody(unhex(c["body"])).transactions;
      assert.ok(transaction);
      assert.equal(begun().judge(transaction, c["slot"]), c["rule"]);
    },
    "refused-block": (c) => {
      const again = new Chain(readNetwork(text));
      for (const each of blocks) again.append(unhex(each["header"]), unhex(each["body"]));
      const code = faultOf(() => again.append(unhex(c["header"]), unhex(c["body"])));
      assert.equal(code, c["error"]);
    },
  };
}
