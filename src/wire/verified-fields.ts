/**
 * The fields of the question what a peer verified, and of its answer, in the manner of
 * `message-fields.ts`. NOT what may be made of the answer: it is a claim (`node/verification.ts`).
 * protocol-spec/04-messages §2, §9.
 */
import { hashField, UintField, u32Field, u53Field } from "./field.ts";
import type { MessageShape } from "./message-shape.ts";
import { verifyModeNumbers } from "./messages.ts";

type VerifiedType = "get_verified" | "verified";

const mode = new UintField(verifyModeNumbers.full, verifyModeNumbers.certified);

export const verifiedFields: { readonly [T in VerifiedType]: MessageShape<T> } = {
  get_verified: {
    count: 1,
    size: (m) => u32Field.size(m.request),
    write: (w, m) => u32Field.write(w, m.request),
    read: (r) => ({ type: "get_verified", request: u32Field.read(r) }),
  },
  verified: {
    count: 7,
    size: (m) =>
      u32Field.size(m.request) +
      u53Field.size(m.height) +
      hashField.size(m.hash) +
      u53Field.size(m.finalHeight) +
      hashField.size(m.finalHash) +
      mode.size(m.mode) +
      u53Field.size(m.sinceMs),
    write: (w, m) => {
      u32Field.write(w, m.request);
      u53Field.write(w, m.height);
      hashField.write(w, m.hash);
      u53Field.write(w, m.finalHeight);
      hashField.write(w, m.finalHash);
      mode.write(w, m.mode);
      u53Field.write(w, m.sinceMs);
    },
    read: (r) => ({
      type: "verified",
      request: u32Field.read(r),
      height: u53Field.read(r),
      hash: hashField.read(r),
      finalHeight: u53Field.read(r),
      finalHash: hashField.read(r),
      mode: mode.read(r),
      sinceMs: u53Field.read(r),
    }),
  },
};
