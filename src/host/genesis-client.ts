/**
 * Asks a peer that the user named for its network file: a fresh joiner has none. What comes is
 * believed only because the user trusts that peer or compares the hash, which the caller prints.
 * Bounded in size and time. protocol-spec/01-opening §4.
 *
 *   -> opening (magic zeros, role genesis-request)      <- u32 length | file, then the end
 */
import { connect } from "node:net";
import { readU32 } from "../base/bytes.ts";
import { connectionLimits, wireLimits } from "../params/limits.ts";
import { parsePeerAddress } from "../wire/address.ts";
import { encodeOpening, noMagic } from "../wire/opening.ts";
import { reasonOf } from "./host-error.ts";

/** The text of the file, or why there is none. */
export type NetworkFileAnswer = { readonly text: string } | { readonly failed: string };

export async function requestNetworkFile(
  address: string,
  timeoutMs: number = connectionLimits.handshakeMs,
): Promise<NetworkFileAnswer> {
  const target = parsePeerAddress(address);
  if (target === undefined) return { failed: "not a host:port" };
  try {
    return textOf(await exchange(target.host, target.port, timeoutMs));
  } catch (error) {
    return { failed: reasonOf(error) || "no connection" };
  }
}

function exchange(host: string, port: number, timeoutMs: number): Promise<Uint8Array> {
  const { version, networkFileBytesMax } = wireLimits;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, autoSelectFamilyAttemptTimeout: 2500 });
    const chunks: Buffer[] = [];
    let receivedBytes = 0;
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    socket.write(
      encodeOpening({
        magic: noMagic,
        role: "genesis-request",
        versionMin: version,
        versionMax: version,
        version,
        flightBytes: 0,
      }),
    );
    socket.on("data", (chunk: Buffer) => {
      receivedBytes += chunk.length;
      if (receivedBytes > 4 + networkFileBytesMax) {
        socket.destroy(new Error("the answer is larger than any network file"));
      } else chunks.push(chunk);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}

function textOf(answer: Uint8Array): NetworkFileAnswer {
  if (answer.length === 0) return { failed: "the peer closed without an answer" };
  const isWhole = answer.length >= 4 && answer.length === 4 + readU32(answer, 0);
  if (!isWhole) return { failed: "the answer is cut, or no network file" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(answer.subarray(4)) };
  } catch {
    return { failed: "the answer is not text" };
  }
}
