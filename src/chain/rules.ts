/**
 * The rules of headers, bodies and block results, one function each. Pure: chain data and the
 * clock's reading in, a verdict out. NOT what follows from a verdict (`chain-manager.ts`), nor the
 * rules of transactions (the state machine). Cheap checks come before dear ones.
 * protocol-spec/06-validation §1-3.
 */
import { equalBytes, isZero } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { type BodyOutline, outlineBody } from "../model/block.ts";
import { certificateHash } from "../model/certificate.ts";
import { type Header, headerVersion, type SealedHeader, sealPreimage } from "../model/header.ts";
import { idBytes } from "../model/ids.ts";
import { merkleRoot } from "../model/merkle.ts";
import { type NetworkFile, slotStartMs } from "../model/network-file.ts";
import { type Rejection, type RuleCode, rejection } from "../model/rule-code.ts";
import { domainAt, type SigningDomain } from "../model/signing-domain.ts";
import { leaderOf, type ValidatorSet } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import type { Applied } from "./state-machine.ts";

type Verdict = Rejection | undefined;

const enginePoa = 0;
/** The certificate length of an empty body. */
const bodyBytesMin = 4;

function expected(code: RuleCode, want: unknown, got: unknown): Rejection {
  return rejection(code, `${want} expected, got ${got}`);
}

/** 06-validation §1, line "version". */
export function checkVersion(header: Header): Verdict {
  if (header.version === headerVersion) return undefined;
  return expected("header-version", headerVersion, header.version);
}

/** 06-validation §1, line "engine". */
export function checkEngine(header: Header): Verdict {
  return header.engine === enginePoa
    ? undefined
    : expected("header-engine", enginePoa, header.engine);
}

/** 06-validation §1, line "extra": what an engine does not use is zero. */
export function checkExtra(header: Header): Verdict {
  return isZero(header.extra) ? undefined : rejection("header-extra", "24 zero bytes expected");
}

/** 06-validation §1, line "sizes". */
export function checkBodySize(header: Header): Verdict {
  const { bodyBytes, txCount } = header;
  if (bodyBytes < bodyBytesMin || bodyBytes > chainLimits.blockBodyBytesMax) {
    const range = `${bodyBytesMin} to ${chainLimits.blockBodyBytesMax} bytes`;
    return expected("header-body-size", range, bodyBytes);
  }
  if (txCount <= chainLimits.blockTransactionsMax) return undefined;
  return expected("header-body-size", `${chainLimits.blockTransactionsMax} at most`, txCount);
}

/** 06-validation §1, line "timestamp": the time is that of the slot, nothing else. */
export function checkTimestamp(header: Header, file: NetworkFile): Verdict {
  const startMs = slotStartMs(file, header.slot);
  if (Number.isSafeInteger(startMs) && header.timestampMs === startMs) return undefined;
  return expected("header-timestamp", startMs, header.timestampMs);
}

/** How far a clock may be off before a block counts as early, in ms. */
export function clockToleranceMs(file: NetworkFile): number {
  return Math.min(chainLimits.clockToleranceMs, Math.floor(file.slotMs / 6));
}

/** 06-validation §1, line "time": beyond `futureSlotsMax` slots ahead it is dropped. */
export function checkNotTooNew(header: Header, file: NetworkFile, wallMs: number): Verdict {
  const aheadMs = header.timestampMs - wallMs - clockToleranceMs(file);
  if (aheadMs <= chainLimits.futureSlotsMax * file.slotMs) return undefined;
  return rejection("header-too-new", `${aheadMs} ms ahead of our clock`);
}

/** 06-validation §1, line "time": wall time from which the block is processed; else it waits. */
export function dueAtMs(header: Header, file: NetworkFile): number {
  return header.timestampMs - clockToleranceMs(file);
}

/** 06-validation §1, line "sealer": the leader of the slot. */
export function checkSealer(header: Header, validators: ValidatorSet): Verdict {
  const leader = leaderOf(validators, header.slot);
  return header.sealer === leader ? undefined : expected("header-sealer", leader, header.sealer);
}

/** 06-validation §1, line "seal"; costs a signature check, so it comes last. */
export function checkSeal(
  sealed: SealedHeader,
  domain: SigningDomain,
  signatures: SignatureScheme,
): Verdict {
  const { hash, slot } = sealed.header;
  const preimage = sealPreimage(domainAt(domain, slot), hash);
  return signatures.verify(sealed.seal, preimage, idBytes(sealed.header.sealer))
    ? undefined
    : rejection("header-seal", "the seal is not its sealer's");
}

/** 06-validation §1, line "height". */
export function checkHeight(header: Header, parent: Header): Verdict {
  if (header.height === parent.height + 1) return undefined;
  return expected("header-height", parent.height + 1, header.height);
}

/** 06-validation §1, line "slot": later than the parent's. */
export function checkSlot(header: Header, parent: Header): Verdict {
  if (header.slot > parent.slot) return undefined;
  return expected("header-slot", `more than ${parent.slot}`, header.slot);
}

/** 06-validation §1, line "validators": those the parent handed over to, or a recovery. */
export function checkValidators(header: Header, inCharge: Uint8Array): Verdict {
  return equalBytes(header.validatorsHash, inCharge)
    ? undefined
    : rejection("header-validators", "not those that are in charge after the parent");
}

/** All that a header says about itself; no signature. */
export function checkHeaderAlone(header: Header, file: NetworkFile, wallMs: number): Verdict {
  return (
    checkVersion(header) ??
    checkEngine(header) ??
    checkExtra(header) ??
    checkBodySize(header) ??
    checkTimestamp(header, file) ??
    checkNotTooNew(header, file, wallMs)
  );
}

/** What a header owes to its parent; no signature. Justified and cap are in `carried-proof.ts`. */
export function checkHeaderAfter(
  header: Header,
  parent: Header,
  inCharge: Uint8Array = parent.nextValidatorsHash,
): Verdict {
  return (
    checkHeight(header, parent) ?? checkSlot(header, parent) ?? checkValidators(header, inCharge)
  );
}

/**
 * 06-validation §2: the body that `header` commits to, its transactions as bytes. A body that is not it says nothing
 * about the header: whoever sent it may have changed it. Sizes come before hashes.
 */
export function matchBody(header: Header, bytes: Uint8Array): BodyOutline | Rejection {
  if (bytes.length !== header.bodyBytes) {
    return expected("body-mismatch", `${header.bodyBytes} bytes`, bytes.length);
  }
  const body = outlineBody(bytes);
  if ("code" in body) return body;
  const count = body.transactions.length;
  if (count !== header.txCount) return expected("body-mismatch", header.txCount, count);
  const certHash = body.certificate.length === 0 ? undefined : certificateHash(body.certificate);
  if (certHash === undefined ? !isZero(header.certHash) : !equalBytes(certHash, header.certHash)) {
    return rejection("body-mismatch", "another certificate than the header's");
  }
  if (!equalBytes(merkleRoot(body.transactions), header.txRoot)) {
    return rejection("body-mismatch", "other transactions than the header's");
  }
  return body;
}

/** 06-validation §3, line "signatures": `firstBad` is -1 when all are good, -2: the certificate. */
export function checkSignatures(firstBad: number): Verdict {
  if (firstBad === -1) return undefined;
  if (firstBad === -2) return rejection("certificate-signature", "of the carried certificate");
  return rejection("block-transaction-signature", `of transaction ${firstBad}`);
}

/** 06-validation §3, lines "state", "receipts", "next validators": as the header says. */
export function checkResult(header: Header, applied: Applied): Verdict {
  if (!equalBytes(applied.stateRoot, header.stateRoot)) {
    return rejection("block-state-root", "another state than the header's");
  }
  if (!equalBytes(applied.receiptsRoot, header.receiptsRoot)) {
    return rejection("block-receipts-root", "other receipts than the header's");
  }
  return equalBytes(applied.nextValidatorsHash, header.nextValidatorsHash)
    ? undefined
    : rejection("block-next-validators", "other validators than the header's");
}
