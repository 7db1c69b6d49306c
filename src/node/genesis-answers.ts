/**
 * Hands out the network file to fresh joiners, at a bounded rate: 48 bytes from a stranger draw up
 * to 256 KiB from us. Not the answer itself (peer/handshake). protocol-spec/01-opening §4.
 */
import type { Env } from "../edge/env.ts";
import { wireLimits } from "../params/limits.ts";
import { TokenBucket } from "../peer/token-bucket.ts";

/** The file, or undefined when it was given away too often of late. */
export function genesisAnswers(env: Env, file: Uint8Array): () => Uint8Array | undefined {
  const bucket = new TokenBucket(
    wireLimits.genesisAnswersPerSecond,
    wireLimits.genesisAnswersBurst,
  );
  return () => {
    const now = env.clock.monotonicMs;
    if (!bucket.has(now)) return undefined;
    bucket.charge(now);
    return file;
  };
}
