/** What requests may say, checked before anything is looked up. All problems are the client's. */
import { z } from "zod";
import { type Address, type BlockHash, isHex32, type NodeId, type TxId } from "../../model/ids.ts";
import { parseBanSubject } from "../../net/conduct/ban-list.ts";
import { chainLimits, connectionLimits, httpLimits } from "../../params/limits.ts";
import { Problem } from "./problem.ts";

const wholeNumber = (name: string, min: number, max: number) => {
  const says = `${name}: a whole number from ${min} to ${max} expected`;
  return z
    .string(says)
    .regex(/^(0|[1-9][0-9]{0,15})$/, says)
    .transform(Number)
    .refine((value) => value >= min && value <= max, says);
};

const hex32 = (name: string) => {
  const says = `${name}: 64 lower-case hex digits expected`;
  return z.string(says).refine(isHex32, says);
};

/** A hundred years: whoever means longer means for ever. */
const secondsMax = 3_155_760_000;

const page = z.strictObject({
  from: wholeNumber("from", 0, Number.MAX_SAFE_INTEGER).optional(),
  limit: wholeNumber("limit", 1, httpLimits.pageMax).optional(),
});

const blockRef = z.strictObject({
  hashOrHeight: z
    .string()
    .refine(
      (text) => isHex32(text) || /^(0|[1-9][0-9]{0,14})$/.test(text),
      "hashOrHeight: a height, or a hash of 64 lower-case hex digits expected",
    )
    .transform((text) => (isHex32(text) ? (text as BlockHash) : Number(text))),
});

const transactionRef = z.strictObject({ id: hex32("id").transform((text) => text as TxId) });
const accountRef = z.strictObject({
  address: hex32("address").transform((text) => text as Address),
});
const peerRef = z.strictObject({ nodeId: hex32("nodeId").transform((text) => text as NodeId) });
const nothing = z.strictObject({});

const { banReasonMax } = connectionLimits;
const banSubject = z
  .string("subject: an address, a range like 10.0.0.0/8 or an identity expected")
  .refine(
    (text) => parseBanSubject(text) !== undefined,
    "subject: an address, a range like 10.0.0.0/8 or an identity of 64 hex digits expected",
  );
const ban = z.strictObject({
  subject: banSubject,
  reason: z
    .string("reason: a text expected")
    .regex(/^[ -~]*$/, "reason: printable ASCII expected")
    .max(banReasonMax, `reason: at most ${banReasonMax} characters expected`)
    .optional(),
  /** Until it is lifted when absent. */
  seconds: z
    .int("seconds: a whole number expected")
    .min(1, "seconds: at least 1 expected")
    .max(secondsMax, `seconds: at most ${secondsMax} expected`)
    .optional(),
});
const banRef = z.strictObject({ subject: banSubject });

const signedTransaction = z
  .string("transaction: the bytes of a signed transaction in hex expected")
  .max(2 * chainLimits.transactionBytesMax, "transaction: larger than any transaction")
  .regex(/^([0-9a-f]{2})+$/, "transaction: lower-case hex expected, without 0x");
const submission = z.strictObject({ transaction: signedTransaction });

const { batchMax } = httpLimits;
/** Their bytes are bounded by those of a request's body. */
const submissions = z.strictObject({
  transactions: z
    .array(signedTransaction, "transactions: a list of signed transactions in hex expected")
    .min(1, "transactions: at least 1 expected")
    .max(batchMax, `transactions: at most ${batchMax} expected`),
});

export const parameters = {
  page,
  blockRef,
  transactionRef,
  accountRef,
  peerRef,
  nothing,
  submission,
  submissions,
  ban,
  banRef,
};

/** `given` as `schema` understands it; a `Problem` 400 that names every mistake. */
export function read<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? `unknown: ${issue.keys.map((key) => JSON.stringify(key.slice(0, 40))).join(", ")}`
      : issue.message,
  );
  throw new Problem(400, "bad-parameter", details.slice(0, 8).join("; "));
}
