/**
 * Hands out the network file to fresh joiners, at a bounded rate: 16 bytes from a stranger draw up
 * to 256 KiB from us. Each address has a rate of its own below that of all, so that no stranger
 * alone keeps the others out. Not the answer itself (peer/handshake). protocol-spec/01-opening §4.
 */
import { KeyedBuckets } from "../base/keyed-buckets.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Env } from "../edge/env.ts";
import { endpointOf } from "../net/addresses/endpoint.ts";
import { wireLimits } from "../params/limits.ts";

const {
  genesisAddressesMax,
  genesisAnswersBurst,
  genesisAnswersPerAddressBurst,
  genesisAnswersPerAddressPerMinute,
  genesisAnswersPerSecond,
} = wireLimits;

/**
 * The file for whoever asks from `remoteAddress`, or undefined when it was given away too often of
 * late. Programs on this machine share only the rate of all.
 */
export function genesisAnswers(
  env: Env,
  file: Uint8Array,
): (remoteAddress: string) => Uint8Array | undefined {
  const all = new TokenBucket(genesisAnswersPerSecond, genesisAnswersBurst);
  const byOrigin = new KeyedBuckets(
    genesisAnswersPerAddressPerMinute / 60,
    genesisAnswersPerAddressBurst,
    genesisAddressesMax,
  );
  return (remoteAddress) => {
    const now = env.clock.monotonicMs;
    const from = endpointOf(remoteAddress);
    const origin = from?.origin ?? remoteAddress;
    const isLocal = from?.loopback === true;
    if (!all.has(now) || !(isLocal || byOrigin.has(origin, now))) return undefined;
    all.charge(now);
    if (!isLocal) byOrigin.charge(origin, now);
    return file;
  };
}
