/**
 * Raw DEFLATE (RFC 1951) of a whole buffer, by the zlib of Node: a pure function of its bytes, here
 * because this folder is where native code is. NOT a stream, and nothing is kept between two calls.
 * Invariant: no more than the length that is expected is ever inflated. protocol-spec/03-frames §9.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** The fastest: of what a chain is made of, mostly hashes and signatures, more gains two percent. */
const level = 1;

/** What zlib answers when it is asked for more than the buffer. */
interface Inflated {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly engine: { readonly bytesWritten: number };
}

export function deflateRaw(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { level });
}

/** Undefined unless `bytes` is one whole stream, nothing after it, of exactly `inflatedBytes`. */
export function inflateRaw(bytes: Uint8Array, inflatedBytes: number): Uint8Array | undefined {
  try {
    const { buffer, engine } = inflateRawSync(bytes, {
      info: true,
      // One byte more than there may be: then zlib asks for one buffer, and never for a second.
      chunkSize: Math.max(inflatedBytes + 1, 64),
      maxOutputLength: inflatedBytes,
    }) as unknown as Inflated;
    const isExact = buffer.length === inflatedBytes && engine.bytesWritten === bytes.length;
    // Whose `slice` copies, as that of every payload.
    return isExact ? new Uint8Array(buffer.buffer, buffer.byteOffset, inflatedBytes) : undefined;
  } catch {
    return undefined;
  }
}
