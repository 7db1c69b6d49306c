/** What the CLI reads of the API's answers; further members pass. Shapes: src/host/http/. */
import { z } from "zod";
import { isHex32 } from "../../model/ids.ts";

const hex32 = z.string().refine(isHex32);
const count = z.int().nonnegative();
const hex = z.string().regex(/^([0-9a-f]{2})+$/);
const amount = z.string().regex(/^[0-9]{1,20}$/);

export const infoAnswer = z.looseObject({
  name: z.string().max(64),
  version: z.string().max(64),
  nodeId: hex32,
  network: z.string().max(64),
  genesisHash: hex32,
  networkId: hex32,
  role: z.string().max(32),
  state: z.enum(["synced", "syncing", "lonely"]),
  height: count,
  headHash: hex32,
  finalizedHeight: count,
  finalizedHash: hex32,
  peers: z.object({ inbound: count, outbound: count }),
  mempool: count,
  minFee: amount,
});

export const syncAnswer = z.looseObject({
  state: z.enum(["synced", "syncing", "lonely"]),
  currentHeight: count,
  targetHeight: count,
  blocksPerSecond: z.number().nonnegative(),
});

export const peersAnswer = z.looseObject({
  inbound: count,
  outbound: count,
  peers: z.array(
    z.looseObject({
      nodeId: hex32.nullable(),
      address: z.string().max(320),
      direction: z.string().max(16),
      state: z.string().max(32),
      agent: z.string().max(128).nullable(),
      height: count.nullable(),
      pingMs: z.number().nullable(),
      bytesReceived: count,
      bytesSent: count,
      score: z.number(),
    }),
  ),
});

export const banAnswer = z.looseObject({
  type: z.enum(["address", "subnet", "identity"]),
  value: z.string().max(64),
  reason: z.string().max(256),
  by: z.enum(["operator", "rule"]),
  leftMs: z.number().nonnegative().nullable(),
});

export const bansAnswer = z.looseObject({ bans: z.array(banAnswer) });

export const liftedAnswer = z.looseObject({ lifted: z.string().max(64) });

export const peerAnswer = z.looseObject({
  nodeId: hex32,
  connection: z
    .looseObject({ address: z.string().max(320), direction: z.string().max(16) })
    .nullable(),
  value: z.int(),
  reasons: z.array(z.looseObject({ reason: z.string().max(128), points: z.int() })),
  ban: banAnswer.nullable(),
});

export const accountAnswer = z.looseObject({
  address: hex32,
  nonce: amount,
  balance: amount,
  pending: count,
  nextNonce: amount,
});

export const submittedAnswer = z.looseObject({ id: hex32, status: z.literal("pending") });

const transaction = z.looseObject({
  from: hex32,
  to: hex32,
  amount,
  fee: amount,
  nonce: amount,
});

export const transactionAnswer = z.discriminatedUnion("status", [
  z.looseObject({ id: hex32, status: z.literal("pending"), transaction }),
  z.looseObject({
    id: hex32,
    status: z.literal("confirmed"),
    block: z.looseObject({ height: count, hash: hex32 }),
    confirmations: count,
    final: z.boolean(),
    transaction,
  }),
]);

export const blockAnswer = z.looseObject({
  hash: hex32,
  height: count,
  slot: count,
  timestampMs: count,
  status: z.enum(["canonical", "fork", "final"]),
  confirmations: count,
  parentHash: hex32,
  sealer: hex32,
  bodyBytes: count,
  stateRoot: hex32,
  transactions: z
    .array(z.looseObject({ id: hex32, from: hex32, to: hex32, amount, fee: amount }))
    .nullable(),
});

const change = {
  action: z.enum(["add", "remove", "rerank"]),
  validator: hex32,
  rank: count.nullable(),
  force: z.boolean(),
};

export const validatorsAnswer = z.looseObject({
  height: count,
  slot: count,
  quorum: count,
  validators: z.array(
    z.looseObject({
      rank: count,
      key: hex32,
      lastSealSlot: count.nullable(),
      lastVoteSlot: count.nullable(),
      missedSlots: count,
      jailed: z.boolean(),
      self: z.boolean(),
    }),
  ),
  jailed: z.array(hex32),
  pending: z.looseObject({ ...change, queuedAt: count }).nullable(),
  queue: z.array(z.looseObject(change)),
  proposals: z.array(
    z.looseObject({
      ...change,
      id: hex32,
      proposer: hex32,
      slot: count,
      approvals: z.array(hex32),
    }),
  ),
});

export const finalityAnswer = z.looseObject({
  status: z.enum(["unknown", "orphan", "fork", "canonical", "justified", "final"]),
  hash: hex32.nullable(),
  height: count.nullable(),
  slot: count.nullable(),
  confirmations: count,
  finalizedHeight: count,
  proof: z
    .looseObject({
      height: count,
      hash: hex32,
      header: hex,
      certificate: hex,
      validators: z.looseObject({ hash: hex32, count, signed: count }),
    })
    .nullable(),
});

export const evidenceAnswer = z.looseObject({
  evidence: z.array(
    z.looseObject({
      validator: hex32,
      kind: z.enum(["double-seal", "double-vote", "surround"]),
      slot: count,
      included: z.boolean(),
      hex,
    }),
  ),
});
